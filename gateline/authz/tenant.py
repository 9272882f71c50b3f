"""A route of one tenant is closed to every other."""

from __future__ import annotations

from typing import Any

from gateline.authz.made_once import made_once
from gateline.context import Context
from gateline.values.decision import Deny, deny


@made_once
def tenant_step(tenant: str) -> Any:
    """The step that refuses an identity of another tenant, or of none."""

    def check_tenant(context: Context) -> Deny | None:
        identity = context.identity
        if identity is not None and identity.tenant == tenant:
            return None
        return deny("forbidden", f"the route is tenant {tenant}'s")

    return check_tenant
