"""Disks and power states that survive a restart of the simulator, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from argosy_metal.simulator.machine import MachineState

_STATE = TypeAdapter(MachineState)


class MachineStore:
    """Machine states by serial number, and the simulated time they belong to."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        # The operating system keeps what a killed process wrote; only a power cut could lose it.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS machine (serial TEXT PRIMARY KEY, state TEXT)")
        self._connection.execute("CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY, now REAL)")

    def now(self) -> float:
        """The simulated time of the last save; 0 in a new file."""
        row = self._connection.execute("SELECT now FROM clock WHERE id = 1").fetchone()
        return row[0] if row else 0.0

    def load(self) -> Mapping[str, MachineState]:
        """Every state that was saved."""
        rows = self._connection.execute("SELECT serial, state FROM machine")
        return {serial: _STATE.validate_json(state) for serial, state in rows}

    def save(self, serial: str, state: MachineState, now: float) -> None:
        """Keep one state."""
        self._connection.execute(
            "INSERT OR REPLACE INTO machine VALUES (?, ?)", (serial, _STATE.dump_json(state))
        )
        self.tick(now)

    def tick(self, now: float) -> None:
        """Keep the time."""
        self._connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (now,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
