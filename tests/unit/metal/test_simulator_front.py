"""How a simulator knows whom a connection is for, and proves to be it."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from argosy_metal.simulator import (
    FaultRule,
    HallEvent,
    ManualClock,
    SimulatorControl,
    SimulatorNotRunningError,
    SwitchError,
)
from argosy_metal.simulator.certificates import make_server_context, wildcards
from argosy_metal.simulator.client_hello import NotYetError, host_named_in
from argosy_metal.simulator.curl_file import write_curl_file
from argosy_metal.simulator.in_process import RunningSimulator, simulate

from .simulated_halls import RULES, config_of, hall_of, running, until


def hello(host: str | None) -> bytes:
    """What OpenSSL sends first to this host."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.check_hostname = host is not None
    connection = context.wrap_bio(incoming, outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("host", ["bmc-1.hall.test", "a" * 60 + ".hall.test"])
def test_the_host_stands_in_the_first_message_of_a_connection(host: str) -> None:
    assert host == host_named_in(hello(host))


def test_a_client_that_names_no_host_is_for_nobody() -> None:
    assert "" == host_named_in(hello(None))


def test_of_every_beginning_of_a_first_message_more_is_awaited() -> None:
    whole = hello("bmc-1.hall.test")
    for length in range(len(whole)):
        with pytest.raises(NotYetError):
            host_named_in(whole[:length])


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00",
        b"\x16\x03\x01\x00\x05\x02\x00\x00\x00\x00",
        b"\x16\x03\x01\x00\x06\x01" + b"\xff" * 5,
    ],
)
def test_what_is_no_first_message_names_nobody(data: bytes) -> None:
    assert "" == host_named_in(data)


def test_any_byte_of_a_first_message_may_be_wrong_without_harm() -> None:
    whole = hello("bmc-1.hall.test")
    for at in range(5, len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        assert isinstance(host_named_in(damaged), str)


def test_names_that_share_a_domain_share_one_wildcard_and_short_ones_stand_for_themselves() -> None:
    names = ["bmc-1.hall.test", "bmc-2.hall.test", "provision.hall.test", "control.test", "localhost"]

    assert ["*.hall.test", "control.test", "localhost"] == wildcards(names)


def test_the_certificate_of_ten_thousand_hosts_is_a_small_one(tmp_path: Path) -> None:
    hosts = [f"bmc-{number}.hall.test" for number in range(10_000)]
    make_server_context(hosts, tmp_path / "ca.pem")
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())

    assert ["*.hall.test"] == wildcards(hosts)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_file_for_curl_is_its_owners_alone_and_quotes_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "bmc-password").write_text('a"b\\c\n')
    for port in (1, 4711):
        write_curl_file(tmp_path, port)
    lines = (tmp_path / "curl.conf").read_text().splitlines()

    assert 0o600 == (tmp_path / "curl.conf").stat().st_mode & 0o777
    assert ['connect-to = "::127.0.0.1:4711"', r'user = "argosy:a\"b\\c"'] == lines[1:]


@pytest.fixture
async def simulator(tmp_path: Path) -> Any:
    events = (HallEvent(1000, cut="cable SN4"),)
    config = config_of(hall_of(4, rated_watts=400), events=events)
    async with simulate(config, tmp_path / "sim", clock=ManualClock()) as found:
        found.endpoint.write(tmp_path / "sim")
        yield found


async def ask(simulator: RunningSimulator, method: str, *arguments: Any) -> Any:
    control = SimulatorControl(simulator.ca_file.parent)
    return await asyncio.to_thread(getattr(control, method), *arguments)


async def test_the_control_service_cuts_restores_and_swaps(simulator: RunningSimulator) -> None:
    await ask(simulator, "cut", "rack hall/r1")
    cut = (await ask(simulator, "halls"))["hall"]["cut"]
    dark = {serial for serial, shown in (await ask(simulator, "servers")).items() if not shown["has_power"]}
    await ask(simulator, "restore", "rack hall/r1")
    await ask(simulator, "swap", "SN3", "SN9")

    assert (["rack hall/r1"], {"SN1", "SN2"}) == (cut, dark)
    assert [] == (await ask(simulator, "halls"))["hall"]["cut"]
    assert ["SN1", "SN2", "SN4", "SN9"] == list(await ask(simulator, "servers"))


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("cut", ["moon"]),
        ("cut", ["cable SN99"]),
        ("restore", ["feed hall/z"]),
        ("swap", ["SN1", "SN2"]),
        ("swap", ["SN1", "no/serial"]),
    ],
)
async def test_the_control_service_refuses_what_is_nowhere(
    simulator: RunningSimulator, method: str, arguments: list[str]
) -> None:
    with pytest.raises(ValueError, match="HTTP 400"):
        await ask(simulator, method, *arguments)


async def test_the_control_service_shows_watts_peaks_and_trips(simulator: RunningSimulator) -> None:
    clock = simulator.simulation.clock
    assert isinstance(clock, ManualClock)
    for serial in ("SN1", "SN2"):
        simulator.bmc(serial).machine.reset("On", clock.now())
        simulator.simulation.hall("hall").settle(serial, clock.now())
    clock.advance(20)
    feed = (await ask(simulator, "halls"))["hall"]["feeds"]["a"]
    await ask(simulator, "reset_peaks")
    later = (await ask(simulator, "halls"))["hall"]["feeds"]["a"]

    assert {"alive": False, "rated_watts": 400, "watts": 0, "trips": 1} == {
        key: feed[key] for key in ("alive", "rated_watts", "watts", "trips")
    }
    assert (3100, 600, 0) == (feed["peak_watts"], feed["peak_steady_watts"], later["peak_watts"])


async def test_the_control_service_tells_how_many_requests_came_and_hang(simulator: RunningSimulator) -> None:
    simulator.inject(FaultRule("hang"))
    port = simulator.endpoint.port
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="bmc-1.hall.test"
    )
    writer.write(b"GET /redfish/v1/ HTTP/1.1\r\nHost: bmc-1.hall.test\r\n\r\n")
    await until(lambda: simulator.delivery.held == 1)
    assert (1, 1) == await ask(simulator, "requests")
    await ask(simulator, "release_held")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.transport.abort()

    assert (1, 0) == await ask(simulator, "requests")


async def test_a_connection_that_cannot_be_accepted_does_not_end_the_listening(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, [OSError(errno.EMFILE, "Too many open files")]

    async def sometimes(listener: socket.socket) -> Any:
        if failures:
            raise failures.pop()
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", sometimes)
    # The first one is waited for already; the one after it fails.
    assert [4, 4] == [len(await ask(simulator, "servers")) for _ in range(2)]

    assert [] == failures
    assert "no connection can be accepted (Too many open files)" in caplog.text


async def test_an_event_about_nothing_keeps_the_simulator_from_starting(tmp_path: Path) -> None:
    config = config_of(hall_of(1), events=(HallEvent(1, cut="hall nowhere"),))
    with pytest.raises(SwitchError, match="at 1 s: there is no hall 'nowhere'"):
        async with simulate(config, tmp_path / "sim", clock=ManualClock()):
            pass
    with pytest.raises(SimulatorNotRunningError):
        SimulatorControl(tmp_path / "sim").halls()


def test_thousands_of_servers_start_lose_their_power_and_come_back_in_one_process(tmp_path: Path) -> None:
    count = 5000
    with running(config_of(hall_of(count, rated_watts=count * 3000)), tmp_path) as hall:
        run = hall.simulation.hall("hall")
        for number in range(1, count + 1):
            machine = hall.simulation.bmc(f"SN{number}").machine
            machine.set_restore("AlwaysOn", 0)
            machine.reset("On", 0)
            run.settle(f"SN{number}", 0)
        hall.pass_time(1000)
        on = hall.watts()
        hall.cut("hall hall")
        hall.restore("hall hall")
        hall.pass_time(1000)

        # With nothing to boot they stay in their firmware.
        assert count * 1000 * RULES.idle / 2 == on[0]
        assert on == hall.watts()
        assert count * 3000 / 2 == hall.feed("a")["peak_watts"]
