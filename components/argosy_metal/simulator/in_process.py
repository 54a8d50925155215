"""Start a simulator in this process: for tests, and as the heart of the detached one."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiohttp import web

from argosy_metal.simulator.app import CONTROL_HOST, SimulatorApp
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.certificates import make_server_context
from argosy_metal.simulator.clock import ScaledClock, SimulatedClock
from argosy_metal.simulator.endpoint import CA_FILE, PASSWORD_FILE, USERNAME_FILE, Endpoint, domain_of
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.world import USERNAME, FaultRule, SimulatorConfig

_LOOPBACK = "127.0.0.1"
_SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that answers by now."""

    simulation: Simulation
    endpoint: Endpoint
    ports: Mapping[str, int]
    """With one port per BMC: BMC host name to port."""
    ca_file: Path
    password: str = field(repr=False)
    _app: SimulatorApp = field(repr=False)
    username: str = USERNAME

    def resolve(self, host: str) -> tuple[str, int] | None:
        """For the Redfish client: where a simulated host name is found; None for any other."""
        return self.endpoint.resolve(host)

    def bmc(self, serial: str) -> Bmc:
        """Look inside a server, e.g. at its counters."""
        return self.simulation.bmc(serial)

    def inject(self, *rules: FaultRule) -> None:
        """Spoil requests from now on."""
        self.simulation.faults.add(rules)

    def clear_faults(self) -> None:
        """Spoil nothing any more; hanging requests end without an answer."""
        self.simulation.faults.clear()
        self._app.release_hanging()


@asynccontextmanager
async def simulate(
    config: SimulatorConfig,
    directory: Path,
    *,
    clock: SimulatedClock | None = None,
    ports: Literal["one", "each"] = "one",
) -> AsyncGenerator[RunningSimulator]:
    """Simulate until the block ends. All that stays is in `directory`; state found there is taken up again.

    `ports="each"` gives every BMC a loopback port of its own besides, for clients that cannot be told where a
    host name leads.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    password = _credentials(directory)
    store = MachineStore(directory / "simulator.sqlite")
    simulation = Simulation(config, clock or ScaledClock(config.time_scale, store.now()), store, password)
    pid, instance = os.getpid(), secrets.token_hex(16)
    app = SimulatorApp(simulation, {"pid": pid, "instance": instance})
    context = make_server_context([*simulation.hosts, CONTROL_HOST, "localhost"], directory / CA_FILE)
    # A client that goes away ends its hanging request, so that what is in flight is counted right.
    runner = web.AppRunner(
        app.web_app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
    )
    await runner.setup()
    try:
        port = await _listen(runner, context)
        own_ports = {host: await _listen(runner, context) for host in _bmc_hosts(config) if ports == "each"}
        app.host_of_port |= {own: host for host, own in own_ports.items()}
        domains = tuple(sorted({domain_of(host) for host in simulation.hosts}))
        endpoint = Endpoint(pid, port, instance, config.digest(), domains)
        yield RunningSimulator(simulation, endpoint, own_ports, directory / CA_FILE, password, app)
    finally:
        app.release_hanging()
        # Released handlers need one turn of the loop to end.
        await asyncio.sleep(0)
        await runner.cleanup()
        simulation.save()
        store.close()


async def _listen(runner: web.AppRunner, context: ssl.SSLContext) -> int:
    listener = socket.create_server((_LOOPBACK, 0), backlog=1024)
    await web.SockSite(runner, listener, ssl_context=context).start()
    return listener.getsockname()[1]


def _bmc_hosts(config: SimulatorConfig) -> list[str]:
    return [server.bmc_host for hall in config.halls for server in hall.servers]


def _credentials(directory: Path) -> str:
    """The BMCs' password, made at the first start; user name and password stand in files of their own."""
    password_file = directory / PASSWORD_FILE
    if not password_file.exists():
        _write_private(password_file, secrets.token_urlsafe(24))
        _write_private(directory / USERNAME_FILE, USERNAME)
    return password_file.read_text(encoding="utf-8").strip()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text + "\n")
