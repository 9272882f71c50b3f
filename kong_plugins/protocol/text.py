"""Kong's strings are bytes; a plugin gets them as `str`, a byte that is no UTF-8 as a lone surrogate.

The stock server decodes strictly and lets the request through when one header byte is not UTF-8.
"""


def to_bytes(text: object) -> bytes:
    """The bytes of `text`; raises UnicodeEncodeError for a surrogate that stands for no byte."""
    if type(text) is bytes:
        return text
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes | bytearray | memoryview):
        return bytes(text)
    raise TypeError(f"expected a string, got {type(text).__name__}")


def to_str(raw: bytes) -> str:
    """`raw` as text; never fails, and `to_bytes` gives the same bytes back."""
    return raw.decode("utf-8", "surrogateescape")
