"""Times a simulator of 10,000 servers against one of 100, side by side and in turn, and prints the ratio.

    .venv/bin/python benchmarks/simulator.py [SERVERS]

Each is a process of its own. The client keeps one TLS connection to each of 32 BMCs, and reads over and over
by a session's token, as a provider does; it does next to nothing else, so that what is measured is the
simulator. Rates are per second of the simulator's own processor time, which other work on the computer slows
down least; it has one thread. Exit code 1: the median ratio of the rates is under the limit, so a request
costs more the more servers there are, or the large one's median is under 1,000 requests.
"""

import asyncio
import json
import os
import ssl
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from argosy_metal.simulator import (
    CA_FILE,
    PASSWORD_FILE,
    USERNAME,
    Endpoint,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    start_detached,
    stop,
)

FEW, MANY = 100, 10_000
LEAST_RATIO = 0.8
LEAST_RATE = 1000
ROUNDS = 5
CONNECTIONS = 32
REQUESTS = 4000
PATHS = ("/redfish/v1/Systems/DGX", "/redfish/v1/Managers/BMC", "/redfish/v1/Chassis/DGX")


@dataclass
class Running:
    """A simulator that answers."""

    servers: int
    directory: Path
    endpoint: Endpoint
    start_seconds: float

    @property
    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.endpoint.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    @property
    def processor_seconds(self) -> float:
        fields = (
            Path(f"/proc/{self.endpoint.pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def config_of(servers: int) -> SimulatorConfig:
    made = tuple(
        SimulatedServer(
            f"bmc-{n}.hall.test", f"SN{n}", "dgx-h200", f"r{n // 4}", ("a", "b"), max_watts=10_200
        )
        for n in range(servers)
    )
    feeds = tuple(SimulatedFeed(name, 10_200 * servers) for name in "ab")
    return SimulatorConfig((SimulatedHall("hall", "provision.hall.test", made, feeds),), time_scale=600)


def start(servers: int, folder: Path) -> Running:
    config = config_of(servers)
    began = time.perf_counter()
    endpoint = start_detached(config, folder, timeout_seconds=120)
    return Running(servers, folder, endpoint, time.perf_counter() - began)


async def rate(running: Running) -> float:
    """Requests per second of the simulator's processor time."""
    context = ssl.create_default_context(cafile=str(running.directory / CA_FILE))
    step = running.servers // CONNECTIONS
    clients = [await connect(running, f"bmc-{n * step}.hall.test", context) for n in range(CONNECTIONS)]
    began = running.processor_seconds
    await asyncio.gather(*(client.read(REQUESTS // CONNECTIONS) for client in clients))
    taken = running.processor_seconds - began
    await asyncio.gather(*(client.leave() for client in clients))
    return REQUESTS / taken


@dataclass
class Client:
    """One connection, logged in."""

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str = ""
    session: str = ""

    async def ask(self, method: str, path: str, body: str = "") -> tuple[dict[str, str], bytes]:
        token = f"X-Auth-Token: {self.token}\r\n" if self.token else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{token}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write((head + body).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if not head.startswith("HTTP/1.1 2"):
            raise SystemExit(f"{method} {path}: {head}")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        return headers, await self.reader.readexactly(int(headers.get("Content-Length", 0)))

    async def log_in(self, password: str) -> None:
        account = json.dumps({"UserName": USERNAME, "Password": password})
        headers, _ = await self.ask("POST", "/redfish/v1/SessionService/Sessions", account)
        self.token, self.session = headers["X-Auth-Token"], headers["Location"]

    async def read(self, requests: int) -> None:
        for number in range(requests):
            await self.ask("GET", PATHS[number % len(PATHS)])

    async def leave(self) -> None:
        await self.ask("DELETE", self.session)
        self.writer.close()
        await self.writer.wait_closed()


async def connect(running: Running, host: str, context: ssl.SSLContext) -> Client:
    streams = await asyncio.open_connection(
        "127.0.0.1", running.endpoint.port, ssl=context, server_hostname=host
    )
    client = Client(host, *streams)
    await client.log_in((running.directory / PASSWORD_FILE).read_text(encoding="utf-8").strip())
    return client


def main(many: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        simulators: list[Running] = []
        try:
            for servers in (FEW, many):
                simulators.append(start(servers, Path(folder) / str(servers)))
            rounds = [[asyncio.run(rate(one)) for one in simulators] for _ in range(ROUNDS)]
            return show(simulators, rounds)
        finally:
            for one in simulators:
                stop(one.directory)


def show(simulators: list[Running], rounds: list[list[float]]) -> bool:
    table = Table(title="requests per second of processor time")
    for column in ("round", *(f"{one.servers:,} servers" for one in simulators)):
        table.add_column(column)
    for number, rates in enumerate(rounds, 1):
        table.add_row(str(number), *(f"{rate:,.0f}" for rate in rates))
    table.add_section()
    table.add_row("start, seconds", *(f"{one.start_seconds:.1f}" for one in simulators))
    table.add_row("memory, MB", *(f"{one.memory_mb:.0f}" for one in simulators))
    Console().print(table)
    ratio = statistics.median(large / small for small, large in rounds)
    most = statistics.median(large for _, large in rounds)
    print(f"median ratio {ratio:.2f}, at least {LEAST_RATIO}")
    print(f"{most:,.0f} requests per second of processor time, at least {LEAST_RATE:,}")
    return ratio >= LEAST_RATIO and most >= LEAST_RATE


if __name__ == "__main__":
    raise SystemExit(0 if main(int(sys.argv[1]) if sys.argv[1:] else MANY) else 1)
