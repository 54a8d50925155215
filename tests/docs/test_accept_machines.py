"""The how-to about acceptance: its settings are taken, its table is the file's, its message what is told."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from argosy.catalog import load_catalog
from argosy.spec.loader import load_spec
from argosy_metal.acceptance.defaults import load_default_tests
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.refusals import refuse
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.acceptance import acceptance_tests
from argosy_metal.simulator.fault_rules import FaultRule

from ..unit.metal.setup_halls import CONFIG, claimed_server
from ..unit.metal.test_acceptance import ACCEPTANCE, HALL, MACHINE, image, install_id
from .local_fleet import local_fleet_with

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/accept-machines.md").read_text(encoding="utf-8")
SETTINGS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_fleet_file_takes_the_settings_that_are_shown(settings: str, tmp_path: Path) -> None:
    fleet = load_spec(local_fleet_with(settings, tmp_path))

    given = YAML(typ="safe").load(settings)["settings"]  # pyright: ignore[reportUnknownMemberType]
    assert PoolSettings.model_validate(given) == fleet.settings.pools["hall-north", "train"]
    assert [] == list(refuse("hall-north", fleet))


def test_the_settings_that_are_shown_come_to_what_the_page_says() -> None:
    given = YAML(typ="safe").load(SETTINGS[0])["settings"]  # pyright: ignore[reportUnknownMemberType]
    settings = PoolSettings.model_validate(given).acceptance
    assert settings is not None

    tests = acceptance_tests(settings, load_catalog().server_type("dgx-h200"))

    assert ("at least 85", "8") == tuple(str(tests[name]) for name in ("p2p_bandwidth_percent", "gpu_count"))
    assert "fabric_ports_down" not in tests


async def test_the_first_example_is_passed_by_a_simulated_machine_and_the_second_ends_as_is_shown(
    tmp_path: Path,
) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        setup.config = {**CONFIG, **HALL}
        setup.again()
        await setup.create(MACHINE, image=image(), online=True)

        passed = await setup.create(ACCEPTANCE, installId=install_id(setup), tests=thresholds_of(SETTINGS[0]))
        with pytest.raises(PartialFailureError) as failed:
            await setup.create(ACCEPTANCE, installId=install_id(setup), tests=thresholds_of(SETTINGS[1]))

    assert passed["passed"] is True
    assert f"\n{failed.value}\n" in PAGE


def thresholds_of(text: str) -> dict[str, Mapping[str, float]]:
    given = YAML(typ="safe").load(text)["settings"]  # pyright: ignore[reportUnknownMemberType]
    settings = PoolSettings.model_validate(given).acceptance
    assert settings is not None
    tests = acceptance_tests(settings, load_catalog().server_type("dgx-h200"))
    return {name: threshold.wire() for name, threshold in tests.items()}


def test_the_table_names_every_default_test_as_the_file_says() -> None:
    shown = re.findall(r"^\| `([a-z0-9_]+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)

    expected = {
        name: test.says.lower()[0] + test.says[1:] for name, test in load_default_tests().tests.items()
    }
    assert expected == {
        name: says.lower()[0] + says[1:].replace("`nvidia-smi`", "nvidia-smi") for name, _, says in shown
    }
    for name, passes, _ in shown:
        threshold = load_default_tests().tests[name].threshold(8)
        assert passes in (
            f"{threshold.value:g}",
            f"{threshold.value:g} or more",
            "as many as the server type has",
        )


async def test_the_message_that_is_shown_is_the_one_that_is_told(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        setup.config = {**CONFIG, **HALL}
        setup.again()
        await setup.create(MACHINE, image=image(), online=True)
        setup.simulator.inject(FaultRule("unfit", path="/acceptance/*"))

        with pytest.raises(PartialFailureError) as failed:
            await setup.create(ACCEPTANCE, installId=install_id(setup), tests={"gpu_count": {"equal": 8}})

    assert f"\n{failed.value}\n" in PAGE
