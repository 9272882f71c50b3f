"""The metadata of a protected resource (RFC 9728): where clients learn whose tokens it takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator

from gateline.context import Context
from gateline.schema.model import Model
from gateline.schema.url import url_fault
from gateline.values.decision import Reply

MAX_AGE_S = 3600


def _url(text: str) -> str:
    if fault := url_fault(text):
        raise ValueError(fault)
    return text


Url = Annotated[str, AfterValidator(_url)]


class ProtectedResource(Model):
    """What a route at `/.well-known/oauth-protected-resource` answers by itself."""

    resource: Url
    """The resource's identifier (RFC 9728 §1.2)."""
    authorization_servers: tuple[Url, ...] | None = None
    """Without it: the issuers of the policy's `jwt` and `introspection` methods."""
    scopes_supported: tuple[str, ...] = ()
    resource_name: str | None = None
    resource_documentation: Url | None = None


def metadata_step(resource: ProtectedResource, issuers: Sequence[str]) -> Any:
    """The step that answers with the document (RFC 9728 §3.2)."""
    given = resource.model_dump(mode="json", exclude_none=True)
    document = {"authorization_servers": list(issuers), "bearer_methods_supported": ["header"], **given}
    body = json.dumps({name: value for name, value in document.items() if value != []}).encode()
    headers = (("content-type", "application/json"), ("cache-control", f"public, max-age={MAX_AGE_S}"))

    def tell(_: Context) -> Reply:
        return Reply(200, headers, body)

    return tell
