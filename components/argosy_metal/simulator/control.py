"""Ask a running simulator, from another process: who it is, what it counted, to switch, and to misbehave."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from argosy_metal.simulator.endpoint import CA_FILE, Endpoint, SimulatorNotRunningError, read_endpoint
from argosy_metal.simulator.fault_rules import FaultRule

_HOST = "control.test"


class SimulatorControl:
    """The control service of the simulator in `directory`.

    Every call raises SimulatorNotRunningError if it does not answer.
    """

    def __init__(self, directory: Path, timeout_seconds: float = 10.0) -> None:
        self._directory = directory
        self._timeout_seconds = timeout_seconds

    def identity(self) -> Any:
        """`{"pid": …, "instance": …}`, from the process itself."""
        return self._call("GET", "identity")

    def is_alive(self, endpoint: Endpoint) -> bool:
        """True if the process that announced `endpoint` answers, and proves by its certificate to be it."""
        try:
            found = self.identity()
        except (SimulatorNotRunningError, ValueError):
            return False  # No answer, or one that no simulator gives.
        return found == {"pid": endpoint.pid, "instance": endpoint.instance}

    def servers(self) -> dict[str, dict[str, Any]]:
        """What the simulator knows and counted of each server, by serial number."""
        return {server["serial"]: server for server in self._call("GET", "servers")["servers"]}

    def writes(self) -> list[dict[str, Any]]:
        """The last writes: serial, at (simulated seconds), method, path, user_agent, status."""
        return self._call("GET", "writes")["writes"]

    def halls(self) -> dict[str, dict[str, Any]]:
        """Per hall: feeds with watts and peaks, what is off, and how many machines install at once."""
        return {hall["name"]: hall for hall in self._call("GET", "halls")["halls"]}

    def requests(self) -> tuple[int, int]:
        """How many requests came to any BMC or hall service so far, and how many hang right now."""
        found = self._call("GET", "requests")
        return found["requests"], found["held"]

    def cut(self, words: str) -> None:
        """Cut something: `hall oslo`, `feed oslo/a`, `rack oslo/r1`, `uplink oslo/fibre`, `cable SN1`,
        `server SN1` (taken out of its rack), `power SN1` (by its button).

        Raises ValueError if there is no such thing.
        """
        self._call("POST", "switches", json.dumps({"cut": words}))

    def restore(self, words: str) -> None:
        """Restore what was cut; a breaker that has tripped is closed.

        Raises ValueError if there is no such thing.
        """
        self._call("POST", "switches", json.dumps({"restore": words}))

    def swap(self, serial: str, other: str) -> None:
        """Let hardware of another serial number stand where a server stood: off, with nothing installed.

        Raises ValueError if there is no such server.
        """
        self._call("POST", "swaps", json.dumps({"serial": serial, "other": other}))

    def reset_peaks(self) -> None:
        """Measure all peaks from now on."""
        self._call("DELETE", "peaks")

    def release_held(self) -> None:
        """Let requests that hang end without an answer; the faults stay."""
        self._call("DELETE", "held")

    def inject(self, rules: Iterable[FaultRule]) -> None:
        """Spoil requests from now on."""
        self._call("POST", "faults", json.dumps([asdict(rule) for rule in rules]))

    def clear_faults(self) -> None:
        """Spoil nothing any more."""
        self._call("DELETE", "faults")

    def _call(self, method: str, name: str, body: str | None = None) -> Any:
        endpoint = read_endpoint(self._directory)
        try:
            context = ssl.create_default_context(cafile=str(self._directory / CA_FILE))
            connection = http.client.HTTPSConnection(
                "127.0.0.1", endpoint.port, timeout=self._timeout_seconds, context=context
            )
            try:
                connection.request(method, f"/_control/{name}", body, {"Host": _HOST})
                answer = connection.getresponse()
                raw = answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise SimulatorNotRunningError(
                f"{self._directory}: the simulator on port {endpoint.port} does not answer ({error}); "
                "start it again: argosy metal simulate ENV --detach"
            ) from None
        if answer.status >= 300:
            raise ValueError(f"control {name}: HTTP {answer.status}: {raw.decode(errors='replace')}")
        return json.loads(raw) if raw else None
