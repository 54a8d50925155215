"""Virtual servers with BMCs that we did not write: QEMU under libvirt, Redfish by sushy-tools' emulator.

All of it lies in one folder and belongs to one user; nothing of the computer's own libvirt is touched.
Libvirt runs in its session mode, which root may not use, so root lends the folder to `nobody`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .build_image import ENVIRONMENT

_NOBODY = 65534
_READY_SECONDS = 20.0
_LOADER, _VARIABLES = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
_REQUIREMENTS = Path(__file__).parent / "requirements.lock"
_POOL = "<pool type='dir'><name>default</name><target><path>{path}</path></target></pool>"
_DOMAIN = """
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>768</memory><vcpu>1</vcpu>
  <sysinfo type='smbios'><system><entry name='serial'>{uuid}</entry></system></sysinfo>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <loader readonly='yes' type='pflash'>{loader}</loader>
    <nvram template='{variables}'>{folder}/{name}.vars</nvram>
    <boot dev='hd'/><smbios mode='sysinfo'/>
  </os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{folder}/{name}.qcow2'/>
      <target dev='vda' bus='virtio'/><serial>{disk_serial}</serial>
    </disk>
    <interface type='user'><model type='virtio'/></interface>
    <serial type='file'><source path='{folder}/{name}.console' append='on'/></serial>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class VirtualServer:
    """One server, off and with an empty disk."""

    name: str
    uuid: str
    """Also its SMBIOS serial number."""
    disk_serial: str
    console: Path


@dataclass(frozen=True)
class VirtualHall:
    """Running servers' BMCs behind one address, each as one system of it."""

    url: str
    username: str
    password: str = field(repr=False)
    servers: tuple[VirtualServer, ...]


def emulator_environment(cache: Path) -> Path:
    """The Python of an environment with the emulator, made once per set of requirements."""
    done = cache / "sushy-emulator"
    marker = done / "requirements.lock"
    if not marker.is_file() or marker.read_text() != _REQUIREMENTS.read_text():
        shutil.rmtree(done, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        venv.create(done, with_pip=True)
        python = done / "bin" / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", _REQUIREMENTS]
        subprocess.run([str(part) for part in install], check=True)
        shutil.copy(_REQUIREMENTS, marker)
    return done / "bin" / "python"


@contextmanager
def virtual_hall(
    folder: Path, python: Path, certificate: Path, key: Path, uuids: list[str]
) -> Generator[VirtualHall]:
    """Servers of these UUIDs until the block ends; then every process that was started is gone."""
    password = secrets.token_urlsafe(12)
    with ExitStack() as stack:
        daemons = _Daemons(folder, stack)
        daemons.start("virtlogd")
        daemons.start("libvirtd")
        libvirt_socket = folder / "run" / "libvirt" / "libvirt-sock"
        _wait_until(libvirt_socket.exists, "libvirtd has no socket")
        address = f"qemu+unix:///session?socket={libvirt_socket}"
        servers = tuple(_server(folder, number, uuid) for number, uuid in enumerate(uuids, 1))
        _define(python, address, folder, servers)
        stack.callback(_destroy_all, python, address)
        port = _free_port()
        stack.enter_context(_emulator(folder, python, address, port, certificate, key, password))
        yield VirtualHall(f"https://localhost:{port}", "admin", password, servers)


class _Daemons:
    """Libvirt's daemons, in a home of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        for name in ("run", "config", "cache", "data", "pool"):
            (folder / name).mkdir(mode=0o700)
        if os.geteuid() == 0:
            _lend(folder)

    def start(self, program: str) -> None:
        homes = {f"XDG_{kind}_HOME": str(self._folder / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
        environment = {
            **ENVIRONMENT, **homes, "HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder / "run"),
        }  # fmt: skip
        as_nobody = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        command = ["setpriv", *as_nobody, program] if os.geteuid() == 0 else [program]
        log = self._stack.enter_context((self._folder / f"{program}.log").open("wb"))
        self._stack.enter_context(_running(command, environment, log))


@contextmanager
def _emulator(
    folder: Path, python: Path, address: str, port: int, certificate: Path, key: Path, password: str
) -> Generator[None]:
    accounts, config, log_path = folder / "htpasswd", folder / "emulator.conf", folder / "emulator.log"
    accounts.write_text(f"admin:{_bcrypt(python, password)}\n")
    settings = {
        "SUSHY_EMULATOR_LISTEN_IP": "127.0.0.1",
        "SUSHY_EMULATOR_LISTEN_PORT": port,
        "SUSHY_EMULATOR_SSL_CERT": str(certificate),
        "SUSHY_EMULATOR_SSL_KEY": str(key),
        "SUSHY_EMULATOR_AUTH_FILE": str(accounts),
        "SUSHY_EMULATOR_LIBVIRT_URI": address,
        "SUSHY_EMULATOR_BOOT_LOADER_MAP": {"UEFI": {"x86_64": _LOADER}, "Legacy": {"x86_64": None}},
        "SUSHY_EMULATOR_STATE_DIR": str(folder),
    }
    config.write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    program = python.parent / "sushy-emulator"
    with log_path.open("wb") as log, _running([str(program), "--config", str(config)], dict(os.environ), log):
        _wait_until(lambda: _answers(port, certificate), "the emulator does not answer")
        yield


def _server(folder: Path, number: int, uuid: str) -> VirtualServer:
    name = f"server-{number}"
    disk = folder / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1G"], check=True)
    if os.geteuid() == 0:
        os.chown(disk, _NOBODY, _NOBODY)
    return VirtualServer(name, uuid, f"DISK{number:04}", folder / f"{name}.console")


_DEFINE = """
import sys, libvirt
connection = libvirt.open(sys.argv[1])
pool = connection.storagePoolDefineXML(sys.argv[2])
pool.create()
for domain in sys.argv[3:]:
    connection.defineXML(domain)
"""
_DESTROY = """
import sys, libvirt
for domain in libvirt.open(sys.argv[1]).listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
    domain.destroy()
"""


def _define(python: Path, address: str, folder: Path, servers: tuple[VirtualServer, ...]) -> None:
    domains = [
        _DOMAIN.format(
            name=server.name,
            uuid=server.uuid,
            disk_serial=server.disk_serial,
            folder=folder,
            loader=_LOADER,
            variables=_VARIABLES,
        )
        for server in servers
    ]
    pool = _POOL.format(path=folder / "pool")
    subprocess.run([str(python), "-c", _DEFINE, address, pool, *domains], check=True)


def _destroy_all(python: Path, address: str) -> None:
    subprocess.run([str(python), "-c", _DESTROY, address], check=True)


def _bcrypt(python: Path, password: str) -> str:
    hashed = "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(4)).decode())"
    shown = subprocess.run(
        [str(python), "-c", hashed], input=password.encode(), capture_output=True, check=True
    )
    return shown.stdout.decode().strip()


def _lend(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        os.chown(path, _NOBODY, _NOBODY)


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: IO[bytes]) -> Generator[None]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until(ready: object, otherwise: str) -> None:
    assert callable(ready)
    deadline = time.monotonic() + _READY_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


def _answers(port: int, certificate: Path) -> bool:
    context = ssl.create_default_context(cafile=str(certificate))
    try:
        urllib.request.urlopen(f"https://localhost:{port}/redfish/v1/", context=context, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
