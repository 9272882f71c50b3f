"""What it costs to know who it is: `python -m bench.authentication`, on a quiet machine; the best of five."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from timeit import timeit
from typing import Any

from gateline.authn.key_book import issue
from gateline.authn.standing_key import standing
from gateline.authn.stored_keys import StoredKeys
from gateline.authz.cel import compiled
from gateline.context import Context
from gateline.effects import KeyChangesReply
from gateline.testing import PolicyMaker
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import Request
from tests.cases_support.keyring import API_KEYS, PEPPER, keyring
from tests.cases_support.minting import mint

FOUR = "request.method == 'GET' && 'a' in identity.scopes && identity.tenant == 'acme' && request.headers['x-a'] == '1'"
METHODS = [
    {
        "name": "main",
        "method": "jwt",
        "issuer": "https://auth.example.com",
        "audience": "api.example.com",
        "keys": {"jwks_file": ".gateline/jwks.json"},
    },
    {"name": "keys", "method": "api_key"},
]


def best_us(run: Callable[[], Any], times: int = 20_000) -> float:
    """Microseconds of one call."""
    return min(timeit(run, number=times) / times * 1e6 for _ in range(5))


def context(*headers: tuple[str, str]) -> Context:
    """A request with these headers, a moment ago."""
    return Context(Request("GET", "/", "h", Headers(headers), "198.51.100.7", time.time()))


def stored(count: int) -> tuple[StoredKeys, list[str], float]:
    """A cache that holds so many keys, some of their prefixes, and its bytes a key."""
    before = resident_bytes()
    keys = StoredKeys(2 * count, 300, 0.05)
    model = issue(PEPPER, 0, user_id="user", scopes=("read", "write")).record
    some = []
    for number in range(count):
        prefix = f"{number:08d}"
        changed = {"prefix": prefix, "id": f"key-{number}", "user_id": f"user-{number}", "key": f"{model.key}{number}"}
        keys._keys.put(prefix, standing(model.model_copy(update=changed)))  # as a look-up leaves it
        if number % max(1, count // 100) == 0:
            some.append(prefix)
    keys._read(time.time(), KeyChangesReply(0, ()))
    return keys, some, (resident_bytes() - before) / count


def resident_bytes() -> int:
    """This process's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> None:
    """Print a line a figure."""
    folder = Path(tempfile.mkdtemp())
    keyring().write(folder / ".gateline")
    gateway = {
        "api_key_pepper": {"file": ".gateline/pepper"},
        "api_keys": {"file": ".gateline/api_keys.json"},
        "authentication": METHODS,
        "routes": [{"id": "all", "path": "/"}],
    }
    policy = PolicyMaker(folder)(gateway)
    jwt, keys = (policy.pipeline.snapshot.methods[name] for name in ("main", "keys"))
    now = time.time()
    request = context(("authorization", "Bearer " + mint({"exp": "+1h"}, keyring(), now)))
    jwt.authenticate(request)
    print(f"jwt, verified before       {best_us(lambda: jwt.authenticate(request)):8.2f} us")
    fresh = [
        context(("authorization", "Bearer " + mint({"claims": {"jti": str(n)}}, keyring(), now))) for n in range(500)
    ]
    began = time.perf_counter()
    for one in fresh:
        jwt.authenticate(one)
    print(f"jwt, first seen (RS256)    {(time.perf_counter() - began) / len(fresh) * 1e6:8.2f} us")
    given = context(("x-api-key", next(iter(API_KEYS))))
    keys.authenticate(given)
    print(f"api_key of the policy      {best_us(lambda: keys.authenticate(given)):8.2f} us")
    for count in (1000, 1_000_000):
        cache, some, bytes_each = stored(count)
        each = best_us(lambda c=cache, s=some: [c.remembered(prefix, time.time()) for prefix in s], 200) / len(some)
        print(f"look-up among {count:9,} keys {each:8.2f} us, {bytes_each:.0f} bytes a key")
    asked = context(*((f"x-{n}", "v") for n in range(40)), ("x-a", "1"))
    asked.identity = Identity("alice", "jwt", tenant="acme", scopes=frozenset({"a", "b"}))
    condition = compiled(FOUR)
    values = tuple(attribute.read(asked) for _, attribute in condition.reads)
    condition.fault(asked)
    print(f"condition, same values     {best_us(lambda: condition.fault(asked)):8.2f} us")
    print(f"condition, other values    {best_us(lambda: condition._judge(values)):8.2f} us")


if __name__ == "__main__":
    main()
