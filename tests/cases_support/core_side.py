"""Runs a row through the core alone: the same engine, no proxy."""

from __future__ import annotations

import time

from gateline.limit.headers import limit_headers
from gateline.runtime.engine import Engine
from gateline.values.decision import Allow, Decision, Reply
from gateline.values.headers import Headers
from gateline.values.request import Certificate, Request
from tests.cases_support.certificates import case_client
from tests.cases_support.gateways import Prepared
from tests.cases_support.request import request_of
from tests.cases_support.table import Case, Expect, RequestRow
from tests.cases_support.view import Upstream, View
from tests.cases_support.world import RowWorld

REQUEST_ID = "6f1f0a8e-0000-4000-8000-000000000000"


def run(case: Case, prepared: Prepared) -> View:
    """The last answer of the row."""
    row = request_of(case)

    def now() -> float:
        return case.clock if case.clock is not None else time.time()

    engine = Engine(prepared.loaded, RowWorld(case.replies, now), time.monotonic)
    view = None
    for _ in range(case.repeat):
        request = asked(row, now())
        decision = engine.decide(request, _late)
        assert decision is not None
        view = seen(decision, request)
    assert view is not None
    return view


def asked(row: RequestRow, now_unix_s: float) -> Request:
    """The request as an adapter hands it over; the core matches the route."""
    headers = Headers.of([(name.decode(), value) for name, value in row.raw_headers])
    body = row.body.encode() if row.body is not None else None
    certificate = Certificate(case_client(row.certificate).pem) if row.certificate is not None else None
    return Request(
        row.method,
        row.path,
        row.host,
        headers,
        row.client,
        now_unix_s,
        request_id=REQUEST_ID,
        body=body,
        certificate=certificate,
    )


def seen(decision: Decision, request: Request) -> View:
    """What client and upstream see of a decision."""
    if isinstance(decision, Allow):
        edits = decision.request_edits
        gone = {*edits.remove, *(name for name, _ in edits.set)}
        arrived = [(name, value) for name, value in request.headers.items() if name not in gone]
        upstream = Upstream(request.target, (*arrived, *edits.set))
        limits = () if decision.limits is None else limit_headers(*decision.limits)
        return View(200, (*decision.response_headers, *limits), b"", upstream)
    if isinstance(decision, Reply):
        return View(decision.status, decision.headers, decision.body, None)
    headers = (*decision.headers, ("content-type", "application/problem+json"))
    return View(decision.problem.status, headers, decision.problem.body(request.request_id), None)


def fitting(expect: Expect) -> Expect:
    """The expectation without what only a proxy does: the upstream's path, and the body that an upstream gives."""
    if expect.upstream is None:
        return expect
    return expect.model_copy(update={"upstream": expect.upstream.model_copy(update={"path": None}), "body": None})


def _late(_: Decision) -> None:
    raise AssertionError("the row's world answers at once")
