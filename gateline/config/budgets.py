"""How long a route's check may take: longer by default where it may wait for a hash or for another server."""

from __future__ import annotations

from gateline.config.check import methods_of
from gateline.config.gateway import Budgets, Gateway
from gateline.config.route import Route

SLOW_CHECK_MS = 1000
SLOW_PROXY_MS = 1200


def budgets_of(gateway: Gateway, route: Route) -> Budgets:
    """The budgets of a route; a figure that the file writes holds everywhere."""
    written = gateway.budgets.model_fields_set
    named = methods_of(route, [method.name for method in gateway.authentication])
    if not any(method.SLOW and method.name in named for method in gateway.authentication):
        return gateway.budgets
    slow = {"check_ms": SLOW_CHECK_MS, "proxy_ms": SLOW_PROXY_MS}
    longer = {name: figure for name, figure in slow.items() if name not in written}
    budgets = gateway.budgets.model_copy(update=longer)
    # Half written: the order must hold all the same.
    return budgets if budgets.check_ms < budgets.proxy_ms else gateway.budgets
