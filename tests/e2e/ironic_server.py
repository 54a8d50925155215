"""A real Ironic, from PyPI, for tests: API and conductor in one process on loopback, PostgreSQL behind it.

```python
with ironic_server(tmp_path) as ironic:      # 3 s once Ironic is installed, which takes 30 s once
    requests.get(f"{ironic.url}/v1/nodes", headers=ironic.headers)
```
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .ironic.installed import python_with_ironic
from .ironic.proxy import Resolve, https_proxy
from .postgresql_server import PASSWORD as DATABASE_PASSWORD
from .postgresql_server import running_server, write_certificate

MICROVERSION = "1.109"
USERNAME, PASSWORD = "argosy", "a-password-of-the-test"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "DEFAULT": {
        "rpc_transport": "none",
        "host": "localhost",
        "my_ip": "127.0.0.1",
        "enabled_hardware_types": "fake-hardware,redfish",
        "enabled_deploy_interfaces": "fake,ramdisk,direct",
        "enabled_boot_interfaces": "fake,redfish-virtual-media",
        "enabled_power_interfaces": "fake,redfish",
        "enabled_management_interfaces": "fake,redfish",
        "enabled_inspect_interfaces": "no-inspect,fake,redfish",
        "enabled_network_interfaces": "noop",
        "enabled_bios_interfaces": "no-bios,fake,redfish",
        "enabled_firmware_interfaces": "no-firmware,fake,redfish",
        "enabled_raid_interfaces": "no-raid,fake,redfish",
        "enabled_vendor_interfaces": "no-vendor,fake,redfish",
    },
    "dhcp": {"dhcp_provider": "none"},
    "nova": {"send_power_notifications": "false"},
}


@dataclass(frozen=True)
class IronicOptions:
    """What a test wants other than plain http without an account."""

    http_basic: bool = False
    tls: bool = False
    resolve: Resolve | None = None
    """How the conductor finds the BMCs of a simulator: `RunningSimulator.resolve` or `Endpoint.resolve`."""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Lines of ironic.conf beside the usual ones, by section."""


class IronicServer:
    """One Ironic. It keeps its database, and so its nodes, when it is killed and started again."""

    def __init__(self, folder: Path, options: IronicOptions, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.log = folder / "ironic.log"
        self.ca_file = folder / "server.crt" if options.tls else None
        self._options = options
        self._environment = environment
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the API answers, without /v1."""
        return f"{'https' if self._options.tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs: a pinned microversion, and the account if there is one."""
        headers = {"X-OpenStack-Ironic-API-Version": MICROVERSION}
        if self._options.http_basic:
            pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return headers

    def request(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; None if it has none. Raises urllib.error.HTTPError."""
        sent = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self.headers, "Content-Type": "application/json"},
        )
        trust = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        with urllib.request.urlopen(sent, timeout=30, context=trust) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def create(self, database: str) -> None:
        """Write configuration and schema."""
        (self.folder / "httpboot").mkdir()
        if self.ca_file is not None:
            write_certificate(self.folder)
        if self._options.http_basic:
            (self.folder / "htpasswd").write_text(self._hashed_account(), encoding="utf-8")
        settings = _merged(_SETTINGS, self._own_settings(database), self._options.settings)
        (self.folder / "ironic.conf").write_text(_written(settings), encoding="utf-8")
        done = subprocess.run(
            self._command("dbsync", "create_schema"),
            env=dict(self._environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it, and return when API and conductor answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("singleprocess"),
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ironic's service library works in a child process; both are one group, so both can be ended.
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, f"Ironic ended:\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"Ironic does not answer:\n{self.log_tail()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, in the middle of whatever its conductor does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
                self._process = None
            except subprocess.TimeoutExpired:
                self.kill()

    def log_tail(self) -> str:
        """The log's last lines."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:])

    def _answers(self) -> bool:
        try:
            # A driver is listed once a conductor has registered it.
            return bool(self.request("GET", "/v1/drivers")["drivers"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _command(self, module: str, *arguments: str) -> list[str]:
        program = f"import sys; from ironic.command.{module} import main; sys.exit(main())"
        config = ("--config-file", str(self.folder / "ironic.conf"))
        return [str(python_with_ironic()), "-c", program, *config, *arguments]

    def _own_settings(self, database: str) -> Mapping[str, Mapping[str, str]]:
        default = {"auth_strategy": "noauth", "state_path": str(self.folder)}
        api = {"host_ip": "127.0.0.1", "port": str(self._port)}
        if self._options.http_basic:
            default["auth_strategy"] = "http_basic"
            default["http_basic_auth_user_file"] = str(self.folder / "htpasswd")
        if self.ca_file is not None:
            api |= {"enable_ssl_api": "true", "cert_file": str(self.ca_file)}
            api |= {"key_file": str(self.folder / "server.key")}
        return {
            "DEFAULT": default,
            "api": api,
            # With SQLite a few writers at once meet "database is locked".
            "database": {"connection": database, "max_pool_size": "20", "max_overflow": "20"},
            "oslo_concurrency": {"lock_path": str(self.folder / "locks")},
            "deploy": {
                "http_root": str(self.folder / "httpboot"),
                # Nobody fetches from it: our images go from the hall's service to the BMC.
                "http_url": "http://127.0.0.1:9",
            },
        }

    def _hashed_account(self) -> str:
        # Ironic accepts bcrypt alone, and brings it along.
        program = (
            "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(4)).decode())"
        )
        hashed = subprocess.run(
            [python_with_ironic(), "-c", program], input=PASSWORD.encode(), stdout=subprocess.PIPE, check=True
        )
        return f"{USERNAME}:{hashed.stdout.decode().strip()}\n"


@contextmanager
def ironic_server(folder: Path, options: IronicOptions | None = None) -> Generator[IronicServer]:
    """An Ironic without nodes, in a new folder `ironic` of `folder`; ended with the block."""
    chosen = options or IronicOptions()
    home = folder / "ironic"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name.lower() not in _PROXIES}
    with running_server() as postgresql, https_proxy(chosen.resolve or _nowhere) as proxy:
        # Ironic's own requests to BMCs and image servers take it; 127.0.0.1 needs none.
        environment |= {"HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost"}
        server = IronicServer(home, chosen, environment)
        place = f"host={postgresql.folder}&port={postgresql.port}"
        server.create(f"postgresql+psycopg2://argosy:{DATABASE_PASSWORD}@/postgres?{place}")
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _nowhere(_: str) -> None:
    return None


def _merged(*parts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for part in parts:
        for section, lines in part.items():
            merged.setdefault(section, {}).update(lines)
    return merged


def _written(settings: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for section, values in settings.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
