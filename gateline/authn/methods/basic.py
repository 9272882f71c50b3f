"""User and password by the Basic scheme (RFC 7617): every guess is counted, hashed on a pool, and takes the same time.

A credential that was judged is remembered for a while under a digest that only this process can make; the password
itself is kept nowhere.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Generator, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from gateline.authn.authorization import credential_of
from gateline.authn.lockout import Lockout, Lockouts
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.authn.password.credential import Credential, read_credential
from gateline.authn.password.hashes import fits, hash_fault
from gateline.authn.password.htpasswd import HtpasswdError, read_htpasswd
from gateline.context import Context
from gateline.effects import Effects, InPool, Shared
from gateline.recent import Recent
from gateline.schema.model import Model
from gateline.schema.secret import SourceError
from gateline.values.errors import ConfigError, UnavailableError
from gateline.values.identity import NOT_MINE, Identity, Refused
from gateline.values.request import Needs

REMEMBERED = 20_000
UserName = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^:\x00-\x1f\x7f]+$")]


class User(Model):
    """A user with the hash of a password (bcrypt or argon2)."""

    user: UserName
    hash: Annotated[str, Field(repr=False)]
    user_id: Annotated[str, Field(min_length=1)] | None = None
    """The user's id; the name serves where there is none."""
    tenant: str | None = None
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tier: str | None = None

    @field_validator("hash")
    @classmethod
    def _usable(cls, stored: str) -> str:
        if fault := hash_fault(stored):
            raise ValueError(fault)
        return stored


class Config(MethodConfig):
    """`{name: people, method: basic, htpasswd_file: .gateline/htpasswd}`."""

    SLOW: ClassVar[bool] = True
    method: Literal["basic"]
    users: tuple[User, ...] = ()
    htpasswd_file: str | None = None
    """`user:hash` a line, as `htpasswd -B` writes it."""
    scopes: tuple[str, ...] = ()
    """Scopes of everybody in the file."""
    realm: Annotated[str, StringConstraints(pattern=r"^[ !#-\[\]-~]{1,128}$")] = "gateline"
    remember_s: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long a judged credential is remembered; as long it is not hashed again."""
    per_user: Lockout = Lockout(attempts=10, per_minute=5)
    per_address: Lockout = Lockout(attempts=50, per_minute=30)
    within_ms: Annotated[int, Field(ge=1, le=60_000)] = 900
    """How long a check may wait for the pool and take."""

    @model_validator(mode="after")
    def _somebody(self) -> Config:
        if not self.users and self.htpasswd_file is None:
            raise ValueError("knows nobody: give users or htpasswd_file")
        return self

    @property
    def proxy_needs(self) -> Needs:
        """The header with the password, and the address whose attempts are counted."""
        return Needs(headers=frozenset({"authorization"}), client_address=True)

    def build(self, parts: MethodParts) -> BasicMethod:
        """The method with its users."""
        users = {user.user: (user.hash, _identity(user)) for user in self.users}
        if len(users) < len(self.users):
            raise ConfigError.at(("users",), "names one user twice")
        if self.htpasswd_file is not None:
            try:
                for name, stored in read_htpasswd(parts.sources.read(self.htpasswd_file)):
                    identity = Identity(name, "basic", scopes=frozenset(self.scopes), credential_id=name)
                    users.setdefault(name, (stored, identity))
            except (SourceError, HtpasswdError) as error:
                raise ConfigError.at(("htpasswd_file",), str(error)) from error
        if not users:
            raise ConfigError.at(("htpasswd_file",), "names nobody")
        lockouts = Lockouts(self.name, parts.namespace, self.per_user, self.per_address, parts.store_s)
        return BasicMethod(self, users, lockouts)


class BasicMethod:
    """Judges the user and password that a request carries."""

    def __init__(self, config: Config, users: Mapping[str, tuple[str, Identity]], lockouts: Lockouts) -> None:
        self.name = config.name
        self.challenge = f'Basic realm="{config.realm}", charset="UTF-8"'
        self.needs = config.proxy_needs
        self._users = users
        # Whoever is not known is compared with somebody who is, so that both take the same time.
        self._somebody = next(iter(users.values()))[0]
        self._lockouts = lockouts
        self._remember_s = config.remember_s
        self._within_s = config.within_ms / 1000
        self._digest_key = secrets.token_bytes()
        self._judged: Recent[bytes, tuple[Identity | None, float]] = Recent(REMEMBERED)

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """One `Authorization` header of the Basic scheme."""
        text = credential_of(context.request.headers.all("authorization"), "basic")
        if text is None:
            return NOT_MINE
        if isinstance(text, Refused):
            return text
        digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=self._digest_key).digest()
        known = self._judged.get(digest)
        if known is not None and context.request.now < known[1]:
            return self._outcome(known[0])
        credential = read_credential(text)
        if isinstance(credential, str):
            return self._refused(f"the credential {credential}")
        return self._check(context, credential, digest)

    def _check(self, context: Context, credential: Credential, digest: bytes) -> Generator[Effects, Any, Outcome]:
        """Count first, then hash: guesses sent all at once are no cheaper than one after another."""
        retry_after_s = yield from self._lockouts.count(credential.user, context.client)
        if retry_after_s > 0:
            headers = (("retry-after", str(math.ceil(retry_after_s))),)
            return Refused("rate_limited", f"too many attempts as {credential.user!r} or from here", None, headers)
        stored, identity = self._users.get(credential.user, (self._somebody, None))
        run = InPool(partial(fits, credential.password, stored), self._within_s)
        settle = partial(self._settle, digest, identity, context.request.now)
        # The digest's key is this method's alone: no other waits for its answers.
        yield Shared(digest, run, settle, self._within_s)
        known = self._judged.get(digest)
        if known is None:
            raise UnavailableError("password", "the answer was lost")
        return self._outcome(known[0])

    def _settle(self, digest: bytes, identity: Identity | None, now: float, answer: bool | UnavailableError) -> None:
        if not isinstance(answer, UnavailableError):
            self._judged.put(digest, (identity if answer is True else None, now + self._remember_s))

    def _outcome(self, identity: Identity | None) -> Identity | Refused:
        return identity if identity is not None else self._refused("no such user, or another password")

    def _refused(self, why: str) -> Refused:
        return Refused("invalid_token", why, self.challenge)


def _identity(user: User) -> Identity:
    return Identity(
        user_id=user.user_id or user.user,
        method="basic",
        tenant=user.tenant,
        scopes=frozenset(user.scopes),
        roles=frozenset(user.roles),
        groups=frozenset(user.groups),
        tier=user.tier,
        credential_id=user.user,
    )
