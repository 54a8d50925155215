"""What is simulated, as plain values: halls, servers, images, durations, and the faults to start with."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

USERNAME = "argosy"
"""The account on every simulated BMC."""

FaultKind = Literal["status", "hang", "disconnect", "lose-answer", "drop-sessions", "wrong-serial"]


@dataclass(frozen=True)
class SimulatedServer:
    """One server. Its BMC answers under `bmc_host`."""

    bmc_host: str
    serial: str
    server_type: str
    rack: str
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimulatedHall:
    """One hall: its servers, and the service that keeps images and hears machines phone home."""

    name: str
    provision_host: str
    """E.g. `provision.hall-north.test`."""
    servers: tuple[SimulatedServer, ...]


@dataclass(frozen=True)
class Durations:
    """How long things take, in simulated seconds. Orders of magnitude of GPU servers, not of one model."""

    power_on: float = 5
    power_off: float = 5
    graceful_shutdown: float = 20
    post: float = 120
    """Power-on self-test, until the first boot device is tried."""
    install: float = 300
    boot: float = 60
    """From the boot loader until the operating system phones home."""
    task: float = 4
    """How long a task that the BMC answers with stays running."""


@dataclass(frozen=True)
class FaultRule:
    """Spoils the requests it matches. `host`, `method` and `path` are shell patterns."""

    kind: FaultKind
    """`status` answers with an error, `hang` never answers, `disconnect` drops the connection before anything
    is done, `lose-answer` after it is done; `drop-sessions` forgets all sessions first; `wrong-serial` shows
    another server's serial number."""
    host: str = "*"
    method: str = "*"
    path: str = "*"
    status: int = 500
    retry_after: int | None = None
    """Seconds, for `status`."""
    skip: int = 0
    """So many matching requests pass first."""
    times: int | None = None
    """Ends after so many spoilt requests; None: never."""


@dataclass(frozen=True)
class SimulatorConfig:
    """Everything a simulator is started with."""

    halls: tuple[SimulatedHall, ...]
    time_scale: float = 1
    """Simulated seconds per real second."""
    durations: Durations = field(default_factory=Durations)
    images: tuple[str, ...] = ("node",)
    """Names of the installer images that every hall's service offers as `/images/NAME.iso`."""
    session_limit: int = 8
    """Per BMC; iDRACs come set to 8."""
    faults: tuple[FaultRule, ...] = ()

    def digest(self) -> str:
        """Equal for equal configurations."""
        return hashlib.sha256(_CONFIG.dump_json(self)).hexdigest()

    def write(self, path: Path) -> None:
        """Write it as JSON, at once as a whole."""
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.write_bytes(_CONFIG.dump_json(self, indent=2))
        os.replace(unfinished, path)


_CONFIG = TypeAdapter(SimulatorConfig)
_FAULTS = TypeAdapter(tuple[FaultRule, ...])


def read_config(path: Path) -> SimulatorConfig:
    """A configuration that `SimulatorConfig.write` wrote."""
    return _CONFIG.validate_json(path.read_bytes())


def parse_faults(raw: bytes) -> tuple[FaultRule, ...]:
    """A fault script: a JSON array of fault rules.

    Raises pydantic.ValidationError, which lists what is wrong with it.
    """
    return _FAULTS.validate_json(raw)


def image_bytes(name: str) -> bytes:
    """The content of a simulated installer image."""
    return f"argosy simulated installer image: {name}\n".encode()


def image_sha256(name: str) -> str:
    """Its digest, as a fleet file names it."""
    return hashlib.sha256(image_bytes(name)).hexdigest()
