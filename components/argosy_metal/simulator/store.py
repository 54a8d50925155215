"""Disks, power states and what is cut: what survives a restart of the simulator, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.switches import SwitchBoard

_STATE = TypeAdapter(MachineState)
_BOARD = TypeAdapter(SwitchBoard)


class MachineStore:
    """Machine states by serial number, and the simulated time they belong to."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        # The operating system keeps what a killed process wrote; only a power cut could lose it.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS machines (serial TEXT PRIMARY KEY, state TEXT, at REAL)"
        )
        self._connection.execute("CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, now REAL)")
        self._connection.execute("CREATE TABLE IF NOT EXISTS board (hall TEXT PRIMARY KEY, state TEXT)")

    def now(self) -> float:
        """The simulated time of the last save; 0 in a new file."""
        times = self._connection.execute(
            "SELECT coalesce(max(at), 0.0) FROM (SELECT at FROM machines UNION ALL SELECT now FROM clock)"
        )
        return times.fetchone()[0]

    def load(self) -> Mapping[str, MachineState]:
        """Every state that was saved."""
        rows = self._connection.execute("SELECT serial, state FROM machines")
        return {serial: _STATE.validate_json(state) for serial, state in rows}

    def boards(self) -> Mapping[str, SwitchBoard]:
        """What is switched off, by hall."""
        rows = self._connection.execute("SELECT hall, state FROM board")
        return {hall: _BOARD.validate_json(state) for hall, state in rows}

    def save_board(self, hall: str, board: SwitchBoard) -> None:
        """Keep what is switched off in one hall."""
        self._connection.execute(
            "INSERT OR REPLACE INTO board VALUES (?, ?)", (hall, _BOARD.dump_json(board))
        )

    @contextmanager
    def together(self) -> Generator[None]:
        """Write all that is saved in the block at once, or nothing of it."""
        with self._connection:
            self._connection.execute("BEGIN")
            yield

    def save(self, serial: str, state: MachineState, now: float) -> None:
        """Keep one state, and the time it belongs to."""
        self._connection.execute(
            "INSERT OR REPLACE INTO machines VALUES (?, ?, ?)", (serial, _STATE.dump_json(state), now)
        )

    def tick(self, now: float) -> None:
        """Keep the time."""
        self._connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (now,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
