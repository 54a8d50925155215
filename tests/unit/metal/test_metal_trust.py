"""A BMC proves who it is by its hall's authority, or by its own pinned certificate."""

import hashlib
import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from argosy.catalog import load_catalog
from argosy.planner.plan import plan_capacity
from argosy.spec.loader import LoadedFleet, load_spec
from argosy_component.site_plan import site_plans
from argosy_metal.descriptor import PROVIDER
from argosy_metal.provider.config import check_config, hall_config
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.reach import find_reach
from argosy_metal.provider.server_claim import ServerClaims
from argosy_metal.redfish import AuthorityFileError, Trust, read_authority
from argosy_metal.redfish.trust import ssl_of
from argosy_metal.simulator.certificates import make_server_context

ROOT = Path(__file__).resolve().parents[3]
PINNED = "ab" * 32
CONFIG: dict[str, Any] = {
    "claims": {"backend": "sqlite", "path": "claims.sqlite"},
    "phoneHome": "https://provision.hall.test/phone-home",
}


def fleet(folder: Path, pinned: int) -> LoadedFleet:
    """The conformance fleet without an authority, and so many of its servers pinned."""
    source = ROOT / "tests" / "conformance"
    shutil.copytree(source / "inventories", folder / "inventories")
    text = (source / "metal.yaml").read_text()
    assert "    ca_certificate: bmc-ca.pem\n" in text
    (folder / "metal.yaml").write_text(text.replace("    ca_certificate: bmc-ca.pem\n", ""))
    inventory = next((folder / "inventories").glob("*.yaml"))
    lines: list[str] = []
    for line in inventory.read_text().splitlines():
        lines.append(line)
        if line.strip().startswith("- {serial:") and pinned > 0:
            lines[-1] = line.replace("{serial:", f"{{certificate_sha256: {PINNED}, serial:")
            pinned -= 1
    assert pinned == 0
    inventory.write_text("\n".join(lines) + "\n")
    return load_spec(str(folder / "metal.yaml"))


def servers_in(folder: Path) -> int:
    return len(load_spec(str(folder / "metal.yaml")).inventories["hall"].servers)


def test_a_hall_whose_servers_are_all_pinned_needs_no_authority(tmp_path: Path) -> None:
    total = servers_in(ROOT / "tests" / "conformance")

    assert [] == list(PROVIDER.refusals("hall", fleet(tmp_path, total), load_catalog()))


def test_one_server_that_is_not_pinned_is_refused_by_its_serial(tmp_path: Path) -> None:
    total = servers_in(ROOT / "tests" / "conformance")
    loaded = fleet(tmp_path, total - 1)
    unpinned = loaded.inventories["hall"].servers[-1].serial
    (fault,) = PROVIDER.refusals("hall", loaded, load_catalog())

    assert f"no pinned certificate for {unpinned}" in str(fault)
    assert "certificate_sha256" in str(fault)


def test_the_pinned_certificate_goes_from_the_inventory_into_the_claims_record() -> None:
    claims = ServerClaims(lambda: pytest.fail("no hall is needed"))
    inputs = {
        "site": "hall",
        "serial": "SN1",
        "slot": "train/slot-01",
        "bmc": "https://bmc-1.hall.test",
        "rack": "r1",
        "feeds": ["a"],
        "usernameRef": "env:U",
        "passwordRef": "env:P",
    }
    assert ([], [("certificateSha256", "given 'AB'; expected 64 lower-case hex digits")]) == (
        list(claims.check({**inputs, "certificateSha256": PINNED})[1]),
        list(claims.check({**inputs, "certificateSha256": "AB"})[1]),
    )


def test_a_pinned_server_is_trusted_by_its_pin_alone(tmp_path: Path) -> None:
    make_server_context(["localhost"], tmp_path / "ca.pem")
    reach = find_reach(hall_config({**CONFIG, "caCertificate": "ca.pem"}, tmp_path))

    assert Trust(fingerprint_sha256=PINNED) == reach.bmc_trust(PINNED)
    assert Trust(ca_file=tmp_path / "ca.pem") == reach.bmc_trust(None)


def test_without_an_authority_only_pinned_bmcs_are_trusted_and_services_publicly(tmp_path: Path) -> None:
    assert [] == check_config(CONFIG)
    reach = find_reach(hall_config(CONFIG, tmp_path))

    assert reach.bmc_trust(None) is None
    assert Trust(fingerprint_sha256=PINNED) == reach.bmc_trust(PINNED)
    assert Trust(public=True) == reach.trust
    assert ssl_of(reach.trust) is True


def certificate(folder: Path) -> Path:
    make_server_context(["localhost"], folder / "ca.pem")
    return folder / "ca.pem"


def test_a_file_of_certificates_is_read(tmp_path: Path) -> None:
    text = read_authority(certificate(tmp_path))

    (read,) = x509.load_pem_x509_certificates(text.encode())
    der = ssl.PEM_cert_to_DER_cert(text)
    assert hashlib.sha256(der).digest() == hashlib.sha256(read.public_bytes(Encoding.DER)).digest()


def test_bmcs_that_one_authority_vouches_for_share_what_trusts_it_until_its_file_changes(
    tmp_path: Path,
) -> None:
    trust = Trust(ca_file=certificate(tmp_path))
    before = ssl_of(trust)

    assert before is ssl_of(Trust(ca_file=tmp_path / "ca.pem"))
    certificate(tmp_path)
    assert before is not ssl_of(trust)


def test_a_fifo_in_the_authoritys_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")

    with pytest.raises(AuthorityFileError, match=r"ca\.pem: is no plain file"):
        read_authority(tmp_path / "ca.pem")


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthorityFileError, match="is no plain file"):
        read_authority(tmp_path)
    with pytest.raises(AuthorityFileError, match="no such file"):
        read_authority(tmp_path / "ca.pem")


def test_a_file_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "ca.pem").open("wb") as file:
        file.truncate(1 << 33)

    with pytest.raises(AuthorityFileError, match="8589934592 bytes, more than 4194304"):
        read_authority(tmp_path / "ca.pem")


def test_a_private_key_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = certificate(tmp_path)
    path.write_text(path.read_text() + "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")

    with pytest.raises(
        AuthorityFileError, match=r"holds a private key; give the certificates alone"
    ) as caught:
        read_authority(path)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_a_certificate_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "ca.pem").write_text(content)

    with pytest.raises(AuthorityFileError, match="holds no certificate"):
        read_authority(tmp_path / "ca.pem")
    with pytest.raises(NotPossibleError, match="holds no certificate"):
        find_reach(hall_config({**CONFIG, "caCertificate": "ca.pem"}, tmp_path))


def test_a_plan_carries_the_pinned_certificate_of_each_server(tmp_path: Path) -> None:
    total = servers_in(ROOT / "tests" / "conformance")
    loaded = fleet(tmp_path, total)
    lock = plan_capacity(loaded, load_catalog(), None)
    plans = site_plans(loaded, lock, load_catalog())
    (hall,) = [plan for plan in plans if plan.name == "hall"]

    servers = [server for pool in hall.node_pools for server in (*pool.servers, *pool.spares)]
    assert servers
    assert {PINNED} == {server.certificate_sha256 for server in servers}
