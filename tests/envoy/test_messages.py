"""Answers written by hand are read by the generated messages as what they say; requests survive any byte."""

from __future__ import annotations

import contextlib
import json

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from ext_authz.answer import answer_of
from ext_authz.memo import MOST
from ext_authz.pb.envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from ext_authz.pb.gateline.check_pb2 import Entry
from ext_authz.read import MOST_BYTES, Reader
from gateline.limit.headers import limit_headers
from gateline.values.decision import Allow, Problem, Reply, RequestEdits, Unavailable, deny
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Headers, to_bytes
from gateline.values.limit import Limits, Standing
from gateline.values.request import Request

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
VALUES = st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6).map(tuple)


def request(*headers: tuple[str, str]) -> Request:
    return Request("GET", "/", "h", Headers.of(headers), "192.0.2.1", 0.0, request_id="r-1")


def options(fields: object) -> list[tuple[str, bytes, int, bool]]:
    return [(o.header.key, o.header.value, o.append_action, o.append.value) for o in fields]  # type: ignore[attr-defined]


def expected(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, bytes, int, bool]]:
    seen: set[str] = set()
    rows = []
    for name, value in pairs:
        again = name in seen
        seen.add(name)
        rows.append((name, to_bytes(value), 0 if again else 2, again))
    return rows


@given(PAIRS, st.lists(NAMES, max_size=3).map(tuple), PAIRS, st.text(max_size=200))
def test_an_allow_says_its_edits(set_: tuple, remove: tuple, response: tuple, route: str) -> None:
    decision = Allow(None, RequestEdits(set_, remove), response, None, FoundRoute(route))
    for _ in range(2):  # the second time from the memo
        answer = CheckResponse.FromString(answer_of(decision, request()))
        assert answer.status.code == 0
        assert answer.WhichOneof("http_response") == "ok_response"
        assert options(answer.ok_response.headers) == expected(set_)
        assert list(answer.ok_response.headers_to_remove) == list(remove)
        assert options(answer.ok_response.response_headers_to_add) == expected(response)
        assert dict(answer.dynamic_metadata) == {"route": route}


@pytest.mark.parametrize("name", ["x-a", "x" * 60])
def test_response_headers_of_any_length_are_said_rightly(name: str) -> None:
    for size in (0, 1, *range(50, 140), *range(900, 1020)):
        for value in ("v" * size, "v" * size + "é", "v" * size + "\udcff"):
            pairs = ((name, value), ("x-other", "1"))
            answer = CheckResponse.FromString(answer_of(Allow(response_headers=pairs), request()))
            assert options(answer.ok_response.response_headers_to_add) == expected(pairs)


def test_limits_are_told_beside_other_headers() -> None:
    limits = Limits((Standing("r", 5, 3, 4, 0.6),), 1.0, "both")
    for others in ((), (("x-a", "1"),)):
        answer = CheckResponse.FromString(answer_of(Allow(response_headers=others, limits=limits), request()))
        pairs = (*limit_headers(*limits), *others)
        assert options(answer.ok_response.response_headers_to_add) == expected(pairs)


@given(st.sampled_from(["no_credentials", "forbidden", "no_route", "rate_limited"]), PAIRS)
def test_a_denial_is_a_problem_with_its_status(code: str, headers: tuple) -> None:
    answer = CheckResponse.FromString(answer_of(deny(code, "why", headers), request()))
    assert answer.status.code != 0
    assert answer.denied_response.status.code == Problem(code).status
    assert options(answer.denied_response.headers)[: len(headers)] == expected(headers)
    problem = json.loads(answer.denied_response.body)
    assert problem["code"] == code
    assert problem["request_id"] == "r-1"
    assert "why" not in answer.denied_response.body.decode()


def test_a_grpc_client_gets_a_status_and_a_message_instead_of_a_document() -> None:
    asked = request(("content-type", "application/grpc+proto"))
    answer = CheckResponse.FromString(answer_of(Unavailable(Problem("internal_error")), asked))
    headers = {o.header.key: o.header.value for o in answer.denied_response.headers}
    assert headers == {"retry-after": b"1", "grpc-status": b"14"}
    assert answer.denied_response.body == b"The gateway failed"


def test_only_application_grpc_itself_is_grpc() -> None:
    asked = request(("content-type", "application/grpc-web"))
    answer = CheckResponse.FromString(answer_of(deny("forbidden"), asked))
    assert json.loads(answer.denied_response.body)["code"] == "forbidden"


def test_a_reply_is_no_allow_for_envoy_whatever_its_status() -> None:
    answer = CheckResponse.FromString(answer_of(Reply(200, (("x-a", "1"), ("x-a", "2")), b"body"), request()))
    assert answer.status.code != 0
    assert (answer.denied_response.status.code, answer.denied_response.body) == (200, b"body")
    assert all(option.append.value and option.append_action == 0 for option in answer.denied_response.headers)


@given(st.binary(max_size=200), st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=8))
def test_any_byte_of_a_client_reaches_the_policy(path: bytes, headers: list[tuple[str, bytes]]) -> None:
    message = CheckRequest()
    http = message.attributes.request.http
    http.path = path
    for name, value in headers:
        line = http.header_map.headers.add()
        line.key, line.raw_value = name, value
    reader = Reader()
    reader.request(message.SerializeToString(), 0.0)
    read = reader.request(message.SerializeToString(), 1.0)  # from the memos
    assert read.now == 1.0
    assert to_bytes(read.target) == path
    assert [(name, to_bytes(value)) for name, value in read.headers.items()] == headers
    for name, _ in headers:
        assert [to_bytes(v) for v in read.headers.all(name)] == [v for n, v in headers if n == name]


def test_the_joined_headers_of_an_envoy_without_raw_headers_are_read_too() -> None:
    message = CheckRequest()
    message.attributes.request.http.headers["x-a"] = b"1,2"
    message.attributes.context_extensions["route"] = "r"
    read = Reader().request(message.SerializeToString(), 1.0)
    assert (read.headers.first("x-a"), read.route) == ("1,2", "r")


def message(**http: bytes) -> CheckRequest:
    asked = CheckRequest()
    for name, value in http.items():
        setattr(asked.attributes.request.http, name, value)
    return asked


def test_every_part_of_the_request_is_read() -> None:
    asked = message(method=b"PUT", path=b"/a?b=c", host=b"h:80", scheme=b"https", raw_body=b"\x00body")
    asked.attributes.source.address.socket_address.address = "2001:db8::1"
    asked.attributes.source.principal = "spiffe://a/b"
    asked.attributes.source.certificate = "-----BEGIN%20CERTIFICATE-----%0A"
    asked.attributes.context_extensions["other"] = "x"
    asked.attributes.context_extensions["route"] = "r"
    line = asked.attributes.request.http.header_map.headers.add()
    line.key, line.raw_value = "x-request-id", b"id-1"
    read = Reader().request(asked.SerializeToString(), 5.0)
    assert (read.method, read.target, read.host, read.scheme, read.body) == (
        "PUT",
        "/a?b=c",
        "h:80",
        "https",
        b"\x00body",
    )
    assert (read.peer, read.route, read.request_id, read.now) == ("2001:db8::1", "r", "id-1", 5.0)
    assert read.certificate is not None
    assert (read.certificate.pem, read.certificate.principal) == ("-----BEGIN CERTIFICATE-----\n", "spiffe://a/b")


def test_a_call_that_comes_again_has_its_own_id() -> None:
    reader = Reader()
    for number in (1, 2, 3):
        asked = message(path=b"/a")
        line = asked.attributes.request.http.header_map.headers.add()
        line.key, line.raw_value = "x-request-id", b"id-%d" % number
        read = reader.request(asked.SerializeToString(), 0.0)
        assert (read.request_id, read.headers.first("x-request-id")) == (f"id-{number}", f"id-{number}")


@pytest.mark.parametrize("names", [("route",), ("other", "route"), ("route", "other"), ("other",), ("a", "b"), ()])
def test_the_route_is_found_wherever_it_stands_among_the_extensions(names: tuple[str, ...]) -> None:
    """Written by hand: a map's own order is nobody's."""
    entries = [Entry(key=name, value=name.encode() + b"-1").SerializeToString() for name in names]
    attributes = b"".join(b"\x52%c%b" % (len(entry), entry) for entry in entries)
    reader = Reader()
    for _ in range(2):
        read = reader.request(b"\n%c%b" % (len(attributes), attributes), 0.0)
        assert read.route == ("route-1" if "route" in names else None)


def test_a_body_as_text_is_read_as_well_and_absent_parts_are_empty() -> None:
    assert Reader().request(message(body=b"text").SerializeToString(), 0.0).body == b"text"
    nothing = Reader().request(b"", 0.0)
    assert (nothing.method, nothing.target, nothing.peer, nothing.route, nothing.body) == ("", "", "", None, None)
    assert nothing.certificate is None


def test_memos_are_bounded_in_number_and_in_size() -> None:
    reader = Reader()
    for number in range(MOST + 10):
        asked = message(method=b"GET")
        line = asked.attributes.request.http.header_map.headers.add()
        line.key, line.raw_value = "x-a", str(number).encode()
        assert reader.request(asked.SerializeToString(), 0.0).headers.first("x-a") == str(number)
    assert len(reader._blocks._lines) <= MOST
    held = len(reader._blocks._lines)
    line.raw_value = b"x" * (MOST_BYTES + 1)
    assert reader.request(asked.SerializeToString(), 0.0).headers.first("x-a") == "x" * (MOST_BYTES + 1)
    assert len(reader._blocks._lines) == held


@given(st.binary(max_size=80))
def test_junk_is_a_decode_error_or_a_request(data: bytes) -> None:
    with contextlib.suppress(DecodeError, UnicodeDecodeError):
        assert Reader().request(data, 0.0).now == 0.0
