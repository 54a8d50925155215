"""What the fleet file says of Ironic as the engine, what it comes to, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec
from argosy_metal.claims import Claim, RunIdentity
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.ironic_config import check_ironic, ironic_config
from argosy_metal.provider.machine_inputs import check_machine
from argosy_metal.provider.provider import BareMetal
from argosy_metal.refusals import refuse
from argosy_metal.refusals_engine import GOES_THROUGH_IRONIC, REDFISH_ONLY
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.engine import IronicSettings, ironic_inputs

ROOT = Path(__file__).resolve().parents[3]
URL = "https://ironic.hall.example:6385"
Load = Callable[[str, str], list[str]]


@pytest.fixture
def refused(tmp_path: Path) -> Load:
    """Gives the faults of a fleet whose hall and pool `train` have these settings."""

    def load(hall: str, pool: str = "", claims: str = "") -> list[str]:
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", tmp_path / "inventories")
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text()
        (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
        text = text.replace("    node_pools:\n", f"    settings: {hall}\n    node_pools:\n", 1)
        if pool:
            text = text.replace("      train: {", f"      train: {{settings: {pool}, ", 1)
        if claims:
            start = text.index("    claims:")
            text = text[:start] + f"    claims: {claims}\n" + text[text.index("\n", start) + 1 :]
        (tmp_path / "metal.yaml").write_text(text)
        try:
            fleet = load_spec(str(tmp_path / "metal.yaml"))
        except FleetError as error:
            return [str(fault) for fault in error.faults]
        return [str(fault) for fault in refuse("hall", fleet)]

    return load


@pytest.mark.parametrize(
    ("hall", "pool"),
    [
        ("{engine: redfish}", ""),
        (f"{{engine: ironic, ironic: {{url: '{URL}'}}}}", ""),
        ("{engine: ironic, ironic: {url: 'http://127.0.0.1:6385'}}", ""),
        (
            f"{{engine: ironic, ironic: {{url: '{URL}', auth: http_basic,"
            " username_ref: 'file:a', password_ref: 'env:B'}}",
            "{install: {image_kind: qcow2}, wipe: {policy: metadata}}",
        ),
    ],
)
def test_an_engine_that_can_work_is_taken(refused: Load, hall: str, pool: str) -> None:
    assert [] == refused(hall, pool)


BY_IRONIC = f"{{engine: ironic, ironic: {{url: '{URL}'}}}}"


@pytest.mark.parametrize(
    ("hall", "pool", "reason"),
    [
        ("{engine: ironic}", "", "engine ironic without `ironic`"),
        (f"{{ironic: {{url: '{URL}'}}}}", "", "engine redfish with `ironic`"),
        ("{engine: metal3}", "", "engine"),
        ("{engine: ironic, ironic: {url: 'http://10.0.0.7:6385'}}", "", "which is not encrypted"),
        ("{engine: ironic, ironic: {url: 'https://me:secret@h'}}", "", "ironic.url"),
        (f"{{engine: ironic, ironic: {{url: '{URL}', auth: http_basic}}}}", "", "http_basic with 0 of"),
        (f"{{engine: ironic, ironic: {{url: '{URL}', username_ref: 'env:A'}}}}", "", "none with 1 of"),
        (f"{{engine: ironic, ironic: {{url: '{URL}', password_ref: hunter2}}}}", "", "password_ref"),
        (BY_IRONIC, "{install: {boot_method: pxe}}", "pxe for engine ironic"),
        (BY_IRONIC, "{install: {image_kind: efi}}", "efi for boot method virtualMedia"),
        (BY_IRONIC, "{wipe: {policy: erase, method: Overwrite}}", "Ironic's agent chooses"),
        (BY_IRONIC, "{bios: {attributes: {SriovGlobalEnable: Enabled}}}", "cleaning only"),
    ],
)
def test_an_engine_that_could_not_work_is_refused(refused: Load, hall: str, pool: str, reason: str) -> None:
    faults = refused(hall, pool)

    assert any(reason in fault for fault in faults), faults


def test_claims_that_undeploying_would_delete_are_refused(refused: Callable[..., list[str]]) -> None:
    claims = f"{{backend: ironic, url: '{URL}', journal: {{path: claims.sqlite}}}}"

    assert ["deletes its allocation" in fault for fault in refused(BY_IRONIC, "", claims)] == [True]


def test_every_setting_of_a_pool_either_goes_through_ironic_or_is_refused_with_it() -> None:
    assert set(PoolSettings.model_fields) == GOES_THROUGH_IRONIC | set(REDFISH_ONLY)


def test_the_provider_takes_what_the_settings_give(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("argosy\n")
    (tmp_path / "word").write_text("hunter2\n")
    settings = IronicSettings(
        url=URL,
        auth="http_basic",
        username_ref="file:name",
        password_ref="file:word",
        ca_certificate="ca.pem",
        bmc_ca_certificate="/etc/bmc.pem",
        system_id="/redfish/v1/Systems/DGX",
    )
    inputs = ironic_inputs(settings)
    assert inputs is not None
    assert [] == check_ironic(inputs)

    config = ironic_config(inputs, tmp_path)
    assert config is not None
    access = config.access()
    assert access.account is not None
    assert (URL, "argosy", "hunter2", tmp_path / "ca.pem") == (
        *(access.url, access.account.username, access.account.password, access.ca_file),
    )
    info = config.bmc("https://bmc", access.account).driver_info()
    assert ("/etc/bmc.pem", "/redfish/v1/Systems/DGX") == (
        info["redfish_verify_ca"],
        info["redfish_system_id"],
    )
    assert "hunter2" not in repr((config, access, inputs))


def test_without_ironic_the_engine_is_redfish(tmp_path: Path) -> None:
    assert ironic_inputs(None) is None
    assert ironic_config(None, tmp_path) is None


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = ironic_config({"url": URL, "usernameRef": "file:name", "passwordRef": "file:word"}, tmp_path)
    assert config is not None

    with pytest.raises(NotPossibleError, match="file:name"):
        config.access()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("https://h", "ironic"),
        ({}, "ironic.url"),
        ({"url": "https://me:secret@h"}, "ironic.url"),
        ({"url": URL, "usernameRef": "env:A"}, "ironic.usernameRef"),
        ({"url": URL, "systemId": "1"}, "ironic.systemId"),
        ({"url": URL, "wait": "1"}, "ironic.wait"),
    ],
)
def test_inputs_that_are_none_are_named(given: Any, name: str) -> None:
    assert [name] == [found for found, _ in check_ironic(given)]


@pytest.mark.parametrize(
    ("boot", "kind", "by_ironic", "faults"),
    [
        ("virtualMedia", "raw", True, []),
        ("virtualMedia", "raw", False, ["image.kind"]),
        ("virtualMedia", "efi", True, ["image.kind"]),
        ("pxe", "raw", True, ["boot.method"]),
    ],
)
def test_ironic_writes_disk_images_that_redfish_cannot(
    boot: str, kind: str, by_ironic: bool, faults: list[str]
) -> None:
    image = {"url": "https://h/i", "sha256": "a" * 64, "kind": kind}
    machine = {"serverId": "hall/SN1", "image": image, "boot": {"method": boot}}

    assert faults == [name for name, _ in check_machine(machine, by_ironic=by_ironic)[1]]


async def test_what_is_done_over_redfish_only_never_reaches_past_ironic(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
    provider = BareMetal(RunIdentity("run"), lambda: tmp_path)
    provider.configure(
        {
            "claims": {"backend": "sqlite", "path": "claims.sqlite"},
            "phoneHome": "https://provision.hall.test/phone-home",
            "ironic": {"url": URL},
        }
    )
    hall = provider.hall()
    claim = hall.store.claim(Claim("hall", "SN1", "train/1", "lab/prod", "urn:1", 0, {"bmc": "https://bmc"}))

    with pytest.raises(NotPossibleError, match="the hall's engine is Ironic"):
        async with hall.server(claim, 0):
            pytest.fail("it reached the BMC")
    provider.close()
