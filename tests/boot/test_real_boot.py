"""A real operating system on virtual servers, from a claim to a system that phones home: `make e2e-boot`.

Nothing here is simulated by us: sushy-tools plays the BMCs, QEMU the servers, and the firmware, kernel and
disk are real. `pulumi up` drives the provider, which drives both; the hall's service runs in this process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argosy_metal.provisioning.images import image_folder
from argosy_metal.provisioning.serve import Listen, provisioning
from argosy_metal.provisioning.service import ServiceSettings

from ..e2e.conftest import Engine, PulumiProject
from .build_image import PACKAGES, TOOLS, build_installer
from .virtual_servers import VirtualHall, VirtualServer, emulator_environment, virtual_hall

ROOT = Path(__file__).resolve().parents[2]
UUIDS = [f"7a5e0000-0000-4000-8000-00000000000{number}" for number in (1, 2)]
HOST_OF_GUESTS = "10.0.2.2"
"""Where QEMU's user network leads a guest to this computer's loopback interface."""
GREETING = "the user data has run here"
PROJECT = f"""\
name: boot-trial
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}
main: program
plugins:
  providers:
    - {{name: baremetal, path: {ROOT}/components/argosy_metal/plugin}}
"""
PROGRAM = """\
import pulumi
from argosy_metal.resources import BareMetalProvider, Machine, ServerClaim

config = pulumi.Config()
hall = BareMetalProvider(
    "hall",
    claims={"backend": "sqlite", "path": "claims.sqlite"},
    phone_home=f"{config.require('service')}/phone-home",
    ca_certificate="authority.pem",
    provisioning=config.require("service"),
    provisioning_token_ref="file:hall-token",
)
for number, serial in enumerate(config.require_object("serials"), 1):
    claim = ServerClaim(
        f"claim-{number}",
        site="hall",
        serial=serial,
        slot=f"train/slot-0{number}",
        bmc=config.require("bmc"),
        rack="r1",
        feeds=["a", "b"],
        username_ref="file:bmc-username",
        password_ref="file:bmc-password",
        opts=pulumi.ResourceOptions(provider=hall),
    )
    machine = Machine(
        f"machine-{number}",
        server_id=claim.server_id,
        image_url=f"{config.require('service')}/images/installer.iso",
        image_sha256=config.require("sha256"),
        root_device_hints={"serial": f"DISK{number:04}"},
        user_data_ref="file:user-data",
        user_data_sha256=config.require("user-data"),
        opts=pulumi.ResourceOptions(provider=hall, parent=claim),
    )
    pulumi.export(f"boot-{number}", machine.boot_id)
"""


@dataclass(frozen=True)
class Site:
    """The hall's service and BMCs, and the project that brings its servers up."""

    folder: Path
    hall: VirtualHall
    service: str


@pytest.fixture(scope="module")
def tools() -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing; on Debian: apt-get install {' '.join(PACKAGES)}")


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    # Not below pytest's own folder, which nobody else may enter: libvirt may run as another user.
    with tempfile.TemporaryDirectory(prefix="argosy-boot-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def site(tools: None, folder: Path) -> Generator[Site]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "argosy"
    certificate, key = make_certificate(folder)
    (folder / "build").mkdir()
    (folder / "servers").mkdir()
    images = image_folder(folder / "service")
    shutil.move(build_installer(folder / "build"), images / "installer.iso")
    (folder / "hall-token").write_text("the-token-of-the-hall\n")
    (folder / "user-data").write_text(f"echo {GREETING}\n")
    with (
        serving(folder, certificate, key) as service,
        virtual_hall(folder / "servers", emulator_environment(cache), certificate, key, UUIDS) as hall,
    ):
        (folder / "bmc-username").write_text(hall.username)
        (folder / "bmc-password").write_text(hall.password)
        yield Site(folder, hall, service)


@pytest.mark.timeout(900)
def test_an_operating_system_is_installed_boots_from_disk_and_phones_home(site: Site, engine: Engine):
    project = make_project(site, engine)
    up = project.pulumi("up", "--yes", "--skip-preview", seconds=600)

    assert 0 == up.returncode, up.stdout + consoles(site.hall.servers)
    for server in site.hall.servers:
        console = console_of(server)
        assert "argosy: installed on /dev/vda" in console
        assert GREETING in console
        assert "argosy: phoned home" in console
    again = project.pulumi("preview", "--expect-no-changes", "--refresh")
    assert 0 == again.returncode, again.stdout
    down = project.pulumi("destroy", "--yes", "--skip-preview")
    assert 0 == down.returncode, down.stdout


def make_project(site: Site, engine: Engine) -> PulumiProject:
    folder = site.folder
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text(PROGRAM)
    project = engine.project(folder, folder)
    project.pulumi("stack", "init", "local")
    settings = {
        "service": site.service,
        "bmc": site.hall.url,
        "sha256": digest(folder / "service" / "images" / "installer.iso"),
        "user-data": digest(folder / "user-data"),
    }
    for name, value in settings.items():
        project.pulumi("config", "set", name, value)
    for number, serial in enumerate(UUIDS):
        project.pulumi("config", "set", "--path", f"serials[{number}]", serial)
    return project


@contextmanager
def serving(folder: Path, certificate: Path, key: Path) -> Generator[str]:
    """The hall's service in a thread of its own; where the provider and the BMCs reach it."""
    loop, ready, stop, ports = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), list[int]()
    port = free_port()
    settings = ServiceSettings(
        f"https://{HOST_OF_GUESTS}:{port}", certificate.read_text(), "the-token-of-the-hall"
    )

    async def serve() -> None:
        async with provisioning(
            folder / "service", settings, Listen("127.0.0.1", port, certificate, key)
        ) as own:
            ports.append(own)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield f"https://localhost:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """One certificate for BMCs and service, its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "boot trial")])
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST_OF_GUESTS))]
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, encoding = folder / "authority.pem", serialization.Encoding.PEM
    pem.write_bytes(certificate.public_bytes(encoding))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


def console_of(server: VirtualServer) -> str:
    return server.console.read_text(errors="replace")


def consoles(servers: tuple[VirtualServer, ...]) -> str:
    return "".join(f"\n--- {server.name} ---\n{console_of(server)[-3000:]}" for server in servers)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
