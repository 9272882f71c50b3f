"""The 74 PDK calls of ProtoBuf:1 (Kong 3.9's pluginsocket.proto), and all that MsgPack:1 reaches.

A name that is not here is refused by us: Kong answers an unknown one with 200 over MsgPack:1.
"""

from kong_plugins.protocol import call_arguments as give
from kong_plugins.protocol import call_replies as get
from kong_plugins.protocol.call_arguments import Encode
from kong_plugins.protocol.call_replies import Decode
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb


def _methods(prefix: str, names: str, encode: Encode, decode: Decode) -> dict[str, tuple[Encode, Decode]]:
    return {prefix + name: (encode, decode) for name in names.split()}


PROTOBUF: dict[str, tuple[Encode, Decode]] = {
    **_methods("kong.client.", "get_ip get_forwarded_ip", give.nothing, get.text),
    **_methods("kong.client.", "get_port get_forwarded_port", give.nothing, get.integer),
    "kong.client.get_protocol": (give.boolean, get.string),
    "kong.client.get_credential": (give.nothing, get.entity(pb.AuthenticatedCredential)),
    "kong.client.load_consumer": (give.consumer_spec, get.entity(pb.Consumer)),
    "kong.client.get_consumer": (give.nothing, get.entity(pb.Consumer)),
    "kong.client.authenticate": (give.authentication, get.nothing),
    "kong.ctx.shared.set": (give.key_value, get.nothing),
    "kong.ctx.shared.get": (give.string, get.value),
    "kong.ip.is_trusted": (give.string, get.boolean),
    **_methods("kong.log.", "alert crit err warn notice info debug", give.log_line, get.nothing),
    "kong.log.set_serialize_value": (give.key_value, get.nothing),
    "kong.log.serialize": (give.nothing, get.text),
    "kong.nginx.get_var": (give.string, get.string),
    "kong.nginx.get_tls1_version_str": (give.nothing, get.string),
    "kong.nginx.set_ctx": (give.key_value, get.string),
    "kong.nginx.get_ctx": (give.string, get.value),
    "kong.nginx.req_start_time": (give.nothing, get.number),
    "kong.nginx.get_subsystem": (give.nothing, get.text),
    "kong.node.get_id": (give.nothing, get.text),
    "kong.node.get_memory_stats": (give.nothing, get.entity(pb.MemoryStats)),
    **_methods("kong.request.", "get_scheme get_host get_forwarded_scheme get_forwarded_host", give.nothing, get.text),
    **_methods("kong.request.", "get_method get_path get_path_with_query get_raw_query", give.nothing, get.text),
    **_methods("kong.request.", "get_port get_forwarded_port", give.nothing, get.integer),
    "kong.request.get_http_version": (give.nothing, get.number),
    **_methods("kong.request.", "get_query_arg get_header", give.string, get.string),
    **_methods("kong.request.", "get_query get_headers", give.count, get.multimap),
    "kong.request.get_raw_body": (give.nothing, get.body),
    "kong.request.get_uri_captures": (give.nothing, get.captures),
    "kong.response.get_status": (give.nothing, get.integer),
    "kong.response.get_header": (give.string, get.string),
    "kong.response.get_headers": (give.count, get.multimap),
    "kong.response.get_source": (give.nothing, get.text),
    "kong.response.set_status": (give.integer, get.nothing),
    **_methods("kong.response.", "set_header add_header", give.key_value, get.nothing),
    "kong.response.clear_header": (give.string, get.nothing),
    "kong.response.set_headers": (give.table, get.nothing),
    "kong.response.exit": (give.exit_arguments, get.nothing),
    "kong.router.get_route": (give.nothing, get.entity(pb.Route)),
    "kong.router.get_service": (give.nothing, get.entity(pb.Service)),
    "kong.service.set_upstream": (give.string, get.boolean),
    "kong.service.set_target": (give.target, get.nothing),
    **_methods("kong.service.request.", "set_scheme set_path set_raw_query set_method", give.string, get.nothing),
    **_methods("kong.service.request.", "clear_header set_raw_body", give.string, get.nothing),
    **_methods("kong.service.request.", "set_header add_header", give.key_value, get.nothing),
    **_methods("kong.service.request.", "set_query set_headers", give.table, get.nothing),
    "kong.service.response.get_status": (give.nothing, get.integer),
    "kong.service.response.get_header": (give.string, get.string),
    "kong.service.response.get_headers": (give.count, get.multimap),
    "kong.service.response.get_raw_body": (give.nothing, get.raw),
}


def _names(prefix: str, names: str) -> set[str]:
    return {prefix + name for name in names.split()}


ONLY_MSGPACK = frozenset(
    _names("kong.client.tls.", "disable_session_reuse get_full_client_certificate_chain request_client_certificate")
    | _names("kong.client.tls.", "set_client_verify")
    | _names("kong.request.", "get_body get_raw_path get_forwarded_path get_forwarded_prefix get_start_time")
    | _names("kong.response.", "error get_raw_body set_raw_body")
    | _names("kong.service.", "set_timeouts set_retries set_tls_verify set_tls_verify_depth set_tls_verify_store")
    | _names("kong.service.request.", "set_body enable_buffering disable_tls clear_query_arg")
    | _names("kong.service.response.", "get_body")
    | _names("kong.vault.", "get is_reference parse_reference try update flush")
    | _names("kong.nginx.", "get_statistics shared.get shared.set")
    | _names("kong.log.", "deprecation inspect")
    | {"kong.plugin.get_id", "kong.cluster.get_id", "kong.node.get_hostname", "kong.tracing.start_span"}
)
"""Reached over MsgPack:1 alone; over ProtoBuf:1 Kong answers 500."""

TERMINAL = frozenset({"kong.response.exit", "kong.response.error"})
"""They end the request: Kong sends no reply."""

REPEATABLE = frozenset(
    name for name, (encode, _) in PROTOBUF.items() if encode in {give.nothing, give.string, give.count}
)
"""Calls whose few different arguments are worth keeping in their encoded form."""
