"""Files that a pool's settings name are read when the fleet file is checked."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.spec.loader import load_spec
from argosy_metal.refusals import refuse
from argosy_metal.simulator.parts import factory_keys

ROOT = Path(__file__).resolve().parents[3]
PEM = factory_keys("db")["factory"].pem
Refused = Callable[[str], list[str]]


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Gives the faults of a hall whose pool `train` has these settings, with a certificate in `keys`."""
    shutil.copytree(ROOT / "tests" / "conformance" / "inventories", tmp_path / "inventories")
    (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "loader.pem").write_text(PEM)

    def faults(settings: str) -> list[str]:
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text()
        text = text.replace("      train: {", f"      train: {{settings: {settings}, ")
        (tmp_path / "metal.yaml").write_text(text)
        return [str(fault) for fault in refuse("hall", load_spec(str(tmp_path / "metal.yaml")))]

    return faults


def certificate(file: str = "keys/loader.pem", content: str = PEM) -> str:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{{secure_boot: {{enabled: true, certificates: {{db: [{{file: '{file}', sha256: {digest}}}]}}}}}}"


def user_data(ref: str, content: str) -> str:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{{install: {{user_data: {{ref: '{ref}', sha256: {digest}}}}}}}"


def test_a_certificate_that_is_there_and_the_one_that_is_meant_is_taken(refused: Refused) -> None:
    assert [] == refused(certificate())


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("keys/load.pem", "db[0].file: given 'keys/load.pem', which does not exist"),
        ("keys", "given 'keys', which cannot be read"),
        ("../loader.pem", "given '../loader.pem', which lies outside the project"),
        ("keys/link.pem", "given 'keys/link.pem', which leads out of the project"),
        ("keys/large.pem", "which is no file of 1 MB at the most"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_refused(
    refused: Refused, tmp_path: Path, file: str, reason: str
) -> None:
    (tmp_path / "keys" / "link.pem").symlink_to(ROOT / "README.md")
    (tmp_path / "keys" / "large.pem").write_bytes(b"x" * 1_000_001)

    (fault,) = refused(certificate(file))

    assert reason in fault


def test_a_certificate_of_another_digest_is_refused_with_the_digest_that_it_has(refused: Refused) -> None:
    (fault,) = refused(certificate(content="another"))

    assert "db[0].sha256: given the digest of another content than the file has now" in fault
    assert f"expected {hashlib.sha256(PEM.encode()).hexdigest()}" in fault


@pytest.mark.parametrize("content", ["", "hunter2", PEM + PEM, "\N{SNOWMAN}"])
def test_what_is_no_single_certificate_is_refused_and_not_shown(
    refused: Refused, tmp_path: Path, content: str
) -> None:
    (tmp_path / "keys" / "loader.pem").write_text(content, encoding="utf-8")

    (fault,) = refused(certificate(content=content))

    assert "holds no single certificate in PEM form" in fault
    assert "hunter2" not in fault


def test_every_certificate_has_a_fault_of_its_own(refused: Refused) -> None:
    digest = "a" * 64
    entries = ", ".join(f"{{file: {name}.pem, sha256: {digest}}}" for name in ("one", "two"))

    faults = refused(
        f"{{secure_boot: {{enabled: true, certificates: {{db: [{entries}], KEK: [{entries}]}}}}}}"
    )

    assert ["KEK[0]", "KEK[1]", "db[0]", "db[1]"] == [
        fault.partition(".certificates.")[2].partition(".file")[0] for fault in faults
    ]


def test_user_data_of_another_digest_is_refused_and_nothing_of_it_is_told(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "keys" / "node.yaml").write_text("password: hunter2")

    faults = [
        fault for fault in refused(user_data("file:keys/node.yaml", "old")) if "user_data.sha256" in fault
    ]

    (fault,) = faults
    assert "write what `sha256sum 'keys/node.yaml'` prints" in fault
    assert "hunter2" not in fault
    assert hashlib.sha256(b"password: hunter2").hexdigest() not in fault


@pytest.mark.parametrize("ref", ["file:keys/node.yaml", "env:NODE_USER_DATA", "file:keys/loader.pem"])
def test_user_data_that_is_not_there_yet_or_is_the_one_that_is_meant_is_taken(
    refused: Refused, ref: str
) -> None:
    assert not any("user_data.sha256" in fault for fault in refused(user_data(ref, PEM)))
