"""Secure boot is written once, takes effect at the next boot, and costs nobody else's certificate."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import PartialFailureError, RefusedInputError
from argosy_metal.redfish.secure_boot import fingerprint_of
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.parts import factory_keys

from .setup_halls import Killed, KillPoints, Setup, claimed_server

SECURE_BOOT = "baremetal:index:SecureBoot"
FACTORY = fingerprint_of(factory_keys("db")["factory"].pem)


def certificate(name: str) -> str:
    """A self-signed certificate in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


OURS, OTHER = certificate("ours"), certificate("other")


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def boot(setup: Setup) -> None:
    setup.bmc.machine.reset("On", setup.clock.now())
    setup.clock.simulated.advance(600)
    setup.bmc.advance()


def db(*pems: str) -> dict[str, list[dict[str, Any]]]:
    return {"db": [{"pem": pem} for pem in pems]}


async def test_it_waits_for_the_next_boot_and_a_refresh_shows_when_it_is_applied(setup: Setup) -> None:
    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))

    assert (True, False, "Disabled") == (outputs["complete"], outputs["applied"], outputs["currentBoot"])
    assert sorted([FACTORY, fingerprint_of(OURS)]) == outputs["certificates"]["db"]
    assert "Off" == setup.bmc.machine.state.power, "nothing is rebooted for it"
    assert [] == setup.changes(SECURE_BOOT, outputs, enabled=True, databases=db(OURS))

    boot(setup)
    found = await setup.read(SECURE_BOOT, outputs)

    assert (True, "Enabled", "UserMode") == (
        found.outputs["applied"],
        found.outputs["currentBoot"],
        found.outputs["currentMode"],
    )


async def test_what_is_there_already_is_not_written_again(setup: Setup) -> None:
    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))
    writes = setup.writes()

    await setup.update(SECURE_BOOT, outputs, enabled=True, databases=db(OURS))

    assert writes == setup.writes()


async def test_all_changes_are_in_place_but_for_another_server(setup: Setup) -> None:
    outputs = await setup.create(SECURE_BOOT, enabled=True)

    assert ["databases", "enabled"] == setup.changes(SECURE_BOOT, outputs, enabled=False, databases=db(OURS))


async def test_a_certificate_that_is_listed_no_more_goes_and_others_stay(setup: Setup) -> None:
    setup.bmc.machine.state.parts.secure_boot.add("db", OTHER)
    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS, OTHER))

    after = await setup.update(SECURE_BOOT, outputs, enabled=True, databases=db())

    assert sorted([FACTORY, fingerprint_of(OTHER)]) == after["certificates"]["db"]


async def test_deletion_forgets_and_leaves_switch_and_certificates(setup: Setup) -> None:
    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))
    writes = setup.writes()

    await setup.delete(SECURE_BOOT, outputs)

    assert (writes, True) == (setup.writes(), setup.bmc.machine.state.parts.secure_boot.enabled)
    assert "secureBoot" not in setup.record()


async def test_without_a_platform_key_it_is_not_enabled(setup: Setup) -> None:
    setup.bmc.machine.state.parts.secure_boot.databases["PK"] = {}

    with pytest.raises(MachineError) as refused:
        await setup.create(SECURE_BOOT, enabled=True, mode="DeployedMode", databases=db(OURS))

    assert "without a platform key the server verifies nothing" in str(refused.value)
    assert "mode: the BMC offers no choice of modes" in str(refused.value)
    assert [] == setup.writes()
    keys = {"PK": [{"pem": OTHER}], **db(OURS)}
    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=keys)
    assert [fingerprint_of(OTHER)] == outputs["certificates"]["PK"]
    posts = [write.path for write in setup.bmc.traffic.writes if write.method == "POST"]
    assert ["db", "PK"] == [path.split("/")[-2] for path in posts], "the platform key comes last"


async def test_a_switch_that_someone_turned_is_reported_and_turned_back(setup: Setup) -> None:
    outputs = await setup.create(SECURE_BOOT, enabled=True)
    setup.bmc.machine.state.parts.secure_boot.enabled = False

    found = await setup.read(SECURE_BOOT, outputs)

    assert ["complete"] == setup.changes(SECURE_BOOT, found.outputs, enabled=True)
    assert (await setup.update(SECURE_BOOT, found.outputs, enabled=True))["complete"]


async def test_a_file_is_read_when_it_is_the_one_that_is_meant(setup: Setup) -> None:
    path = setup.folder / "keys.pem"
    path.write_text(OURS)
    digest = hashlib.sha256(OURS.encode()).hexdigest()
    files = {"db": [{"file": "keys.pem", "sha256": digest}]}

    outputs = await setup.create(SECURE_BOOT, enabled=False, databases=files)
    assert fingerprint_of(OURS) in outputs["certificates"]["db"]

    path.write_text(OTHER)
    missing = {**files, "KEK": [{"file": "none.pem", "sha256": digest}]}
    with pytest.raises(RefusedInputError) as refused:
        await setup.create(SECURE_BOOT, enabled=False, databases=missing)
    for part in ("KEK: none.pem: No such file", "db: keys.pem: its sha256 is", f"not {digest}"):
        assert part in str(refused.value)
    assert str(setup.folder) not in str(refused.value)


async def test_a_file_that_holds_no_certificate_is_refused(setup: Setup) -> None:
    (setup.folder / "text").write_text("hello")
    digest = hashlib.sha256(b"hello").hexdigest()

    with pytest.raises(RefusedInputError, match="it holds no single certificate in PEM form"):
        await setup.create(SECURE_BOOT, enabled=False, databases={"db": [{"file": "text", "sha256": digest}]})


@pytest.mark.parametrize(
    ("databases", "told"),
    [
        ({"mok": []}, "databases"),
        ({"db": "x"}, "databases.db"),
        ({"db": ["x"]}, "databases.db[0]"),
        ({"db": [{"pem": "x"}]}, "databases.db[0].pem"),
        ({"db": [{"file": "a"}]}, "databases.db[0]"),
        ({"db": [{"pem": OURS, "file": "a", "sha256": "0" * 64}]}, "databases.db[0]"),
        ({"db": [{"file": "a", "sha256": "z"}]}, "databases.db[0].sha256"),
    ],
)
async def test_a_bad_certificate_is_named(setup: Setup, databases: Any, told: str) -> None:
    _, failures = setup.kind(SECURE_BOOT).check(
        {"serverId": "hall/SN1", "enabled": True, "databases": databases}
    )

    assert told in [name for name, _ in failures]


async def test_an_import_takes_the_switch_and_writes_nothing(setup: Setup) -> None:
    setup.bmc.machine.state.parts.secure_boot.enabled = True

    found = await setup.read(SECURE_BOOT)

    assert {"serverId": "hall/SN1", "enabled": True} == dict(found.inputs)
    assert [] == setup.changes(SECURE_BOOT, found.outputs, enabled=True)
    assert [] == setup.writes()


async def test_a_server_without_secure_boot_says_so(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.simulator.inject(FaultRule("status", path="*/SecureBoot", status=404))

    with pytest.raises(PartialFailureError, match="HTTP 404"):
        await setup.create(SECURE_BOOT, enabled=True)


async def test_it_may_be_set_while_a_machine_runs(setup: Setup) -> None:
    setup.phase_is(Phase.RUNNING)

    assert (await setup.create(SECURE_BOOT, enabled=True))["complete"]


async def test_a_lost_answer_adds_no_certificate_twice(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("lose-answer", method="POST", path="*/Certificates", times=1))
    with pytest.raises(PartialFailureError) as failed:
        await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))

    await setup.update(SECURE_BOOT, failed.value.outputs, enabled=True, databases=db(OURS))

    assert 1 == setup.bmc.machine.state.parts.secure_boot.certificates_made


@pytest.mark.parametrize("nth", range(1, 9))
async def test_killed_in_the_middle_what_was_added_is_still_known_as_ours(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    points = KillPoints(monkeypatch)
    points.die_at = nth
    try:
        await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))
    except Killed:
        setup.again()
    points.die_at = None

    outputs = await setup.create(SECURE_BOOT, enabled=True, databases=db(OURS))
    assert 1 == setup.bmc.machine.state.parts.secure_boot.certificates_made
    after = await setup.update(SECURE_BOOT, outputs, enabled=True, databases=db())

    assert [FACTORY] == after["certificates"]["db"]
