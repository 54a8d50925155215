"""Start a simulator in this process: for tests, and as the heart of the detached one."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiohttp import web

from argosy_metal.provisioning.installs import Installs
from argosy_metal.simulator.app import SimulatorApp
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.clock import ScaledClock, SimulatedClock
from argosy_metal.simulator.control_service import CONTROL_HOST, ControlService
from argosy_metal.simulator.curl_file import write_curl_file
from argosy_metal.simulator.delivery import Delivery, Sleep
from argosy_metal.simulator.endpoint import (
    CA_FILE,
    HALL_TOKEN_FILE,
    PASSWORD_FILE,
    USERNAME_FILE,
    Endpoint,
    domain_of,
)
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.front import Front
from argosy_metal.simulator.hall_service import LIFETIME_SECONDS
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.switches import parse_switch
from argosy_metal.simulator.tls import Contexts
from argosy_metal.simulator.world import USERNAME, SimulatorConfig

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
    delivery: Delivery = field(repr=False)
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
        self.delivery.release()

    def cut(self, words: str) -> None:
        """Cut something by hand: `feed oslo/a`, `rack oslo/r1`, `cable SN1`, ….

        Raises SwitchError if there is no such thing.
        """
        self.simulation.switch(parse_switch(words), on=False)

    def restore(self, words: str) -> None:
        """Restore what was cut.

        Raises SwitchError if there is no such thing.
        """
        self.simulation.switch(parse_switch(words), on=True)


@asynccontextmanager
async def simulate(
    config: SimulatorConfig,
    directory: Path,
    *,
    clock: SimulatedClock | None = None,
    ports: Literal["one", "each"] = "one",
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[RunningSimulator]:
    """Simulate until the block ends. All that stays is in `directory`; state found there is taken up again.

    `ports="each"` gives every BMC a loopback port of its own besides, for clients that cannot be told where a
    host name leads. Slow links and dripping answers wait by `sleep`, in real seconds.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    password = _credentials(directory)
    with closing(MachineStore(directory / "simulator.sqlite")) as store, ExitStack() as closing_offers:
        now = clock or ScaledClock(config.time_scale, store.now())
        installs = Installs(directory / "installs.sqlite", now.now, LIFETIME_SECONDS)
        closing_offers.callback(installs.close)
        simulation = Simulation(config, now, store, password, installs, _hall_token(directory))
        pid, instance = os.getpid(), secrets.token_hex(16)
        delivery = Delivery(sleep)
        control = ControlService(simulation, delivery, {"pid": pid, "instance": instance})
        contexts = Contexts([*simulation.hosts, CONTROL_HOST, "localhost"], directory / CA_FILE)
        app = SimulatorApp(simulation, control, delivery, contexts)
        async with _serving(app, delivery, sleep) as front:
            port = front.listen()
            own_ports = {host: front.listen(host) for host in _bmc_hosts(config) if ports == "each"}
            app.host_of_port |= {own: host for host, own in own_ports.items()}
            write_curl_file(directory, port)
            domains = tuple(sorted({domain_of(host) for host in simulation.hosts}))
            endpoint = Endpoint(pid, port, instance, config.digest(), domains)
            yield RunningSimulator(simulation, endpoint, own_ports, directory / CA_FILE, password, delivery)
        simulation.save()


@asynccontextmanager
async def _serving(app: SimulatorApp, delivery: Delivery, sleep: Sleep) -> AsyncGenerator[Front]:
    # A client that goes away ends its hanging request, so that what is in flight is counted right.
    runner = web.AppRunner(
        app.web_app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
    )
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 - set up just now
    front = Front(server, app.welcome, app.begin_connection, sleep)
    try:
        yield front
    finally:
        await front.close()
        delivery.release()
        # Released handlers need one turn of the loop to end.
        await asyncio.sleep(0)
        await server.shutdown(_SHUTDOWN_SECONDS)
        await runner.cleanup()


def _bmc_hosts(config: SimulatorConfig) -> list[str]:
    return [server.bmc_host for hall in config.halls for server in hall.servers]


def _credentials(directory: Path) -> str:
    """The BMCs' password, made at the first start; user name and password stand in files of their own."""
    password_file = directory / PASSWORD_FILE
    if not password_file.exists():
        _write_private(password_file, secrets.token_urlsafe(24))
        _write_private(directory / USERNAME_FILE, USERNAME)
    return password_file.read_text(encoding="utf-8").strip()


def _hall_token(directory: Path) -> str:
    """What the halls' services take offers by, made at the first start."""
    token_file = directory / HALL_TOKEN_FILE
    if not token_file.exists():
        _write_private(token_file, secrets.token_urlsafe(24))
    return token_file.read_text(encoding="utf-8").strip()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text + "\n")
