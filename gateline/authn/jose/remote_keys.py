"""Keys fetched from an issuer: a JWKS URL, or one that OpenID Connect Discovery names.

At any time the set is *fresh* (younger than `refresh_s`), *old* (used while a fetch in the background renews it) or
*dead* (older than `max_stale_s`: nothing can be judged). An unknown `kid` asks for a fetch, at most one in `refetch_s`,
and is itself remembered as unknown. A failed fetch leaves the last good keys in use; its repetition waits 1, 2, 4 …
seconds, up to `refetch_s`. While fetches fail, an unknown `kid` can't be judged: it may be new.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from gateline.authn.jose.discovery import DiscoveryError, jwks_url_from
from gateline.authn.jose.keys import BadKeyError, Key, KeySet, read_jwks
from gateline.effects import HttpCall, HttpReply, Later, Shared
from gateline.recent import Recent
from gateline.values.errors import UnavailableError

MAX_UNKNOWN_KIDS = 10_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchRules:
    """How often, how long, how old; seconds."""

    refresh_s: int
    refetch_s: int
    max_stale_s: int
    within_s: float
    allow_http: bool = False


class RemoteKeys:
    """As `KeySource`."""

    def __init__(self, issuer: str, jwks_url: str, discovery_url: str, algorithms: Iterable[str], rules: FetchRules):
        """Either `jwks_url` or `discovery_url` is empty."""
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._discovery_url = discovery_url
        self._algorithms = tuple(algorithms)
        self._rules = rules
        self._keys = KeySet(())
        self._good_at = -math.inf
        self._next_try_at = -math.inf
        self._failures = 0
        self._why = "not fetched yet"
        self._unknown: Recent[str, float] = Recent(MAX_UNKNOWN_KIDS)
        self.check_at = -math.inf
        self.version = 0

    def first(self, now: float) -> Shared | None:
        """As `KeySource.first`."""
        return None if self._alive(now) or now < self._next_try_at else self._fetch(now)

    def find(self, kid: str | None, alg: str, now: float) -> Key | None:
        """As `KeySource.find`."""
        return self._keys.find(kid, alg) if self._alive(now) else None

    def wanted(self, kid: str | None, alg: str, now: float) -> Shared | Later | None:
        """As `KeySource.wanted`: waits only for what can't be judged without."""
        if self.find(kid, alg, now) is not None:
            if now < self.check_at:
                return None
            # Nobody else need ask for as long as this one takes.
            self.check_at = min(now + self._rules.within_s, self._good_at + self._rules.max_stale_s)
            return Later(self._fetch(now)) if now >= self._next_try_at else None
        if now < self._next_try_at:
            return None
        if self._alive(now) and not self._might_be_new(kid, now):
            return None
        return self._fetch(now)

    def trouble(self, kid: str | None, now: float) -> str | None:
        """As `KeySource.trouble`."""
        if not self._alive(now):
            return f"no keys of {self._issuer}: {self._why}"
        if kid is None or self._keys.knows(kid):
            return None
        if self._failures:
            return f"the key may be new, and {self._issuer} can't be asked: {self._why}"
        self._unknown.put(kid, now)
        return None

    def _alive(self, now: float) -> bool:
        return now < self._good_at + self._rules.max_stale_s

    def _might_be_new(self, kid: str | None, now: float) -> bool:
        if kid is None or self._keys.knows(kid):
            return False
        seen = self._unknown.get(kid)
        return seen is None or now - seen >= self._rules.refresh_s

    def _fetch(self, now: float) -> Shared:
        discovering = not self._jwks_url
        url = self._discovery_url if discovering else self._jwks_url
        settle = partial(self._discovered if discovering else self._fetched, now)
        headers = (("accept", "application/json"),)
        within_s = self._rules.within_s
        return Shared(("keys", id(self), url), HttpCall("GET", url, within_s, headers), settle, within_s)

    def _discovered(self, now: float, answer: HttpReply | UnavailableError) -> None:
        try:
            body = _body_of(answer)
            self._jwks_url = jwks_url_from(body, self._issuer, allow_http=self._rules.allow_http)
        except (DiscoveryError, UnavailableError) as error:
            self._failed(now, f"{self._discovery_url} {error}")

    def _fetched(self, now: float, answer: HttpReply | UnavailableError) -> None:
        try:
            keys = read_jwks(_body_of(answer), self._algorithms)
        except (BadKeyError, UnavailableError) as error:
            why = f"{self._jwks_url} {error}"
            if self._discovery_url:
                self._jwks_url = ""
            self._failed(now, why)
            return
        if not keys.holds_all_of(self._keys):
            self.version += 1
        self._keys, self._good_at, self._failures = keys, now, 0
        self._next_try_at = now + self._rules.refetch_s
        self.check_at = now + self._rules.refresh_s

    def _failed(self, now: float, why: str) -> None:
        self._failures += 1
        self._why = why
        dead_at = self._good_at + self._rules.max_stale_s
        self._next_try_at = now + min(self._rules.refetch_s, 2.0 ** min(self._failures - 1, 16))
        self.check_at = min(self._next_try_at, dead_at) if now < dead_at else -math.inf
        left = f"the last good keys serve for {dead_at - now:.0f} s more" if now < dead_at else "there are no keys"
        _LOG.warning("keys of %s can't be fetched (%s); %s", self._issuer, why, left)


def _body_of(answer: HttpReply | UnavailableError) -> bytes:
    if isinstance(answer, UnavailableError):
        raise answer
    if answer.status != 200:
        raise UnavailableError("the issuer", f"answered {answer.status}")
    return answer.body
