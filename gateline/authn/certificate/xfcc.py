"""Envoy's `x-forwarded-client-cert`: what a proxy in front of ours says of its client (Envoy: HTTP headers).

By=spiffe://a;Hash=…;Cert="%2D%2D…";Subject="CN=\\"x\\"";URI=spiffe://b;DNS=c , By=…
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from gateline.authn.certificate.subject import Subject

MAX_LENGTH = 64 * 1024
_PAIR = re.compile(r"""[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))[ \t]*(;|,|\Z)""")
_ESCAPE = re.compile(r"\\(.)")
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\]|\\.)*)")


@dataclass(frozen=True, slots=True)
class Element:
    """One hop's words. `pem` is the client's chain where the hop passes it on."""

    subject: Subject
    pem: str = ""


def read_xfcc(text: str) -> list[Element] | None:
    """The elements in the order of the hops, None where the text is no XFCC."""
    if not text or len(text) > MAX_LENGTH:
        return None
    elements: list[list[tuple[str, str]]] = [[]]
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            return None
        name, quoted, bare, end = found.groups()
        elements[-1].append((name.lower(), _ESCAPE.sub(r"\1", quoted) if quoted is not None else bare.strip()))
        at = found.end()
        if end == ",":
            elements.append([])
    return [_element(pairs) for pairs in elements] if all(elements) else None


def _element(pairs: list[tuple[str, str]]) -> Element:
    """URI and DNS may come several times; of the others, the last counts."""
    single = dict(pairs)
    name = single.get("subject", "")
    common = _COMMON_NAME.search(name)
    subject = Subject(
        uris=tuple(value for key, value in pairs if key == "uri" and value),
        dns=tuple(value for key, value in pairs if key == "dns" and value),
        common_name=_ESCAPE.sub(r"\1", common[1]) if common else "",
        name=name,
        fingerprint=single.get("hash", "").lower(),
    )
    return Element(subject, unquote(single.get("chain") or single.get("cert", "")))
