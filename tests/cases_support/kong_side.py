"""Runs rows through `gateline-policy` on our plugin server, over either of Kong's protocols; the driver plays Kong."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

from gateline.config.route import Route
from gateline.pipeline.build import build
from tests.cases_support.certificates import case_client
from tests.cases_support.core_side import asked
from tests.cases_support.gateways import Prepared
from tests.cases_support.kong_path import forwarded, normalised
from tests.cases_support.request import request_of
from tests.cases_support.table import Case, RequestRow
from tests.cases_support.view import Upstream, View
from tests.kong.driver.kong import KongSide as Driver
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.running import Running, ours

REQUEST_ID = b"6f1f0a8e000040008000000000000000"
PLUGINS = Path(__file__).resolve().parents[2] / "kong_plugins"
PLUGIN = "gateline-policy"
# Kong's upstreams to which the rows' splits lead.
SPLIT_UPSTREAMS = ("stable", "canary")


class KongCases:
    """One plugin server for every gateway; each gateway is a file, as a user has it."""

    def __init__(self, server: Running, protocol: str) -> None:
        self._driver = Driver(str(server.path), protocol, upstreams=SPLIT_UPSTREAMS)
        self._files: dict[str, Path] = {}

    def run(self, case: Case, prepared: Prepared, *, named: str | None = None) -> View:
        """The last answer of the row; by the route that the core finds, or by Kong's own route of that name."""
        row, route = request_of(case), route_of(case, prepared)
        config: dict[str, object] = {"file": str(self._file(prepared))}
        if named is None:
            config["route"] = "*"
        view = None
        for _ in range(case.repeat):
            view = seen(self._driver.request(simulated(row, route, named), config, PLUGIN))
        assert view is not None
        return view

    def _file(self, prepared: Prepared) -> Path:
        """The gateway as a file. Where it has limits, every row gets its own, whose buckets are full."""
        known = self._files.get(prepared.key)
        if known is not None and not any(word in prepared.key for word in ("rate_limit", "quota", "attempts")):
            return known
        name = f"kong-{uuid.uuid4().hex[:12]}"
        data = {"decision_log": {"level": "off"}, **prepared.data, "namespace": name}
        file = prepared.loaded.sources.folder / f"{name}.yaml"
        file.write_text(json.dumps(data), encoding="utf-8")
        self._files[prepared.key] = file
        return file

    def close(self) -> None:
        """Hang up."""
        self._driver.close()


def simulated(row: RequestRow, route: Route | None, named: str | None = None) -> SimRequest:
    """The row's request as Kong has it when its access phase begins; `route` is what Kong's router found."""
    raw = row.path.encode("utf-8", "surrogateescape")
    path, mark, query = raw.partition(b"?")
    path = normalised(path)
    shown = {"ssl_client_raw_cert": case_client(row.certificate).pem.encode()} if row.certificate is not None else {}
    return SimRequest(
        method=row.method,
        path=path,
        query=query if mark else None,
        headers=[(b"host", row.host.encode()), *row.raw_headers],
        body=(row.body or "").encode(),
        client_ip=row.client,
        host=row.host,
        route={"id": str(uuid.uuid4()), "name": named} if named is not None else None,
        nginx_vars={"kong_request_id": REQUEST_ID, **shown},
        upstream_path=forwarded(stripped(path, route)),
    )


def stripped(path: bytes, route: Route | None) -> bytes:
    """What `strip_path` leaves, as Kong's router has it."""
    if route is None or not route.strip_path or route.path_text == "/":
        return path
    return path[len(route.path_text.encode()) :] or b"/"


def route_of(case: Case, prepared: Prepared) -> Route | None:
    """The route that the core finds for a row, None where there is none."""
    row = request_of(case)
    sim = simulated(row, None)
    target = text(target_of(sim.upstream_path or b"/", sim.query))
    request = asked(row.model_copy(update={"path": target}), time.time())
    found = build(prepared.loaded).router.find(request, target.partition("?")[0])
    routes = {route.id: route for route in prepared.loaded.gateway.routes}
    return routes[found.id] if found is not None else None


def target_of(path: bytes, query: bytes | None) -> bytes:
    """Path and query as one."""
    return path if query is None else path + b"?" + query


def seen(view: ClientView) -> View:
    """What client and upstream saw."""
    headers = tuple((name.decode().lower(), text(value)) for name, value in view.headers)
    upstream = None
    if view.upstream is not None:
        path = text(target_of(view.upstream.path, view.upstream.query))
        arrived = tuple((name.decode().lower(), text(value)) for name, value in view.upstream.headers)
        upstream = Upstream(path, arrived)
    return View(view.status, headers, view.body, upstream)


def text(raw: bytes) -> str:
    """As `http.client` reads a header."""
    return raw.decode("latin-1")


def server_of(folder: Path, protocol: str) -> AbstractContextManager[Running]:
    """A running server with our plugins, for a `with`."""
    return ours(folder, PLUGINS, protocol, "--only", PLUGIN)
