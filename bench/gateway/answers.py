"""Asks each row, before it is measured, what its policy must answer: a fast wrong answer is worth nothing."""

from __future__ import annotations

import http.client
from collections.abc import Sequence

import grpc

from bench.gateway.policies import DESCRIPTOR, DOMAIN, SMALL, targets
from bench.gateway.rows import Row
from bench.gateway.tokens import Issuer
from ext_authz.pb.envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse

SHOULD_RATE_LIMIT = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
_OVER = RateLimitResponse.OVER_LIMIT


class WrongAnswerError(Exception):
    """A row does not answer as it must."""


def verify(row: Row, port: int, issuer: Issuer, key_line: str) -> None:
    """Through Envoy: who may pass passes with the header that was added, and nobody else does."""
    path = targets(row.count)[-1] if row.sends == "paths" else "/v1/users"
    none: tuple[str, str] = ("x-unused", "")
    bearer = ("authorization", f"Bearer {issuer.token()}")
    poor = ("authorization", f"Bearer {issuer.token(scope='read:nothing')}")
    forged = ("authorization", f"Bearer {issuer.token()[:-8]}AAAAAAAA")
    claimed = ("x-user-id", "mallory")
    if row.answers == "nobody":
        _expect(row, port, path, [none], 200, "")
    elif row.answers == "anyone":
        _expect(row, port, path, [none], 200, "anyone")
    elif row.answers == "token":
        _expect(row, port, path, [bearer, claimed], 200, "alice")
        _expect(row, port, path, [claimed], 401)
        _expect(row, port, path, [forged], 401)
        _expect(row, port, path, [poor], 403)
    elif row.answers == "key":
        name, _, key = key_line.strip().partition(": ")
        _expect(row, port, path, [(name, key)], 200, "u0")
        _expect(row, port, path, [(name, key[:-1] + ("a" if key[-1] != "a" else "b"))], 401)
    if row.sends == "paths":
        _expect(row, port, "/v1/elsewhere", [bearer], 404)


def _expect(
    row: Row, port: int, path: str, headers: Sequence[tuple[str, str]], status: int, echo: str | None = None
) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", path, headers=dict(headers))
        answer = client.getresponse()
        answer.read()
    finally:
        client.close()
    user = answer.headers.get("x-echo-user", "")
    if answer.status != status or (echo is not None and user != echo):
        wanted = f"{status}" if echo is None else f"{status} for {echo!r}"
        sent = ", ".join(f"{name}: {value[:16]}…" for name, value in headers)
        raise WrongAnswerError(
            f"{row.name}: GET {path} ({sent}) was answered {answer.status} for {user!r}, not {wanted}"
        )


def verify_limit(row: Row, ports: Sequence[int]) -> None:
    """ShouldRateLimit: the large rule allows, with headers; the small one refuses the third."""
    for port in ports:
        if _ask(port, DESCRIPTOR, "someone").overall_code == _OVER:
            raise WrongAnswerError(f"{row.name}: the large rule refused")
    codes = []
    for _ in range(3):
        answer = _ask(ports[0], SMALL, row.name)
        codes.append(answer.overall_code == _OVER)
        if not answer.response_headers_to_add:
            raise WrongAnswerError(f"{row.name}: an answer came without headers")
    if codes != [False, False, True]:
        raise WrongAnswerError(f"{row.name}: a rule of two let {codes.count(False)} of three pass")


def _ask(port: int, key: str, value: str) -> RateLimitResponse:
    request = RateLimitRequest(domain=DOMAIN.encode(), hits_addend=1)
    request.descriptors.add().entries.add(key=key.encode(), value=value.encode())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(SHOULD_RATE_LIMIT, RateLimitRequest.SerializeToString, RateLimitResponse.FromString)
        try:
            return call(request, timeout=10)  # type: ignore[no-any-return]
        except grpc.RpcError as error:
            raise WrongAnswerError(f"ShouldRateLimit failed: {error.code()} {error.details()}") from error
