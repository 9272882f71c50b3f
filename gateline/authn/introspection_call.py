"""The call to an introspection endpoint (RFC 7662 §2.1)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode

from gateline.effects import HttpCall


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom to ask, and who we are there. `in_form`: our secret goes into the form instead of a header."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    in_form: bool
    within_s: float

    def call(self, token: str) -> HttpCall:
        """The call about a token."""
        form = {"token": token, "token_type_hint": "access_token"}
        headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        if self.in_form:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            # RFC 6749 §2.3.1: each is form-encoded before they are joined.
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers.append(("authorization", "Basic " + base64.b64encode(pair.encode()).decode()))
        return HttpCall("POST", self.url, self.within_s, tuple(headers), urlencode(form).encode())
