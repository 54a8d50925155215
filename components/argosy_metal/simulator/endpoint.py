"""Where a running simulator is found: the file `endpoint.json` in its directory. Imports nothing heavy."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from argosy.errors import ArgosyError

ENDPOINT_FILE = "endpoint.json"
CA_FILE = "ca.pem"
PASSWORD_FILE = "bmc-password"  # noqa: S105 - the name of a file
USERNAME_FILE = "bmc-username"


class SimulatorNotRunningError(ArgosyError):
    """There is no simulator. Start it by `argosy metal simulate ENV --detach`."""


@dataclass(frozen=True)
class Endpoint:
    """One running simulator."""

    pid: int
    port: int
    """On the loopback address; one for all host names."""
    instance: str
    """Differs from start to start: a process that knows it is this simulator."""
    config_sha256: str
    domains: tuple[str, ...]
    """Every host name directly under one of these is simulated."""

    def resolve(self, host: str) -> tuple[str, int] | None:
        """IP address and port of a simulated host name; None for any other."""
        return ("127.0.0.1", self.port) if domain_of(host) in self.domains else None

    def write(self, directory: Path) -> None:
        """Make it known, at once as a whole."""
        unfinished = directory / f"{ENDPOINT_FILE}.{self.pid}"
        unfinished.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, directory / ENDPOINT_FILE)


def read_endpoint(directory: Path) -> Endpoint:
    """The simulator that last announced itself in `directory`. It need not be alive.

    Raises SimulatorNotRunningError if none did.
    """
    try:
        found = json.loads((directory / ENDPOINT_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SimulatorNotRunningError(
            f"{directory}: no simulator runs here; start it: argosy metal simulate ENV --detach"
        ) from None
    return Endpoint(**found | {"domains": tuple(found["domains"])})


def domain_of(host: str) -> str:
    """`hall-north.test` of `bmc-1.hall-north.test`."""
    return host.lower().partition(".")[2]
