"""HPACK's Huffman code (RFC 7541 section 5.2 and appendix B).

The code is canonical: the lengths give it whole. Decoding walks the tree four bits a step through a table, and keeps
two steps as one for each octet that it has seen. `accepts` walks whole octets and emits nothing, several times as fast:
it tells whether a string that nobody will read is sound.
"""

from __future__ import annotations

from functools import cache

_EOS = 256
# Symbols by code length, in order of their codes (appendix B).
# fmt: off
_SYMBOLS: dict[int, tuple[int, ...]] = {
    5: (48, 49, 50, 97, 99, 101, 105, 111, 115, 116),
    6: (32, 37, *range(45, 48), *range(51, 58), 61, 65, 95, 98, 100, *range(102, 105), *range(108, 111), 112, 114, 117),
    7: (58, *range(66, 88), 89, 106, 107, 113, *range(118, 123)),
    8: (38, 42, 44, 59, 88, 90),
    10: (33, 34, 40, 41, 63),
    11: (39, 43, 124),
    12: (35, 62),
    13: (0, 36, 64, 91, 93, 126),
    14: (94, 125),
    15: (60, 96, 123),
    19: (92, 195, 208),
    20: (128, 130, 131, 162, 184, 194, 224, 226),
    21: (153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230),
    22: (129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196,
         198, 228, 232, 233),
    23: (1, 135, *range(137, 142), 143, 147, *range(149, 153), 155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183,
         188, 191, 197, 231, 239),
    24: (9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237),
    25: (199, 207, 234, 235),
    26: (192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255),
    27: (203, 204, 211, 212, 214, 221, 222, 223, 241, *range(244, 249), *range(250, 255)),
    28: (*range(2, 9), 11, 12, *range(14, 22), *range(23, 32), 127, 220, 249),
    30: (10, 13, 22, _EOS),
}
# fmt: on

# A node is [branch on 0, branch on 1]; a leaf is its symbol. Node numbers are the states of decoding.
_Tree = list[list[int]]
_LEAF = 1 << 16  # a branch that ends in symbol s is _LEAF + s


def _codes() -> dict[int, tuple[int, int]]:
    """The code of each symbol as (bits, length): within a length they count up, a longer length continues (5.2)."""
    codes: dict[int, tuple[int, int]] = {}
    code = 0
    length = 0
    for next_length, symbols in sorted(_SYMBOLS.items()):
        code <<= next_length - length
        length = next_length
        for symbol in symbols:
            codes[symbol] = (code, length)
            code += 1
    return codes


CODES = _codes()


def _tree() -> _Tree:
    tree: _Tree = [[0, 0]]
    for symbol, (code, length) in CODES.items():
        node = 0
        for place in range(length - 1, 0, -1):
            bit = code >> place & 1
            if not tree[node][bit]:
                tree[node][bit] = len(tree)
                tree.append([0, 0])
            node = tree[node][bit]
        tree[node][code & 1] = _LEAF + symbol
    return tree


def _steps(tree: _Tree) -> list[tuple[int, bytes] | None]:
    """For state * 16 + four bits: the next state and what was decoded, None where the string holds EOS."""
    steps: list[tuple[int, bytes] | None] = []
    for state in range(len(tree)):
        for bits in range(16):
            node, out = state, b""
            for place in (3, 2, 1, 0):
                node = tree[node][bits >> place & 1]
                if node >= _LEAF:
                    out += b"?" if node == _LEAF + _EOS else bytes((node - _LEAF,))
                    eos = node == _LEAF + _EOS
                    node = 0
                    if eos:
                        steps.append(None)
                        break
            else:
                steps.append((node, out))
    return steps


def _endings(tree: _Tree) -> frozenset[int]:
    """States in which a string may end: padding is at most seven bits, all of them ones (section 5.2)."""
    states = [0]
    while len(states) < 8:
        states.append(tree[states[-1]][1])
    return frozenset(states)


_TREE = _tree()
_STEPS = _steps(_TREE)
_ENDINGS = _endings(_TREE)

# A row holds the next row for each byte, and at its end whether a string may end here.
_Row = list["_Row | bool"]


def _rows() -> _Row:
    """The accepting walk's first row; whatever is not plain visible text leads into a row that never accepts."""
    dead: _Row = []
    dead.extend([dead] * 256)
    dead.append(False)
    rows: list[_Row] = [[] for _ in _TREE]
    plain = frozenset(range(0x21, 0x7F))
    # The state after four bits, -1 for none.
    half = [step[0] if step is not None and plain.issuperset(step[1]) else -1 for step in _STEPS]
    for state, row in enumerate(rows):
        for high in range(16):
            middle = half[state * 16 + high]
            for low in range(16):
                last = half[middle * 16 + low] if middle >= 0 else -1
                row.append(rows[last] if last >= 0 else dead)
        row.append(state in _ENDINGS)
    return rows[0]


_FIRST_ROW = _rows()


def accepts(data: bytes) -> bool:
    """Whether `data` is a sound Huffman string of visible ASCII only. False means: decode it to know why not."""
    row = _FIRST_ROW
    for byte in data:
        row = row[byte]  # type: ignore[assignment]  # only the last place of a row holds no row
    return row[256]  # type: ignore[return-value]


@cache  # at most 256 states times 256 octets
def _octet_step(state: int, octet: int) -> tuple[int, bytes]:
    """Two steps at once; raises ValueError on EOS."""
    out = b""
    for bits in (octet >> 4, octet & 15):
        step = _STEPS[state * 16 + bits]
        if step is None:
            raise ValueError("EOS in a Huffman string")
        state, decoded = step
        out += decoded
    return state, out


def decode(data: bytes) -> bytes:
    """The decoded string; raises ValueError on EOS within it and on wrong padding (section 5.2)."""
    state = 0
    out = []
    for octet in data:
        state, decoded = _octet_step(state, octet)
        out.append(decoded)
    if state not in _ENDINGS:
        raise ValueError("wrong padding of a Huffman string")
    return b"".join(out)


def encode(data: bytes) -> bytes:
    """The Huffman form of `data`, padded with ones."""
    bits = 0
    size = 0
    for byte in data:
        code, length = CODES[byte]
        bits = bits << length | code
        size += length
    padding = -size % 8
    return (bits << padding | (1 << padding) - 1).to_bytes((size + padding) // 8, "big")
