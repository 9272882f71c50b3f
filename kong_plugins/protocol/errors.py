"""What goes wrong on Kong's plugin RPC, as types: bad bytes, bad arguments, and a call that cannot be made."""


class ProtocolError(Exception):
    """The peer sent bytes that are no message of its protocol."""


class UnserialisableError(Exception):
    """A plugin gave a PDK call an argument that the protocol cannot carry; the text names the call and the argument."""


class UnknownMethodError(Exception):
    """A plugin called a PDK function that does not exist, or that the protocol lacks; the text names the way out."""
