"""The how-to about storage, secure boot and power caps: its settings are taken, and do what the page says."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.catalog import load_catalog
from argosy.spec.loader import load_spec
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import RefusedInputError
from argosy_metal.refusals import refuse
from argosy_metal.resources import RaidVolume
from argosy_metal.resources.base import wire_name
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import (
    PowerCapPoolSettings,
    capped_node,
    power_cap_arguments,
    with_planned_cap,
)
from argosy_metal.settings.secure_boot import secure_boot_arguments
from argosy_metal.settings.storage import storage_arguments
from argosy_metal.simulator.parts import factory_keys

from ..unit.metal.setup_halls import claimed_server
from .local_fleet import local_fleet_with

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/set-storage-secure-boot-and-power-caps.md").read_text(encoding="utf-8")
(SETTINGS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EMPTY = hashlib.sha256(b"").hexdigest()
"""The digest that the page shows, of a key that nobody has."""
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


def local_fleet(folder: Path, text: str = SETTINGS) -> Path:
    """The local fleet with the page's settings, as a project of its own."""
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    fleets = folder / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    return Path(local_fleet_with(text, fleets))


def test_a_fleet_file_takes_the_settings_that_are_shown_for_the_server_that_is_named(tmp_path: Path) -> None:
    pem = factory_keys("db")["factory"].pem
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/node-loader.pem").write_text(pem)
    path = local_fleet(tmp_path, SETTINGS.replace(EMPTY, hashlib.sha256(pem.encode()).hexdigest()))
    for file in (path, *(path.parent / "inventories").glob("hall-north.yaml")):
        file.write_text(file.read_text().replace("dgx-h200", "dell-xe9680-h200"))
    fleet = load_spec(str(path))

    assert settings().storage == fleet.pool_settings("hall-north", "train", PoolSettings).storage
    assert settings().power_cap == fleet.pool_settings("hall-north", "train", PoolSettings).power_cap
    assert [] == list(refuse("hall-north", fleet))


def test_what_a_dgx_refuses_and_what_is_not_there_is_told_when_the_file_is_checked(tmp_path: Path) -> None:
    local_fleet(tmp_path)
    command = [str(Path(sys.executable).with_name("argosy")), "check", "local"]

    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert 2 == told.returncode
    (shown,) = re.findall(r"^```\n\$ argosy check local\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown == told.stderr


def test_the_cap_that_is_worked_out_on_the_page_is_the_one_that_is_set() -> None:
    node = capped_node(load_catalog().server_type("dgx-h200"), load_catalog().accelerator("H200").tdp_watts)

    assert "(9,900 - (10,200 - 8 x 700)) / 8 = 662 W" in PAGE
    assert PowerCapPoolSettings(watts_per_gpu=662) == with_planned_cap(None, 9900, node)


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
