"""A method of authentication of one's own: the session cookie of an older application, looked up in its database.

It shows the three things a method needs: what it reads (`needs`), its outcome, and blocking code kept off the loop.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from gateline.context import Context
from gateline.effects import Effects, InPool
from gateline.values.identity import NOT_MINE, Identity, NotMine, Refused
from gateline.values.request import Needs


class LegacySession:
    """Named in the policy as `{method: custom, class: 'legacy_session:LegacySession', options: {database: …}}`."""

    challenge = 'Session cookie="session"'
    needs = Needs(headers=frozenset({"cookie"}))

    def __init__(self, database: str) -> None:
        self.database = Path(__file__).parent / database

    def authenticate(self, context: Context) -> NotMine | Generator[Effects, Any, Identity | Refused]:
        """No cookie of ours: somebody else's request. Else the database has to be asked, which takes a while."""
        session = cookie(context, "session")
        return NOT_MINE if session is None else self.look_up(session, context.request.now)

    def look_up(self, session: str, now: float) -> Generator[Effects, Any, Identity | Refused]:
        """A generator: it yields what it wants of the world, and is sent the answer."""
        row = yield InPool(lambda: self.query(session), within_s=0.1)
        if row is None:
            return Refused("invalid_token", "no such session", self.challenge)
        user, scopes, ends_at = row
        if ends_at <= now:
            return Refused("token_expired", f"the session of {user} is over", self.challenge)
        return Identity(user, "custom", scopes=frozenset(scopes.split()))

    def query(self, session: str) -> Any:
        """Runs on a thread of the pool: it may block. Only the hash of a session is stored."""
        with sqlite3.connect(self.database) as database:
            wanted = (hashlib.sha256(session.encode()).hexdigest(),)
            return database.execute("SELECT user, scopes, ends_at FROM sessions WHERE id = ?", wanted).fetchone()


def cookie(context: Context, name: str) -> str | None:
    """A cookie of the request."""
    for line in context.request.headers.all("cookie"):
        for pair in line.split(";"):
            found, _, value = pair.strip().partition("=")
            if found == name:
                return value
    return None


def log_in(path: Path, user: str, scopes: str, ends_at: float) -> str:
    """What the older application does; gives the session id for the cookie."""
    session = secrets.token_urlsafe(24)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, user, scopes, ends_at)")
        row = (hashlib.sha256(session.encode()).hexdigest(), user, scopes, ends_at)
        database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
    return session


if __name__ == "__main__":
    sys.stdout.write(log_in(Path("sessions.db"), sys.argv[1], "read:orders", time.time() + 3600) + "\n")
