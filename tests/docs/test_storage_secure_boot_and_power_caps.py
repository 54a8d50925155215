"""The how-to about storage, secure boot and power caps: its settings are taken, and do what the page says."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.spec.loader import load_spec
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import RefusedInputError
from argosy_metal.refusals import refuse
from argosy_metal.resources import RaidVolume
from argosy_metal.resources.base import wire_name
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import power_cap_arguments
from argosy_metal.settings.secure_boot import secure_boot_arguments
from argosy_metal.settings.storage import storage_arguments
from argosy_metal.simulator.parts import factory_keys

from ..unit.metal.setup_halls import claimed_server
from .local_fleet import local_fleet_with

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/set-storage-secure-boot-and-power-caps.md").read_text(encoding="utf-8")
(SETTINGS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STORAGE, SECURE_BOOT, CAP = (
    f"baremetal:index:{kind}" for kind in ("StorageLayout", "SecureBoot", "PowerCap")
)


def settings() -> PoolSettings:
    return PoolSettings.model_validate(YAML(typ="safe").load(SETTINGS)["settings"])  # pyright: ignore[reportUnknownMemberType]


def inputs(arguments: dict[str, Any]) -> dict[str, Any]:
    volumes = [RaidVolume(**volume).wire() for volume in arguments.pop("volumes", ())]
    return {wire_name(name): value for name, value in arguments.items()} | (
        {"volumes": volumes} if volumes else {}
    )


def test_a_fleet_file_takes_the_settings_that_are_shown(tmp_path: Path) -> None:
    fleet = load_spec(local_fleet_with(SETTINGS, tmp_path))

    assert settings() == fleet.settings.pools["hall-north", "train"]
    assert [] == list(refuse("hall-north", fleet))


async def test_the_settings_that_are_shown_do_what_the_page_says(tmp_path: Path) -> None:
    wanted = settings()
    assert wanted.storage is not None
    assert wanted.secure_boot is not None
    assert wanted.power_cap is not None
    keys = inputs(secure_boot_arguments(wanted.secure_boot))
    async with claimed_server(tmp_path) as setup:
        layout = await setup.create(STORAGE, **inputs(storage_arguments(wanted.storage)))
        cap = await setup.create(CAP, **inputs(power_cap_arguments(wanted.power_cap, 1)))
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys/node-loader.pem").write_bytes(b"")
        with pytest.raises(RefusedInputError, match="it holds no single certificate in PEM form"):
            await setup.create(SECURE_BOOT, **keys)
        pem = factory_keys("db")["factory"].pem
        (tmp_path / "keys/node-loader.pem").write_text(pem)
        keys["databases"]["db"][0]["sha256"] = hashlib.sha256(pem.encode()).hexdigest()
        secure_boot = await setup.create(SECURE_BOOT, **keys)

        assert all(re.fullmatch("(os|scratch)-[0-9a-f]{6}", one["name"]) for one in layout["observed"])
        assert ["Bay-0", "Bay-1"] in [one["drives"] for one in layout["observed"]]
        assert (5000, 40) == (cap["limits"][0]["watts"], setup.bmc.machine.state.restore.delay_seconds)
        assert (True, False) == (secure_boot["complete"], secure_boot["applied"])


async def test_the_message_that_is_shown_is_the_one_that_is_told(tmp_path: Path) -> None:
    async with claimed_server(tmp_path) as setup:
        with pytest.raises(MachineError) as refused:
            await setup.create(CAP, wattsPerNode=100, wattsPerGpu=300)

    assert f"\n{refused.value}\n" in PAGE
