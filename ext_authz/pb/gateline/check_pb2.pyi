from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Check(_message.Message):
    __slots__ = ("attributes",)
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    attributes: Attributes
    def __init__(self, attributes: _Optional[_Union[Attributes, _Mapping]] = ...) -> None: ...

class Attributes(_message.Message):
    __slots__ = ("source", "destination", "request", "context_extension", "metadata_context", "route_metadata_context")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_EXTENSION_FIELD_NUMBER: _ClassVar[int]
    METADATA_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ROUTE_METADATA_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    source: bytes
    destination: bytes
    request: AskedRequest
    context_extension: bytes
    metadata_context: bytes
    route_metadata_context: bytes
    def __init__(self, source: _Optional[bytes] = ..., destination: _Optional[bytes] = ..., request: _Optional[_Union[AskedRequest, _Mapping]] = ..., context_extension: _Optional[bytes] = ..., metadata_context: _Optional[bytes] = ..., route_metadata_context: _Optional[bytes] = ...) -> None: ...

class Extensions(_message.Message):
    __slots__ = ("attributes",)
    class Attributes(_message.Message):
        __slots__ = ("context_extensions",)
        CONTEXT_EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
        context_extensions: _containers.RepeatedScalarFieldContainer[bytes]
        def __init__(self, context_extensions: _Optional[_Iterable[bytes]] = ...) -> None: ...
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    attributes: Extensions.Attributes
    def __init__(self, attributes: _Optional[_Union[Extensions.Attributes, _Mapping]] = ...) -> None: ...

class AskedRequest(_message.Message):
    __slots__ = ("time", "http")
    TIME_FIELD_NUMBER: _ClassVar[int]
    HTTP_FIELD_NUMBER: _ClassVar[int]
    time: bytes
    http: Http
    def __init__(self, time: _Optional[bytes] = ..., http: _Optional[_Union[Http, _Mapping]] = ...) -> None: ...

class Http(_message.Message):
    __slots__ = ("id", "method", "headers", "path", "host", "scheme", "protocol", "body", "raw_body", "header_map")
    ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    RAW_BODY_FIELD_NUMBER: _ClassVar[int]
    HEADER_MAP_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    method: bytes
    headers: _containers.RepeatedScalarFieldContainer[bytes]
    path: bytes
    host: bytes
    scheme: bytes
    protocol: bytes
    body: bytes
    raw_body: bytes
    header_map: bytes
    def __init__(self, id: _Optional[bytes] = ..., method: _Optional[bytes] = ..., headers: _Optional[_Iterable[bytes]] = ..., path: _Optional[bytes] = ..., host: _Optional[bytes] = ..., scheme: _Optional[bytes] = ..., protocol: _Optional[bytes] = ..., body: _Optional[bytes] = ..., raw_body: _Optional[bytes] = ..., header_map: _Optional[bytes] = ...) -> None: ...

class HeaderLines(_message.Message):
    __slots__ = ("headers",)
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    headers: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, headers: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
