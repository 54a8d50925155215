"""Renews a run's leases while it writes nothing: an installation may take an hour between two writes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from argosy_metal.claims.claim import ClaimsError

LEASE_SECONDS = 60.0
"""How long after its last sign a run is taken to be at work: three beats, so that one lost beat is no end."""
BEAT_SECONDS = 20.0


class Heartbeat:
    """A thread that calls `beat` again and again until it is stopped."""

    def __init__(self, beat: Callable[[], None], every_seconds: float = BEAT_SECONDS) -> None:
        self._beat = beat
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        with self._lock:
            if self._thread is None:
                self._stop.clear()
                # A daemon: a process that ends without closing the store must not hang on it.
                self._thread = threading.Thread(target=self._run, name="claims-heartbeat", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End, and wait for a beat in hand."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_seconds):
            try:
                self._beat()
            except ClaimsError:
                # Whoever writes or asks next is told; a store that answers again gets the next beat.
                continue
