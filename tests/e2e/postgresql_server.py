"""A PostgreSQL server of the test's own: on a free loopback port, with TLS, in a folder that goes with it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argosy_metal.claims.postgresql import Address

PASSWORD = "s3cret-of-the-database"
_USER = "argosy"
_DATABASE = "claims"


class PostgresqlServer:
    """One server. Made by `running_server`."""

    def __init__(self, programs: Path, folder: Path, owner: str | None) -> None:
        self.folder = folder
        self.ca_certificate = folder / "server.crt"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._programs = programs
        self._owner = owner

    def make(self) -> None:
        """Make an empty cluster that asks for passwords and knows one user."""
        (self.folder / "password").write_text(PASSWORD)
        self._run(
            "initdb", "-D", "data", "-U", _USER, "--auth=scram-sha-256", "--pwfile=password", "-E", "UTF8"
        )
        write_certificate(self.folder)
        for name in ("server.crt", "server.key"):
            shutil.copy(self.folder / name, self.folder / "data" / name)
            (self.folder / "data" / name).chmod(0o600)
            if self._owner:
                shutil.chown(self.folder / "data" / name, self._owner)
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(
                f"\nlisten_addresses = '127.0.0.1'\nport = {self.port}\nssl = on\nmax_connections = 60\n"
                f"unix_socket_directories = '{self.folder}'\n"
            )
        self.start()
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE}".encode())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-t", "60", "start")

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def connect(self, database: str = _DATABASE) -> psycopg.Connection[Any]:
        """A connection of the test's own."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            dbname=database,
            user=_USER,
            password=PASSWORD,
            # Also while a test lets the database take no writes.
            options="-c default_transaction_read_only=off",
            autocommit=True,
        )

    def address(self, **changes: Any) -> Address:
        """How a claims store reaches it."""
        settings: dict[str, Any] = {
            "host": "localhost",
            "port": self.port,
            "database": _DATABASE,
            "user": _USER,
            "password": lambda: PASSWORD,
            "ca_certificate": self.ca_certificate,
        }
        return Address(**{**settings, **changes})

    def _run(self, program: str, *arguments: str) -> None:
        # A file: the server would keep a pipe open, and nobody would see its end.
        with (self.folder / "output").open("ab") as output:
            code = subprocess.run(
                [self._programs / program, *arguments],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                user=self._owner,
                group=self._owner,
                extra_groups=[] if self._owner else None,
            ).returncode
        if code != 0:
            pytest.fail(f"{program} {' '.join(arguments)}:\n{(self.folder / 'output').read_text()}")


@contextmanager
def running_server() -> Generator[PostgresqlServer]:
    """A server that is gone at the end. Fails the test, and names the package, if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.fail("PostgreSQL is not installed; install it: apt-get install postgresql")
    # The server refuses to run as root; the package has made a user for it.
    owner = "postgres" if os.geteuid() == 0 else None
    # Not pytest's own folder, which that user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="argosy-postgresql-"))
    if owner:
        shutil.chown(folder, owner, owner)
    server = PostgresqlServer(found[-1].parent, folder, owner)
    try:
        server.make()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.kill()
        shutil.rmtree(folder)


def write_certificate(folder: Path) -> None:
    """A certificate that vouches for itself, good for the loopback interface."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
