"""What the fleet file says of budgets and installations, what it comes to, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec
from argosy_metal.provider.budget_config import budget_limits, check_budgets
from argosy_metal.provider.config import check_config
from argosy_metal.refusals_machines import refuse_machines
from argosy_metal.settings.budgets import BudgetSettings, HallFacts, PowerOnSettings, budget_inputs, count_of
from argosy_metal.settings.machines import InstallSettings, UserDataSettings, WipeSettings, machine_arguments

ROOT = Path(__file__).resolve().parents[3]
FACTS = HallFacts(
    servers=48,
    pools={"train": 40, "serve": 4},
    feeds=("b", "a"),
    largest_watts=10_200,
    starts_at_once=2,
    readers_in_time=7,
)
SHA = "a" * 64
Load = Callable[[str, str], list[str]]
SERVICE = "{provisioning: {url: 'https://provision.hall.test', token: 'env:TOKEN'}}"


def test_the_defaults_follow_from_the_hall() -> None:
    assert budget_inputs(BudgetSettings(), FACTS) == {
        "machinesInFlight": 50,
        "imageReaders": 7,
        "firmwareUpdates": 16,
        "bmcConnections": 2,
        "attempts": 5,
        "deletionsPerRun": 4,
        "rollout": {"serve": 1, "train": 4},
        "powerOnWindowSeconds": 1,
        "powerOnWatts": {"a": 20_400, "b": 20_400},
    }


def test_what_the_file_says_counts() -> None:
    settings = BudgetSettings(
        image_readers=3,
        deletions_per_run=0,
        rollout=2,
        power_on=PowerOnSettings(watts=50_000, window_seconds=30),
    )

    inputs = budget_inputs(settings, FACTS)

    assert (3, 0, {"serve": 2, "train": 2}) == (
        inputs["imageReaders"],
        inputs["deletionsPerRun"],
        inputs["rollout"],
    )
    assert (30, {"a": 50_000, "b": 50_000}) == (inputs["powerOnWindowSeconds"], inputs["powerOnWatts"])


def test_without_what_servers_draw_no_power_on_waits_and_without_a_cache_20_read_at_once() -> None:
    inputs = budget_inputs(BudgetSettings(), HallFacts(1, {}, ("a",), None))

    assert "powerOnWatts" not in inputs
    assert 20 == inputs["imageReaders"]


@pytest.mark.parametrize(
    ("wanted", "whole", "expected"), [("10%", 48, 4), ("10%", 3, 1), ("0%", 9, 1), (0, 9, 0), ("100%", 9, 9)]
)
def test_a_share_is_at_least_one(wanted: int | str, whole: int, expected: int) -> None:
    assert expected == count_of(wanted, whole)


def test_the_provider_takes_what_the_settings_give() -> None:
    inputs = budget_inputs(BudgetSettings(), FACTS)

    assert [] == check_budgets(inputs)
    limits = budget_limits(inputs)
    assert {} == limits.replacements_per_run
    assert (7, 4, {"serve": 1, "train": 4}) == (
        limits.image_readers,
        limits.deletions_per_run,
        limits.rollout,
    )


@pytest.mark.parametrize(
    ("budgets", "name"),
    [
        ({"machinesInFlight": 0}, "budgets.machinesInFlight"),
        ({"imageReaders": True}, "budgets.imageReaders"),
        ({"deletionsPerRun": -1}, "budgets.deletionsPerRun"),
        ({"rollout": {"train": 0}}, "budgets.rollout"),
        ({"rollout": 3}, "budgets.rollout"),
        ({"replacementsPerRun": {"control-plane": 0}}, "budgets.replacementsPerRun"),
        ({"powerOnWatts": {"a": "1"}}, "budgets.powerOnWatts"),
        ({"powerOnWindowSeconds": 0}, "budgets.powerOnWindowSeconds"),
        ({"powerOnWindowSeconds": "1"}, "budgets.powerOnWindowSeconds"),
        ({"more": 1}, "budgets.more"),
        ([], "budgets"),
    ],
)
def test_budgets_that_are_none_are_named(budgets: Any, name: str) -> None:
    assert [name] == [found for found, _ in check_budgets(budgets)]


def test_a_provisioning_service_needs_its_token_and_the_token_its_service() -> None:
    for given in ({"provisioning": "https://h"}, {"provisioningTokenRef": "env:TOKEN"}):
        assert "provisioning" in dict(check_config(given))


def test_a_machine_is_given_only_what_the_file_means() -> None:
    assert {} == machine_arguments(InstallSettings(), None)
    assert {} == machine_arguments(InstallSettings(), WipeSettings(policy="none"))


def test_what_the_file_says_of_installations_reaches_the_machine() -> None:
    install = InstallSettings(
        image_kind="efi",
        boot_method="httpBoot",
        root_device_hints={"size": ">= 400"},
        user_data=UserDataSettings(ref="file:user-data.yaml", sha256="a" * 64),
        labels={"row": "7"},
    )

    assert machine_arguments(install, WipeSettings(policy="erase", method="BlockErase")) == {
        "image_kind": "efi",
        "boot_method": "httpBoot",
        "root_device_hints": {"size": ">= 400"},
        "user_data_ref": "file:user-data.yaml",
        "user_data_sha256": "a" * 64,
        "labels": {"row": "7"},
        "wipe_policy": "erase",
        "wipe_method": "BlockErase",
    }


@pytest.fixture
def refused(tmp_path: Path) -> Load:
    """Gives the faults of a fleet whose hall and pool `train` have these settings."""

    def load(hall: str = "", pool: str = "") -> list[str]:
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", tmp_path / "inventories")
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text()
        (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
        if hall:
            text = text.replace("    node_pools:\n", f"    settings: {hall}\n    node_pools:\n", 1)
        if pool:
            text = text.replace("      train: {", f"      train: {{settings: {pool}, ", 1)
        (tmp_path / "metal.yaml").write_text(text)
        try:
            fleet = load_spec(str(tmp_path / "metal.yaml"))
        except FleetError as error:
            return [str(fault) for fault in error.faults]
        return [str(fault) for fault in refuse_machines("hall", fleet, fleet.spec.sites["hall"])]  # type: ignore[arg-type]

    return load


@pytest.mark.parametrize(
    ("hall", "pool"),
    [
        ("{budgets: {rollout: 25%, deletions_per_run: 3, power_on: {window_seconds: 5}}}", ""),
        (SERVICE, "{install: {boot_method: pxe, image_kind: raw}}"),
        ("", "{wipe: {policy: erase, method: BlockErase}}"),
        (SERVICE, "{install: {root_device_hints: {size: '>= 400', rotational: 'false'}}}"),
    ],
)
def test_settings_that_are_right_are_taken(refused: Load, hall: str, pool: str) -> None:
    assert [] == refused(hall, pool)


@pytest.mark.parametrize(
    ("hall", "pool", "reason"),
    [
        ("{budgets: {rollout: 101%}}", "", "rollout"),
        ("{budgets: {machines_in_flight: 0}}", "", "machines_in_flight"),
        ("{budgets: {bmc_connections: 17}}", "", "bmc_connections"),
        ("", "{install: {image_kind: raw}}", "raw for boot method virtualMedia"),
        ("", "{install: {root_device_hints: {size: big}}}", "size: 'big'"),
        ("", "{install: {root_device_hints: {colour: red}}}", "colour: there is no such hint"),
        ("", "{install: {user_data: {ref: 'password: x', sha256: abc}}}", "user_data"),
        ("", "{wipe: {policy: none, method: Overwrite}}", "Overwrite for policy none"),
        ("", "{wipe: {policy: shred}}", "wipe.policy"),
        ("", "{wipe: {policy: metadata}}", "metadata for engine redfish"),
        ("", "{install: {boot_method: pxe}}", "boot_method in a hall without a provisioning service"),
        ("", "{install: {root_device_hints: {name: /dev/md0}}}", "root_device_hints in a hall without"),
        (
            "",
            "{install: {user_data: {ref: 'env:X', sha256: " + "a" * 64 + "}}}",
            "user_data in a hall without",
        ),
    ],
)
def test_settings_that_could_not_work_are_refused(refused: Load, hall: str, pool: str, reason: str) -> None:
    faults = refused(hall, pool)

    assert faults
    assert any(reason in fault for fault in faults)
