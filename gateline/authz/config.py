"""The `authorization` of a route."""

from __future__ import annotations

from gateline.authz.scopes import Scopes
from gateline.schema.model import Model


class Authorization(Model):
    """Every rule that is given must hold."""

    scopes: Scopes | None = None
