"""`envoy.service.auth.v3.Authorization/Check`: one request in, one decision out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from google.protobuf.message import DecodeError

from ext_authz.answer import answer_of
from ext_authz.read import Reader
from ext_authz.rpc import Call, Handler, RpcError, Status
from gateline.pipeline.run import Pending
from gateline.runtime.engine import Engine
from gateline.values.decision import Decision
from gateline.values.request import Request

METHOD = "/envoy.service.auth.v3.Authorization/Check"


def check_handler(engine: Engine, now_unix_s: Callable[[], float]) -> Handler:
    """The handler of Check. An error of the call itself means to Envoy that the sidecar failed (`status_on_error`)."""

    read = Reader().request

    def check(data: bytes, call: Call) -> bytes | None:
        try:
            request = read(data, now_unix_s())
        except (DecodeError, UnicodeDecodeError) as error:
            raise RpcError(Status.INVALID_ARGUMENT, "not a CheckRequest") from error

        state = engine.pipeline.decide(request)
        if not isinstance(state, Pending):
            return answer_of(state, request)
        decision = engine.wait(state, partial(_answer, call, request), call.timeout_s)
        return None if decision is None else answer_of(decision, request)

    return check


def _answer(call: Call, request: Request, decision: Decision) -> None:
    call.answer(answer_of(decision, request))
