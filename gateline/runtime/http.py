"""Performs `HttpCall`: the policy's own requests (keys of an issuer, introspection), bounded in number, time and size.

No redirect is followed, no proxy and no credential is taken from the environment: the policy names whom it asks.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateline.effects import Answer, HttpCall, HttpReply
from gateline.values.errors import UnavailableError

if TYPE_CHECKING:
    import httpx

MOST = 64
Done = Callable[[Answer], None]


class HttpClient:
    """Belongs to one loop. At most `most` calls are under way; what comes beyond fails at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int = MOST) -> None:
        self._loop = loop
        self._most = most
        self._client: asyncio.Future[httpx.AsyncClient] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, effect: HttpCall, deadline_s: float, done: Done) -> None:
        """Answer an `HttpReply`, or an `UnavailableError` at the deadline or before it."""
        if len(self._tasks) >= self._most:
            done(UnavailableError("http", f"{self._most} calls are under way"))
            return
        until = min(deadline_s, self._loop.time() + effect.within_s)
        task = self._loop.create_task(self._answer(effect, until, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await (await self._client).aclose()

    async def _answer(self, effect: HttpCall, until: float, done: Done) -> None:
        answer: Answer = UnavailableError("http", "was cancelled")
        try:
            async with asyncio.timeout_at(until):
                answer = await self._call(effect)
        except TimeoutError:
            answer = UnavailableError("http", "took too long")
        except UnavailableError as error:
            answer = error
        except Exception as error:  # noqa: BLE001  # whatever a foreign client raises; its text may hold a secret
            answer = UnavailableError("http", type(error).__name__)
        finally:
            done(answer)

    async def _call(self, effect: HttpCall) -> HttpReply:
        if self._client is None:
            # Import and certificates take a tenth of a second, which the loop does not have.
            self._client = self._loop.run_in_executor(None, _open)
        client = await asyncio.shield(self._client)
        headers = [*effect.headers, ("accept-encoding", "identity")]
        async with client.stream(effect.method, effect.url, headers=headers, content=effect.body) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > effect.max_bytes:
                    raise UnavailableError("http", f"answered more than {effect.max_bytes} bytes")
            fields = tuple((name.lower(), value) for name, value in response.headers.items())
            return HttpReply(response.status_code, fields, bytes(body))


def _open() -> httpx.AsyncClient:
    # Most policies never call anybody.
    import httpx  # noqa: PLC0415

    limits = httpx.Limits(max_connections=MOST, max_keepalive_connections=8, keepalive_expiry=30)
    return httpx.AsyncClient(
        verify=_trusted(),
        trust_env=False,
        follow_redirects=False,
        limits=limits,
        timeout=None,  # noqa: S113
    )


def _trusted() -> ssl.SSLContext:
    """The machine's own authorities; certifi's where the machine has none (small images)."""
    context = ssl.create_default_context()
    if not context.get_ca_certs() and not context.cert_store_stats()["x509_ca"]:
        import certifi  # noqa: PLC0415

        context.load_verify_locations(certifi.where())
    return context
