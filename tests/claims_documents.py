"""Objects in memory, and a hand that decides which of several threads makes its next call to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence

from argosy_metal.claims.documents import Body, ConflictError, Key, Kind, Stored


class Turns:
    """Runs functions in threads, of which one at a time goes on, from one call of `take` to the next."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = list(choices)
        self._condition = threading.Condition()
        self._waiting: set[str] = set()
        self._chosen: str | None = None
        self._ended = 0

    def run(self, tasks: Mapping[str, Callable[[], None]]) -> list[BaseException]:
        """Run them all to their ends, and give back what they have failed with."""
        failures: list[BaseException] = []

        def task(name: str) -> None:
            try:
                tasks[name]()
            except BaseException as error:  # noqa: BLE001 - told to the test
                failures.append(error)
            with self._condition:
                self._ended += 1
                self._condition.notify_all()

        threads = [threading.Thread(target=task, args=(name,), name=name) for name in tasks]
        for thread in threads:
            thread.start()
        while True:
            with self._condition:
                self._condition.wait_for(lambda: len(self._waiting) + self._ended == len(tasks))
                if self._ended == len(tasks):
                    break
                self._choose()
        for thread in threads:
            thread.join()
        return failures

    def take(self) -> None:
        """Wait until this thread may make its next call; at once in a thread that is none of the tasks'."""
        name = threading.current_thread().name
        if not self._running(name):
            return
        with self._condition:
            self._waiting.add(name)
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._chosen == name)
            self._chosen = None

    def _running(self, name: str) -> bool:
        return name.startswith("task ")

    def _choose(self) -> None:
        waiting = sorted(self._waiting)
        choice = self._choices.pop(0) if self._choices else 0
        self._chosen = waiting[choice % len(waiting)]
        self._waiting.remove(self._chosen)
        self._condition.notify_all()


class MemoryDocuments:
    """`Documents` in memory. Every write is remembered with the thread that made it."""

    place = "memory"
    restore = "restore it"

    def __init__(self, turns: Turns | None = None) -> None:
        self.turns = turns or Turns(())
        self.clock = 1000.0
        self.writes: list[tuple[Key, str]] = []
        self._kept: dict[Key, tuple[str, int]] = {}

    def share(self, other: MemoryDocuments) -> None:
        """Keep the other's objects, and write them for it too."""
        self._kept, self.writes = other._kept, other.writes

    def read(self, key: Key) -> Stored | None:
        self.turns.take()
        return self._stored(key)

    def create(self, key: Key, body: Body) -> None:
        self.turns.take()
        if key in self._kept:
            raise ConflictError
        self._write(key, body)

    def replace(self, key: Key, body: Body, tag: str) -> None:
        self.turns.take()
        stored = self._stored(key)
        if stored is None or stored.tag != tag:
            raise ConflictError
        self._write(key, body)

    def every(self, kind: Kind) -> list[Stored]:
        self.turns.take()
        found = [self._stored(key) for key in self._kept if key.kind == kind]
        return [stored for stored in found if stored is not None]

    def now(self) -> float:
        return self.clock

    def close(self) -> None:
        """Nothing is open."""

    def _stored(self, key: Key) -> Stored | None:
        if key not in self._kept:
            return None
        text, tag = self._kept[key]
        return Stored(json.loads(text), str(tag))

    def _write(self, key: Key, body: Body) -> None:
        self._kept[key] = (json.dumps(body), len(self.writes) + 1)
        self.writes.append((key, threading.current_thread().name))
