"""The sessions of one simulated BMC: few, and gone after some idle time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

IDLE_SECONDS = 1800
"""bmcweb's default."""
TOKEN_MARK = "SimulatedSession"  # noqa: S105 - what every token begins with, so that one is known where it leaks


class SessionLimitError(Exception):
    """All sessions are in use."""


@dataclass
class SessionCounters:
    """What became of the sessions. Those opened and neither closed nor live have leaked."""

    opened: int = 0
    closed: int = 0
    expired: int = 0
    dropped: int = 0
    """By a fault."""


@dataclass
class Session:
    """One login."""

    id: str
    username: str
    user_agent: str
    used: float
    """Real seconds of the last use."""


class Sessions:
    """All sessions of one BMC, by token."""

    def __init__(self, limit: int) -> None:
        self.counters = SessionCounters()
        self._limit = limit
        self._by_token: dict[str, Session] = {}

    def open(self, username: str, user_agent: str, now: float) -> tuple[str, Session]:
        """A new session and its token.

        Raises SessionLimitError if there are too many.
        """
        self._expire(now)
        if len(self._by_token) >= self._limit:
            raise SessionLimitError
        self.counters.opened += 1
        token = TOKEN_MARK + secrets.token_hex(16)
        session = Session(str(self.counters.opened), username, user_agent, now)
        self._by_token[token] = session
        return token, session

    def use(self, token: str, now: float) -> Session | None:
        """The session of a token, whose idle time begins again; None if there is none."""
        self._expire(now)
        session = self._by_token.get(token)
        if session is not None:
            session.used = now
        return session

    def close(self, session_id: str) -> bool:
        """End a session; False if there is none of that id."""
        for token, session in self._by_token.items():
            if session.id == session_id:
                del self._by_token[token]
                self.counters.closed += 1
                return True
        return False

    def drop_all(self) -> None:
        """Forget them all, as a BMC does when it restarts."""
        self.counters.dropped += len(self._by_token)
        self._by_token.clear()

    def live(self) -> tuple[Session, ...]:
        """In the order in which they were opened."""
        return tuple(self._by_token.values())

    @property
    def leaked(self) -> int:
        """Sessions that nobody closed, and that ended by themselves."""
        return self.counters.expired + self.counters.dropped

    def _expire(self, now: float) -> None:
        for token, session in list(self._by_token.items()):
            if now - session.used > IDLE_SECONDS:
                del self._by_token[token]
                self.counters.expired += 1
