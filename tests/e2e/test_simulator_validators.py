"""DMTF's validators judge the simulator: its service, its protocol, and what OpenStack Ironic asks for."""

from __future__ import annotations

import re
import tarfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy_metal.redfish import Credentials, RedfishClient, Trust, find_system
from argosy_metal.simulator import SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.profiles import vendor_files

from .redfish_judges import IRONIC_PROFILE, SCHEMAS, findings_in, judge, protocol_findings_in

GOLDEN = Path(__file__).parent / "golden" / "simulator-warnings.yaml"
TABLE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "simulator-conformance.md"
IMAGE = "https://provision.hall.test/images/node.iso?install=judged"
VENDORS = sorted(vendor_files())


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncGenerator[RunningSimulator]:
    servers = tuple(
        SimulatedServer(f"{name}.hall.test", name, "plain", "rack-1", vendor=name) for name in VENDORS
    )
    hall = SimulatedHall("hall", "provision.hall.test", servers)
    config = SimulatorConfig(halls=(hall,), time_scale=600, session_limit=20)
    async with simulate(config, tmp_path / "simulator", ports="each") as running:
        yield running


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Options that let the service validator find its schemas; without any it downloads them."""
    if not SCHEMAS.exists():
        return ()
    folder = tmp_path_factory.mktemp("schemas")
    with tarfile.open(SCHEMAS) as archive:
        archive.extractall(folder, filter="data")
    return ("--schema_directory", str(folder / "csdl"), "--skipschema")


async def use(simulator: RunningSimulator, vendor: str) -> None:
    """Do to the server what leaves traces: an image in the drive, an override, a task or job, power."""
    simulator.bmc(vendor).service.restart()
    client = RedfishClient(
        f"https://{vendor}.hall.test",
        Credentials(simulator.username, simulator.password),
        trust=Trust(ca_file=simulator.ca_file),
        user_agent="argosy-test",
        resolve=simulator.resolve,
    )
    async with client:
        system = await find_system(client, vendor)
        await (await system.optical_slot()).insert(IMAGE)
        await system.set_boot_override_once(system.optical_boot_target(await system.observe()))
        await system.reset("On")


def golden() -> dict[str, Any]:
    return YAML(typ="safe").load(GOLDEN)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_service_validator_finds_no_fail_but_those_that_a_vendor_makes_on_purpose(
    simulator: RunningSimulator, schemas: tuple[str, ...], tmp_path: Path, vendor: str
) -> None:
    await use(simulator, vendor)
    login = "Session" if simulator.bmc(vendor).profile.has_sessions else "Basic"
    options = ("--logdir", ".", "--authtype", login, *schemas)
    found = findings_in(
        await judge("rf_service_validator", simulator, f"{vendor}.hall.test", tmp_path / "reports", *options)
    )

    assert set(vendor_files()[vendor].expected_fails) == {fail.partition(":")[0] for fail in found.fails}
    assert golden()[vendor] == list(found.warnings)
    assert 900 < found.passed


async def test_ironics_profile_is_kept_without_a_fail(simulator: RunningSimulator, tmp_path: Path) -> None:
    if not IRONIC_PROFILE.exists():
        pytest.skip(f"needs OpenStack Ironic's interoperability profile at {IRONIC_PROFILE}")
    await use(simulator, "generic")
    options = ("--logdir", ".", "--authtype", "Session", str(IRONIC_PROFILE))
    found = findings_in(
        await judge("rf_interop_validator", simulator, "generic.hall.test", tmp_path / "reports", *options)
    )

    assert () == found.fails
    assert 100 < found.passed


async def test_the_validators_would_find_a_fault(
    simulator: RunningSimulator, schemas: tuple[str, ...], tmp_path: Path
) -> None:
    simulator.bmc("generic").shown_serial = 7  # type: ignore[assignment]
    options = ("--logdir", ".", "--authtype", "Session", *schemas)
    found = findings_in(
        await judge("rf_service_validator", simulator, "generic.hall.test", tmp_path / "reports", *options)
    )

    assert any("SerialNumber" in fail for fail in found.fails)


async def test_every_rule_of_the_protocol_is_kept_or_explained(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    options = ("--report-dir", ".", "--report-type", "tsv", "--avoid-http-redirect")
    reports = await judge(
        "rf_protocol_validator",
        simulator,
        "generic.hall.test",
        tmp_path / "reports",
        *options,
        "--ca-bundle",
        str(simulator.ca_file),
    )
    broken, kept = protocol_findings_in(reports)

    assert explained() == set(broken), broken
    assert 300 < kept


def explained() -> set[str]:
    """Assertions that the page's table gives a reason for."""
    return set(re.findall(r"^\| `([A-Z_0-9]+)` \|", TABLE.read_text(), re.MULTILINE))


def test_every_warning_in_the_golden_file_belongs_to_a_vendor() -> None:
    assert set(VENDORS) == set(golden())
