"""Where a running simulator is found: the file `endpoint.json` in its directory. Loads no web server."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from argosy.errors import ArgosyError

ENDPOINT_FILE = "endpoint.json"
CA_FILE = "ca.pem"
PASSWORD_FILE = "bmc-password"  # noqa: S105 - the name of a file
USERNAME_FILE = "bmc-username"
HALL_TOKEN_FILE = "hall-token"  # noqa: S105 - the name of a file


class SimulatorError(ArgosyError):
    """The simulator could not be started or stopped; the message says why."""


class SimulatorNotRunningError(ArgosyError):
    """There is no simulator. Start it by `argosy metal simulate ENV --detach`."""


@dataclass(frozen=True)
class Endpoint:
    """One running simulator."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    # A signal to 0 or -1 would reach the caller's whole group, or everything.
    pid: Annotated[int, Field(gt=0, lt=1 << 31)]
    port: Annotated[int, Field(gt=0, lt=1 << 16)]
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


_ENDPOINT = TypeAdapter(Endpoint)


def read_endpoint(directory: Path) -> Endpoint:
    """The simulator that last announced itself in `directory`. It need not be alive.

    Raises SimulatorNotRunningError if none did, or if what stands there is not what a simulator writes.
    """
    path = directory / ENDPOINT_FILE
    try:
        return _ENDPOINT.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise SimulatorNotRunningError(
            f"{directory}: no simulator runs here; start it: argosy metal simulate ENV --detach"
        ) from None
    except (OSError, ValidationError) as error:
        raise SimulatorNotRunningError(
            f"{path}: {_fault(error)}; start a simulator anew: argosy metal simulate ENV --detach"
        ) from None


def _fault(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    # Cut and quoted, since a damaged file may hold anything.
    return f"not what a simulator writes ({place[:40]!r}: {first['msg'][:120]})"


def domain_of(host: str) -> str:
    """`hall-north.test` of `bmc-1.hall-north.test`."""
    return host.lower().partition(".")[2]
