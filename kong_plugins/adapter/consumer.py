"""Kong's consumer behind an identity, so that plugins that follow (`acl`, `rate-limiting`) know who it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import field_validator

from gateline.sanitise.identity_headers import spellings
from gateline.schema.model import Model
from gateline.values.headers import Headers, Pair, is_field_value
from gateline.values.identity import Identity
from kong_plugins.adapter.told import told

# What Kong's own authentication plugins tell the upstream.
_HEADERS = {"id": "x-consumer-id", "custom_id": "x-consumer-custom-id", "username": "x-consumer-username"}
CREDENTIAL = "x-credential-identifier"
NAMES = (*_HEADERS.values(), CREDENTIAL, "x-anonymous-consumer")
_SPELLINGS = frozenset(spelling for name in NAMES for spelling in spellings(name))


class ConsumerConfig(Model):
    """How a plugin finds the consumer."""

    consumer_by: Literal["username", "custom_id", "none"] = "none"
    """The consumer's field that is the identity's `user_id`."""
    consumer_optional: bool = False
    """Whether an identity passes for which Kong has no consumer."""

    @field_validator("consumer_by")
    @classmethod
    def _reachable(cls, by: str) -> str:  # pydantic's own signature
        if by == "custom_id":
            raise ValueError(
                "can't be custom_id: Kong's PDK shows a plugin server consumers by id and username alone "
                "(kong.client.load_consumer); give the consumers the user ids as their usernames"
            )
        return by


def find(kong: Any, identity: Identity) -> dict[str, Any] | None:
    """The consumer whose username is the `user_id`. Kong also looks among ids, which are not what was asked for."""
    found = told(kong.client.load_consumer(identity.user_id, True))
    if not isinstance(found, dict) or found.get("username") != identity.user_id:
        return None
    return found


def authenticate(kong: Any, consumer: dict[str, Any], identity: Identity) -> list[Pair]:
    """Make it the request's consumer; the headers that tell the upstream."""
    credential = {"id": identity.credential_id or identity.user_id, "consumer_id": consumer["id"]}
    told(kong.client.authenticate(consumer, credential))
    headers = [(header, str(consumer[field])) for field, header in _HEADERS.items() if consumer.get(field)]
    if identity.credential_id:
        headers.append((CREDENTIAL, identity.credential_id))
    return [(name, value) for name, value in headers if is_field_value(value)]


def sent(headers: Headers, kept: Iterable[str] = ()) -> list[str]:
    """The consumer headers that the request carries, in any spelling, and that are not set anew."""
    names = headers.names()
    if _SPELLINGS.isdisjoint(names):
        return []
    left = _SPELLINGS.difference(kept)
    return [name for name in names if name in left]


def claimed(kong: Any, headers: Headers) -> list[str]:
    """The same, where they are the client's own words: no plugin that ran before has said who the consumer is."""
    found = sent(headers)
    return found if found and not _known(kong) else []


def _known(kong: Any) -> bool:
    told_of = (told(kong.client.get_consumer()), told(kong.client.get_credential()))
    return any(isinstance(one, dict) and any(one.values()) for one in told_of)
