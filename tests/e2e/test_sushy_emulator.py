"""Our client and lifecycle provision a server on OpenStack's sushy-emulator, a BMC that we did not write.

Its fake driver plays the hardware: power takes 1 to 11 s to change, an inserted image is really downloaded.
It plays no installer, so this test does: when the server is on with the image in its drive, it phones home.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import bcrypt
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.lifecycle import (
    Hands,
    Image,
    Journal,
    Leash,
    Limits,
    Machine,
    MachineError,
    NoProvisioning,
    RedfishServer,
    ReportService,
    Wanted,
    Wipe,
)
from argosy_metal.redfish import BmcGate, Credentials, Patience, RedfishClient, SystemClock, Trust
from argosy_metal.simulator.certificates import make_server_context

UUID = "27946b59-9e44-4fa7-8e91-f3527a1ef094"
ACCOUNT = ("operator", "correct-horse-battery")
BASIC = "Basic " + base64.b64encode(":".join(ACCOUNT).encode()).decode()
CONTENT = b"an installer image\n"
SYSTEM = f"/redfish/v1/Systems/{UUID}"
DRIVE = f"{SYSTEM}/VirtualMedia/Cd"


class HallService:
    """Gives out the image and tells what the machine last said."""

    def __init__(self) -> None:
        self.url = ""
        self.downloads: list[str] = []
        self.report: dict[str, Any] | None = None

    async def image(self, request: web.Request) -> web.Response:
        self.downloads.append(request.path_qs)
        return web.Response(body=CONTENT)

    async def phone_home(self, _: web.Request) -> web.Response:
        return web.json_response(self.report, status=200 if self.report else 404)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncGenerator[HallService]:
    service, app = HallService(), web.Application()
    app.router.add_get("/images/node.iso", service.image)
    app.router.add_get("/phone-home/{serial}", service.phone_home)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = make_server_context(["localhost"], tmp_path / "hall-ca.pem")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    service.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


class Emulator:
    """A running emulator, and what one sees of its server past our client."""

    def __init__(self, url: str, certificate_sha256: str) -> None:
        self.url = url
        self.certificate_sha256 = certificate_sha256

    async def ask(self, path: str) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession(headers={"Authorization": BASIC}) as http,
            http.get(self.url + path, ssl=False) as answer,
        ):
            return await answer.json()

    async def answers(self) -> bool:
        try:
            return bool(await self.ask("/redfish/v1/"))
        except aiohttp.ClientError:
            return False


def self_signed(folder: Path) -> str:
    """Write `bmc.pem` and `bmc.key` of a BMC that nobody vouches for; gives the certificate's sha256."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bmc")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "bmc.pem").write_bytes(made.public_bytes(pem))
    (folder / "bmc.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made.fingerprint(hashes.SHA256()).hex()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
async def emulator(tmp_path: Path, hall: HallService) -> AsyncGenerator[Emulator]:
    state, port = tmp_path / "emulator", free_port()
    state.mkdir()
    fingerprint = self_signed(tmp_path)
    digest = bcrypt.hashpw(ACCOUNT[1].encode(), bcrypt.gensalt(4)).decode()
    (tmp_path / "accounts").write_text(f"{ACCOUNT[0]}:{digest}\n")
    config: dict[str, Any] = {
        "SUSHY_EMULATOR_AUTH_FILE": str(tmp_path / "accounts"),
        "SUSHY_EMULATOR_STATE_DIR": str(state),
        "SUSHY_EMULATOR_VMEDIA_VERIFY_SSL": str(tmp_path / "hall-ca.pem"),
        "SUSHY_EMULATOR_FAKE_SYSTEMS": [
            {"uuid": UUID, "name": "node-1", "power_state": "Off", "external_notifier": False, "nics": []}
        ],
    }
    (tmp_path / "emulator.conf").write_text(
        "".join(f"{name} = {value!r}\n" for name, value in config.items())
    )
    with (tmp_path / "emulator.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "sushy-emulator"),
            *("--fake", "--config", str(tmp_path / "emulator.conf"), "-i", "127.0.0.1", "-p", str(port)),
            *("--ssl-certificate", str(tmp_path / "bmc.pem"), "--ssl-key", str(tmp_path / "bmc.key")),
            stdout=log,
            stderr=log,
        )
    made = Emulator(f"https://127.0.0.1:{port}", fingerprint)
    try:
        async with asyncio.timeout(60):
            while not await made.answers():
                assert process.returncode is None, (tmp_path / "emulator.log").read_text()
                await asyncio.sleep(0.2)
        yield made
    finally:
        process.terminate()
        await process.wait()


class NoWiper:
    def fault(self, wipe: Wipe) -> str | None:
        return None

    async def wipe(self, wipe: Wipe) -> str:
        raise AssertionError("nobody asked for it")


class Stack:
    """A stack that has claimed the server."""

    def __init__(self, folder: Path, hall: HallService, emulator: Emulator) -> None:
        self._hall, self._emulator = hall, emulator
        self._services = Trust(ca_file=folder / "hall-ca.pem")
        self.image = Image(f"{hall.url}/images/node.iso", hashlib.sha256(CONTENT).hexdigest())
        self.store = SqliteClaimStore(folder / "claims.sqlite", RunIdentity("run-1"))
        self.store.claim(Claim("hall", UUID, "train/slot-01", "lab/local", "urn", 0, {}))

    @property
    def claim(self) -> Claim:
        found = self.store.find("hall", UUID)
        assert found is not None
        return found

    @asynccontextmanager
    async def machine(self, pinned: str | None = None) -> AsyncGenerator[Machine]:
        patience, clock = Patience(connect_seconds=5, read_seconds=10, total_seconds=15), SystemClock()
        reports = ReportService(f"{self._hall.url}/phone-home", self._services, patience, None, "argosy-test")
        client = RedfishClient(
            self._emulator.url,
            Credentials(*ACCOUNT),
            trust=Trust(fingerprint_sha256=pinned or self._emulator.certificate_sha256),
            user_agent="argosy-test",
            patience=patience,
            gate=BmcGate(),
        )
        hands = Hands(
            server=RedfishServer(client, UUID),
            reports=reports,
            provisioning=NoProvisioning(),
            wiper=NoWiper(),
            budgets=HallBudgets(BudgetLimits(), clock),
            limits=Limits(poll_seconds=0.3, install_seconds=60),
            clock=clock,
            leash=Leash(clock, None, asyncio.Event()),
        )
        async with client:
            yield Machine(Journal(self.store, self.claim), hands)
        await reports.close()


async def play_the_installer(hall: HallService, emulator: Emulator) -> None:
    """Install once the server is on with an image in its drive and boots from it, then report."""
    while True:
        system, drive = await emulator.ask(SYSTEM), await emulator.ask(DRIVE)
        boots = system["Boot"].get("BootSourceOverrideTarget") == "Cd"
        if system["PowerState"] == "On" and drive["Inserted"] and boots:
            break
        await asyncio.sleep(0.3)
    query = parse_qs(urlsplit(str(drive["Image"])).query)
    hall.report = {"install_id": query["install"][0], "boot_id": "boot-1", "image_sha256": query["sha256"][0]}


async def test_a_server_is_provisioned_and_taken_down_on_a_bmc_that_we_did_not_write(
    tmp_path: Path, hall: HallService, emulator: Emulator
) -> None:
    stack = Stack(tmp_path, hall, emulator)
    installer = asyncio.create_task(play_the_installer(hall, emulator))
    async with stack.machine() as machine:
        running = await machine.bring_up(Wanted(stack.image), online=True)
    await installer

    assert (Phase.RUNNING, "boot-1", "On") == (stack.claim.phase, running.boot_id, running.power)
    assert 1 == len(hall.downloads), "the image was fetched once"
    assert not (await emulator.ask(DRIVE))["Inserted"]

    async with stack.machine() as machine:
        await machine.bring_up(Wanted(stack.image), online=True)
    assert 1 == len(hall.downloads), "a second run does nothing"

    async with stack.machine() as machine:
        await machine.take_down()
    assert (Phase.CLAIMED, "Off") == (stack.claim.phase, (await emulator.ask(SYSTEM))["PowerState"])


async def test_a_bmc_with_another_certificate_than_the_pinned_one_gets_no_password(
    tmp_path: Path, hall: HallService, emulator: Emulator
) -> None:
    stack = Stack(tmp_path, hall, emulator)
    async with stack.machine(pinned="00" * 32) as machine:
        with pytest.raises(MachineError, match=f"sha256 is {emulator.certificate_sha256}, and another one"):
            await machine.bring_up(Wanted(stack.image), online=True)

    assert ([], "Off") == (hall.downloads, (await emulator.ask(SYSTEM))["PowerState"])
    assert ACCOUNT[1] not in (tmp_path / "emulator.log").read_text()
