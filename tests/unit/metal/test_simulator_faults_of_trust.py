"""Spoilt sessions, tasks, clocks, certificates and connections, as a plain HTTP client meets them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import pytest

from argosy_metal.simulator import FaultRule, ManualClock
from argosy_metal.simulator.fault_rules import FaultKind

from .fault_client import LOST, ROOT, SYSTEM, Answer, Client, asked
from .simulated_halls import config_of, hall_of, until

SESSIONS = f"{ROOT}/SessionService/Sessions"
TEN_YEARS = 10 * 365 * 86400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Client]:
    async with asked(config_of(hall_of(2)), tmp_path, clock) as found:
        yield found


async def log_in(client: Client) -> Answer:
    account = {"UserName": "argosy", "Password": client.simulator.password}
    return await client.ask("POST", SESSIONS, account, headers={"Accept": "*/*"})


async def with_token(client: Client, token: str, path: str = SYSTEM) -> Answer:
    return await client.ask(path=path, headers={"X-Auth-Token": token})


async def test_sessions_are_forgotten(client: Client) -> None:
    token = (await log_in(client)).headers["X-Auth-Token"]
    client.simulator.inject(FaultRule("drop-sessions", times=1))

    assert 401 == (await with_token(client, token)).status
    assert 1 == client.simulator.bmc("SN1").sessions.leaked
    assert 201 == (await log_in(client)).status


async def test_all_sessions_are_in_use_and_nothing_else_is_wrong(client: Client) -> None:
    client.simulator.inject(FaultRule("sessions-full"))
    answer = await log_in(client)

    assert (503, "SessionLimitExceeded") == (answer.status, answer.messages[0].rpartition(".")[2])
    assert 200 == (await client.ask()).status


async def test_the_password_is_another_one_by_now(client: Client) -> None:
    token = (await log_in(client)).headers["X-Auth-Token"]
    client.simulator.inject(FaultRule("password-rotated"))

    assert [401, 401, 401] == [
        (await with_token(client, token)).status,
        (await log_in(client)).status,
        (await client.ask()).status,
    ]


async def test_a_login_succeeds_and_says_that_the_password_must_be_changed_before_anything_else(
    client: Client,
) -> None:
    client.simulator.inject(FaultRule("password-change-required"))
    login = await log_in(client)
    refused = await with_token(client, login.headers["X-Auth-Token"])

    assert (201, 403) == (login.status, refused.status)
    said = login.body["@Message.ExtendedInfo"][0]["MessageId"]
    assert {"PasswordChangeRequired"} == {name.rpartition(".")[2] for name in (said, refused.messages[0])}


TASK_RESET = f"{ROOT}/Systems/DGX/Actions/ComputerSystem.Reset"


@pytest.fixture
async def dgx(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Client]:
    """A server whose BMC answers with tasks."""
    hall = hall_of(1)
    servers = tuple(
        replace(server, server_type="gb200-nvl72-tray", vendor="ami-dgx") for server in hall.servers
    )
    config = config_of(replace(hall, servers=servers))
    async with asked(config, tmp_path / "dgx", clock) as found:
        yield found


@pytest.mark.parametrize(
    ("kind", "state"), [("task-stuck", "Running"), ("task-exception", "Exception"), (None, "Completed")]
)
async def test_a_task_is_stuck_or_fails(
    dgx: Client, clock: ManualClock, kind: FaultKind | None, state: str
) -> None:
    if kind is not None:
        dgx.simulator.inject(FaultRule(kind, path=TASK_RESET))
    accepted = await dgx.ask("POST", TASK_RESET, {"ResetType": "On"})
    clock.advance(100_000)
    task = (await dgx.ask(path=accepted.body["@odata.id"])).body

    assert (202, state) == (accepted.status, task["TaskState"])


async def test_an_accepted_request_names_no_task(dgx: Client) -> None:
    dgx.simulator.inject(FaultRule("no-location"))
    answer = await dgx.ask("POST", TASK_RESET, {"ResetType": "On"})

    assert 202 == answer.status
    assert "Location" not in answer.headers


async def test_the_clocks_of_a_bmc_are_right_where_no_fault_is_in_force(client: Client) -> None:
    now = datetime.now(UTC).timestamp()
    for path in ("Managers/BMC", "TaskService"):
        shown = (await client.ask(path=f"{ROOT}/{path}")).body["DateTime"]

        assert pytest.approx(now, abs=30) == datetime.fromisoformat(shown).timestamp(), path


@pytest.mark.parametrize("offset", [TEN_YEARS, -TEN_YEARS])
async def test_the_clock_of_a_bmc_is_off(client: Client, offset: float) -> None:
    client.simulator.inject(FaultRule("clock-off", offset_seconds=offset))
    answer = await client.ask(path=f"{ROOT}/Managers/BMC")
    now = datetime.now(UTC).timestamp()

    assert pytest.approx(now + offset, abs=30) == parsedate_to_datetime(answer.headers["Date"]).timestamp()
    shown = datetime.fromisoformat(answer.body["DateTime"])
    assert pytest.approx(now + offset, abs=30) == shown.timestamp()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("tls-expired", "certificate has expired"),
        ("tls-not-yet-valid", "certificate is not yet valid"),
        ("tls-wrong-ca", "certificate verify failed"),
    ],
)
async def test_a_certificate_is_wrong_for_the_host_that_is_named_and_for_no_other(
    client: Client, kind: FaultKind, reason: str
) -> None:
    client.simulator.inject(FaultRule(kind, host="bmc-1.*"))
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match=reason):
        await client.ask()

    assert 200 == (await client.ask(server=2)).status


async def test_a_changed_certificate_is_of_the_same_authority_and_has_another_fingerprint(
    client: Client,
) -> None:
    with pytest.raises(aiohttp.ServerFingerprintMismatch) as before:
        await client.ask(fingerprint=b"0" * 32)
    client.simulator.inject(FaultRule("tls-changed"))
    assert 200 == (await client.ask()).status

    with pytest.raises(aiohttp.ServerFingerprintMismatch) as after:
        await client.ask(fingerprint=before.value.got)
    assert before.value.got != after.value.got


async def test_a_connection_is_refused_before_tls_begins(client: Client) -> None:
    client.simulator.inject(FaultRule("refuse-connection", host="bmc-1.*", times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.ask()

    assert 200 == (await client.ask()).status


async def test_a_host_that_is_not_reachable_resets_connections_old_and_new(client: Client) -> None:
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", client.simulator.endpoint.port, ssl=context, server_hostname="bmc-1.hall.test"
    )
    await until(lambda: client.simulator.bmc("SN1").traffic.open_connections == 1)
    client.simulator.cut("uplink hall/uplink")
    with pytest.raises(LOST):
        await client.ask()
    writer.write(b"GET /redfish/v1/ HTTP/1.1\r\nHost: bmc-1.hall.test\r\n\r\n")
    with pytest.raises(LOST):
        await reader.readexactly(1)
    writer.transport.abort()
    client.simulator.restore("uplink hall/uplink")

    assert 200 == (await client.ask()).status


async def test_connections_are_counted_per_bmc_with_their_peak(client: Client) -> None:
    context = ssl.create_default_context(cafile=str(client.simulator.ca_file))
    writers: list[asyncio.StreamWriter] = []
    for _ in range(3):
        _, writer = await asyncio.open_connection(
            "127.0.0.1", client.simulator.endpoint.port, ssl=context, server_hostname="bmc-1.hall.test"
        )
        writers.append(writer)
    traffic = client.simulator.bmc("SN1").traffic
    await until(lambda: traffic.open_connections == 3)
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    await until(lambda: traffic.open_connections == 0)

    assert (3, 3) == (traffic.connections, traffic.peak_connections)
    assert 0 == client.simulator.bmc("SN2").traffic.connections


async def test_a_client_that_speaks_no_tls_or_leaves_again_harms_nobody(client: Client) -> None:
    for said in (b"GET / HTTP/1.1\r\n\r\n", b"", b"\x16\x03\x01\x02\x00\x01"):
        connection = socket.create_connection(("127.0.0.1", client.simulator.endpoint.port))
        connection.sendall(said)
        await asyncio.sleep(0.01)
        connection.close()

    assert 200 == (await client.ask()).status
