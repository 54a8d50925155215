"""What the fleet file says of BIOS and firmware, what it comes to, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec
from argosy.spec.models import HallSpec
from argosy_component.mock_engine import run_program
from argosy_metal import resources
from argosy_metal.provider.bios_settings import BiosSettings
from argosy_metal.provider.firmware_baseline import FirmwareBaselines
from argosy_metal.refusals import refuse
from argosy_metal.refusals_firmware import refuse_firmware
from argosy_metal.resources import FirmwareImage
from argosy_metal.resources.base import wire_name
from argosy_metal.settings.bios import BiosPoolSettings, bios_arguments
from argosy_metal.settings.firmware import FirmwarePoolSettings, firmware_arguments

ROOT = Path(__file__).resolve().parents[3]
DIGEST = "a" * 64
IMAGE = f"{{version: 1.1.0, url: 'https://cache.hall.test/bios.bin', sha256: {DIGEST}}}"
Refused = Callable[[str], list[str]]


def test_a_resource_is_given_only_what_the_file_means() -> None:
    firmware = {
        "components": {"BIOS": {"version": "1", "url": "https://cache.hall.test/b", "sha256": DIGEST}}
    }

    assert {"attributes": {"A": 1}} == bios_arguments(BiosPoolSettings(attributes={"A": 1}))
    assert firmware == firmware_arguments(FirmwarePoolSettings.model_validate(firmware))


def test_what_the_file_says_reaches_the_resources_and_is_taken_by_the_provider() -> None:
    bios = bios_arguments(
        BiosPoolSettings(
            attributes={"B": "x", "A": True}, apply_on="now", allow_reboot=True, restore_on_delete=True
        )
    )
    image = {"version": "1", "url": "https://cache.hall.test/b", "sha256": DIGEST}
    firmware = firmware_arguments(
        FirmwarePoolSettings.model_validate(
            {"components": {"BIOS": image}, "allow_downgrade": True, "apply_on": "now", "allow_reboot": True}
        )
    )

    assert ["A", "B"] == list(bios["attributes"])
    for kind, arguments in ((BiosSettings, bios), (FirmwareBaselines, firmware)):
        news = {wire_name(name): value for name, value in arguments.items()}
        inputs, failures = kind(lambda: None).check({"serverId": "hall/SN1", **news})  # type: ignore[arg-type, return-value]
        assert [] == list(failures)
        assert ("now", True) == (inputs["applyOn"], inputs["allowReboot"])


def test_names_of_attributes_and_components_reach_the_engine_as_they_are_written() -> None:
    image = FirmwareImage(version="1", url="https://cache.hall.test/b", sha256=DIGEST)

    def program() -> None:
        resources.BiosSettings("a", server_id="hall/SN1", attributes={"Boot_Mode": "Uefi"}, apply_on="now")
        resources.FirmwareBaseline("a", server_id="hall/SN1", components={"Host_BIOS_0": image})

    graph = run_program(program)

    bios, firmware = (graph.one(f"baremetal:index:{kind}") for kind in ("BiosSettings", "FirmwareBaseline"))
    assert {"serverId": "hall/SN1", "attributes": {"Boot_Mode": "Uefi"}, "applyOn": "now"} == bios.inputs
    assert {"serverId": "hall/SN1", "components": {"Host_BIOS_0": image}} == firmware.inputs


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Gives the faults of a fleet whose pool `train` has these settings."""

    def load(pool: str) -> list[str]:
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", tmp_path / "inventories")
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text()
        (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
        (tmp_path / "metal.yaml").write_text(
            text.replace("      train: {", f"      train: {{settings: {pool}, ", 1)
        )
        try:
            fleet = load_spec(str(tmp_path / "metal.yaml"))
        except FleetError as error:
            return [str(fault) for fault in error.faults]
        hall = fleet.spec.sites["hall"]
        assert isinstance(hall, HallSpec)
        found = [str(fault) for fault in refuse_firmware("hall", fleet, hall)]
        assert set(found) <= {str(fault) for fault in refuse("hall", fleet)}
        return found

    return load


@pytest.mark.parametrize(
    "pool",
    [
        "{bios: {attributes: {Sriov: Enabled, Delay: 30, Secure: true}}}",
        "{bios: {attributes: {A: x}, apply_on: now, allow_reboot: true, restore_on_delete: true}}",
        f"{{firmware: {{components: {{BIOS: {IMAGE}}}, allow_downgrade: true}}}}",
    ],
)
def test_settings_that_are_right_are_taken(refused: Refused, pool: str) -> None:
    assert [] == refused(pool)


@pytest.mark.parametrize(
    ("pool", "reason"),
    [
        ("{bios: {attributes: {}}}", "attributes"),
        ("{bios: {attributes: {A: 0.5}}}", "attributes.A"),
        ("{bios: {attributes: {A: x}, apply_on: later}}", "apply_on"),
        ("{bios: {attributes: {A: x}, allow_reboot: true}}", "true with apply_on: next_reboot"),
        ("{firmware: {components: {}}}", "components"),
        ("{firmware: {components: {BIOS: {version: '1'}}}}", "sha256"),
        (f"{{firmware: {{components: {{BIOS: {IMAGE}}}, allow_reboot: true}}}}", "firmware.allow_reboot"),
        (
            f"{{firmware: {{components: {{BIOS: {IMAGE.replace('cache.hall.test', 'dl.vendor.test')}}}}}}}",
            "an image on dl.vendor.test",
        ),
        (f"{{firmware: {{components: {{BIOS: {IMAGE.replace('https', 'http')}}}}}}}", "url"),
    ],
)
def test_settings_that_could_not_work_are_refused(refused: Refused, pool: str, reason: str) -> None:
    faults = refused(pool)

    assert faults
    assert any(reason in fault for fault in faults), faults
