"""The page about a hall's provisioning service: its commands run against it, and its refusals are its own."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy_metal.provisioning.images import BLOCK_BYTES, MARKER
from argosy_metal.settings import HallSettings, PoolSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/run-a-halls-provisioning-service.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BASH = [text for language, text in BLOCKS if language == "bash"]
(INSTALLER,) = (text for language, text in BLOCKS if language == "sh")
(UNIT,) = (text for language, text in BLOCKS if language == "ini")
(FLEET,) = (text for language, text in BLOCKS if language == "yaml")
MAKE_TOKEN, START, ADD_IMAGE, MAKE_BLOCK, OFFER, FETCH, END = BASH
HOST = "provision.oslo.example"
ARGOSY = str(Path(sys.executable).with_name("argosy"))
SECTOR = 2048


@dataclass
class Service:
    """A service that answers, and a folder in which the page's commands reach it."""

    folder: Path
    process: subprocess.Popen[str]

    def run(self, commands: str, shell: str = "bash", *, succeeds: bool = True) -> str:
        done = subprocess.run(
            [shell, "-euc", commands.replace("curl -sS", "curl -sS --fail")],
            cwd=self.folder,
            env=os.environ | {"CURL_HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert succeeds == (done.returncode == 0), f"{commands}: {done.stderr}"
        return done.stdout if succeeds else done.stderr

    def prepare(self) -> None:
        """An image with the page's block, put where the page puts it."""
        self.run(MAKE_BLOCK)
        block = (self.folder / "install.env").read_bytes()
        (self.folder / "node.iso").write_bytes(bytes(SECTOR) + block + bytes(SECTOR))
        self.run(ADD_IMAGE)

    def offer_and_fetch(self) -> str:
        """Offer an install as the page does, and keep the block that is served for it; iPXE's script."""
        self.run(OFFER)
        script = self.run(FETCH)
        served = (self.folder / "served.iso").read_bytes()
        (self.folder / "install.env").write_bytes(served[SECTOR : SECTOR + BLOCK_BYTES])
        return script


def make_certificate(folder: Path) -> None:
    (folder / "tls").mkdir()
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hall"
        f" -addext subjectAltName=DNS:{HOST} -keyout key.pem -out service.pem".split(),
        cwd=folder / "tls",
        capture_output=True,
        check=True,
    )
    shutil.copy(folder / "tls/service.pem", folder / "tls/authority.pem")


def command(listen: str = "127.0.0.1:0", **changes: str) -> list[str]:
    """The page's command, with another value for some of its options."""
    words = shlex.split(START)
    for option, value in {"listen": listen, **changes}.items():
        words[words.index(f"--{option}") + 1] = value
    return [ARGOSY, *words[1:]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_certificate(tmp_path)
    subprocess.run(["bash", "-euc", MAKE_TOKEN], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    log = (folder / "log").open("w")
    process = subprocess.Popen(command(), cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(
            rf"provisioning service of https://{HOST}: 127\.0\.0\.1:(\d+), images in hall/images\n", line
        )
        assert found, line + (folder / "log").read_text()
        (folder / ".curlrc").write_text(f'connect-to = "{HOST}:443:127.0.0.1:{found[1]}"\nnoproxy = "*"\n')
        yield Service(folder, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        log.close()


def test_the_commands_of_the_page_offer_serve_report_and_withdraw(service: Service) -> None:
    service.prepare()
    image = (service.folder / "node.iso").read_bytes()
    script = service.offer_and_fetch()
    served = (service.folder / "served.iso").read_bytes()

    assert (len(image), MARKER) == (len(served), served[SECTOR : SECTOR + len(MARKER)])
    assert image[:SECTOR] + image[-SECTOR:] == served[:SECTOR] + served[-SECTOR:]
    assert f"sanboot --no-describe --drive 0x80 https://{HOST}/images/node.iso?install=trial-1" in script

    service.run(INSTALLER, "sh")
    assert "echo hello\n" == (service.folder / "user-data").read_text()
    assert '"root_device_hints": {"serial": "DISK1"}' in (service.folder / "offer.json").read_text()
    assert '"stage": "installed"' in service.run(END)
    assert "404" in service.run(FETCH, succeeds=False), "what is withdrawn is not served any more"


def test_user_data_is_handed_out_once_and_an_installer_can_give_up(service: Service) -> None:
    service.prepare()
    service.offer_and_fetch()
    service.run(INSTALLER, "sh")
    assert "410" in service.run(INSTALLER, "sh", succeeds=False)

    (words,) = re.findall(r"`(report ', \"failure\": .*?')`", PAGE)
    until_first_question = INSTALLER.partition("\nask ")[0]
    service.run(f"{until_first_question}\n{words}", "sh")
    assert '"failure": "no disk has the serial DISK1"' in service.run(END)


def test_it_ends_at_sigterm_leaves_no_process_and_has_logged_no_secret(service: Service) -> None:
    service.prepare()
    service.offer_and_fetch()
    service.run(INSTALLER, "sh")
    service.process.send_signal(signal.SIGTERM)

    assert 0 == service.process.wait(20)
    assert not Path(f"/proc/{service.process.pid}").exists()
    log = (service.folder / "log").read_text()
    assert "handed out the user data of install trial-1" in log
    token = re.search(r"ARGOSY_TOKEN='(.*)'", (service.folder / "install.env").read_text())
    assert token
    secrets = (token[1], (service.folder / "hall-token").read_text().strip(), "echo hello")
    assert [] == [secret for secret in secrets if secret in log]
    assert "Traceback" not in log


def test_its_folder_and_what_it_remembers_are_its_owners_alone(service: Service) -> None:
    modes = {
        name: (service.folder / "hall" / name).stat().st_mode & 0o777 for name in (".", "installs.sqlite")
    }

    assert {".": 0o700, "installs.sqlite": 0o600} == modes


PRINTED = re.findall(
    r"^\| `(.*)` \| .*\|$", PAGE.partition("exit code 1:")[2].partition("## ")[0], re.MULTILINE
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"token": "hall-token"}, PRINTED[0]),
        ({"token": "env:9LIVES"}, "--token: expected `env:NAME` or `file:PATH`"),
        ({"token": "file:missing"}, "--token: "),
        ({"token": "env:ARGOSY_NOT_THERE"}, "--token: "),
        ({"url": f"http://{HOST}"}, PRINTED[1]),
        ({"url": f"https://{HOST}/'; reboot '"}, "--url "),
        ({"certificate": "missing.pem"}, "missing.pem and tls/key.pem: no certificate and key"),
        ({"key": "missing.pem"}, PRINTED[2].partition("(")[0].replace("tls/key.pem", "missing.pem")),
        ({"authority": "missing.pem"}, "missing.pem: not readable"),
        ({"authority": "tls/key.pem"}, PRINTED[3].replace("authority.pem", "key.pem")),
        ({"listen": "443"}, "--listen 443: expected HOST:PORT"),
    ],
)
def test_what_it_cannot_run_with_is_said_in_one_line(
    folder: Path, changes: dict[str, str], expected: str
) -> None:
    assert_refused(command(**changes), folder, expected)


def test_a_port_in_use_is_said_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        assert_refused(command(listen), folder, PRINTED[4].replace("0.0.0.0:443", listen))


def test_a_folder_that_is_none_is_said_in_one_line(folder: Path) -> None:
    words = command()
    words[words.index("hall")] = "hall-token"
    assert_refused(words, folder, "hall-token: File exists; give a folder")


def assert_refused(words: list[str], folder: Path, expected: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)

    assert (1, "") == (done.returncode, done.stdout), done.stderr
    (line,) = done.stderr.splitlines()
    assert expected in line


def test_the_unit_starts_what_the_page_starts() -> None:
    (unit,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)

    def options(words: list[str]) -> list[str]:
        return [word for word in words if word.startswith("--")]

    assert options(shlex.split(START)) == options(shlex.split(unit))
    for name in re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w.-]+)", unit):
        assert f"LoadCredential={name}:" in UNIT


def test_the_settings_of_the_page_are_what_a_hall_and_its_pools_take() -> None:
    hall: dict[str, Any] = YAML(typ="safe").load(io.StringIO(FLEET))  # pyright: ignore[reportUnknownMemberType]
    settings = HallSettings.model_validate(hall["settings"])
    pool = PoolSettings.model_validate(hall["node_pools"]["train"]["settings"])

    assert settings.provisioning is not None
    assert f"https://{HOST}" == settings.provisioning.url
    assert "httpBoot" == pool.install.boot_method
