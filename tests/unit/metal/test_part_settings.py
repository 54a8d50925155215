"""`settings.storage`, `secure_boot` and `power_cap` of a pool: their shapes, and what they come to."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from argosy_metal.raid import RAID_TYPES, drives_needed, fits_raid
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import CappedNode, power_cap_arguments, with_planned_cap
from argosy_metal.settings.secure_boot import secure_boot_arguments
from argosy_metal.settings.storage import storage_arguments

VOLUMES = {
    "os": {"raid": "raid1", "drives": {"count": 2, "protocol": "nvme", "min_capacity_gb": 400}},
    "data": {"raid": "raid10", "drives": {"slots": ["1", "2", "3", "4"]}},
}
CAP = {
    "watts_per_gpu": 600,
    "power_restore": {"policy": "last_state", "delay_seconds": 10, "step_seconds": 5},
    "restore_on_delete": True,
}
KEYS = {"enabled": True, "mode": "user", "certificates": {"db": [{"file": "k.pem", "sha256": "a" * 64}]}}


def test_volumes_become_arguments_in_the_order_of_their_names() -> None:
    storage = PoolSettings.model_validate({"storage": {"volumes": VOLUMES, "take_over": True}}).storage
    assert storage is not None

    assert {
        "volumes": [
            {"name": "data", "raid": "RAID10", "slots": ("1", "2", "3", "4")},
            {"name": "os", "raid": "RAID1", "count": 2, "protocol": "NVMe", "min_capacity_gb": 400},
        ],
        "take_over": True,
    } == storage_arguments(storage)


def test_each_server_of_a_rack_waits_a_step_longer() -> None:
    cap = PoolSettings.model_validate({"power_cap": CAP}).power_cap
    assert cap is not None

    assert [10, 15, 20] == [power_cap_arguments(cap, place)["power_on_delay_seconds"] for place in range(3)]
    assert {
        "watts_per_gpu": 600,
        "restore_policy": "LastState",
        "power_on_delay_seconds": 10,
        "restore_on_delete": True,
    } == power_cap_arguments(cap)


DGX = CappedNode(10_200, 8, 700, 200, ("gpu",))


@pytest.mark.parametrize("planned", [*range(6200, 10_200, 77), 10_199])
def test_the_cap_of_the_gpus_is_the_highest_with_which_a_server_keeps_to_its_plan(planned: int) -> None:
    per_gpu = DGX.watts_per_gpu_for(planned)
    assert per_gpu is not None

    kept, more = DGX.watts_with(per_gpu), DGX.watts_with(per_gpu + 1)

    assert kept is not None
    assert more is not None
    assert kept <= planned < more


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (DGX, {"watts_per_gpu": 662}),
        (replace(DGX, capped=()), {"watts_per_node": 9900}),
        (replace(DGX, capped=("node", "gpu")), {"watts_per_node": 9900}),
        (replace(DGX, gpu_watts=None), {"watts_per_node": 9900}),
    ],
)
def test_a_planned_cap_is_set_as_the_bmc_takes_it(node: CappedNode, expected: dict[str, int]) -> None:
    restore = PoolSettings.model_validate({"power_cap": {"power_restore": {"policy": "always_on"}}}).power_cap

    alone, beside = with_planned_cap(None, 9900, node), with_planned_cap(restore, 9900, node)

    assert alone is not None
    assert beside is not None
    assert expected == alone.model_dump(include={"watts_per_node", "watts_per_gpu"}, exclude_none=True)
    assert expected == beside.model_dump(include={"watts_per_node", "watts_per_gpu"}, exclude_none=True)
    assert beside.power_restore is not None


def test_a_cap_that_the_settings_bring_stays_as_it_is() -> None:
    own = PoolSettings.model_validate({"power_cap": {"watts_per_gpu": 600}}).power_cap

    assert own == with_planned_cap(own, 9900, DGX)
    assert own == with_planned_cap(own, None, DGX)
    assert None is with_planned_cap(None, None, DGX)


def test_secure_boot_becomes_arguments() -> None:
    secure_boot = PoolSettings.model_validate({"secure_boot": KEYS}).secure_boot
    assert secure_boot is not None

    assert {
        "enabled": True,
        "mode": "UserMode",
        "databases": {"db": [{"file": "k.pem", "sha256": "a" * 64}]},
    } == secure_boot_arguments(secure_boot)
    plain = PoolSettings.model_validate({"secure_boot": {"enabled": False}}).secure_boot
    assert plain is not None
    assert {"enabled": False} == secure_boot_arguments(plain)


@pytest.mark.parametrize(
    "settings",
    [
        {"storage": {"volumes": {}}},
        {"storage": {"volumes": {"Operating": VOLUMES["os"]}}},
        {"storage": {"volumes": {"os": {"raid": "raid1", "drives": {"count": 3}}}}},
        {"storage": {"volumes": {"os": {"raid": "raid1", "drives": {}}}}},
        {"storage": {"volumes": {"os": {"raid": "raid1", "drives": {"slots": ["1", "2"], "count": 2}}}}},
        {"storage": {"volumes": {"os": {"raid": "raid0", "drives": {"slots": ["1"], "protocol": "nvme"}}}}},
        {"power_cap": {}},
        {"power_cap": {"watts_per_node": 0}},
        {"power_cap": {"watts_per_gpu": 600.5}},
        {"power_cap": {"power_restore": {"policy": "on"}}},
        {"power_cap": {"power_restore": {"policy": "always_on", "step_seconds": -1}}},
        {"secure_boot": {}},
        {"secure_boot": {"enabled": True, "certificates": {"mok": []}}},
        {"secure_boot": {"enabled": True, "certificates": {"db": []}}},
        {"secure_boot": {"enabled": True, "certificates": {"db": [{"file": "k", "sha256": "b"}]}}},
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PoolSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("raid", "good", "bad"),
    [
        ("RAID0", 1, 0),
        ("RAID1", 2, 3),
        ("RAID5", 3, 2),
        ("RAID6", 4, 3),
        ("RAID10", 6, 5),
    ],
)
def test_each_raid_level_has_its_number_of_drives(raid: str, good: int, bad: int) -> None:
    assert raid in RAID_TYPES
    assert (True, False) == (fits_raid(raid, good), fits_raid(raid, bad))
    assert drives_needed(raid)


def test_the_shapes_load_no_sdk_and_no_network() -> None:
    program = (
        "import sys, argosy_metal.settings;"
        "print([name for name in ('pulumi', 'aiohttp', 'grpc') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]" == shown.stdout.strip()
