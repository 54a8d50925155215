"""The how-to about BIOS and firmware: its settings do on a simulated server what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.spec.loader import load_spec
from argosy.spec.models import HallSpec
from argosy_metal.lifecycle import MachineError
from argosy_metal.refusals import refuse
from argosy_metal.resources.base import wire_name
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.bios import bios_arguments
from argosy_metal.settings.firmware import firmware_arguments

from ..unit.metal.setup_halls import Setup, claimed_server
from .local_fleet import local_fleet_with

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "set-bios-and-firmware.md").read_text(encoding="utf-8")
(SETTINGS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BIOS, FIRMWARE = "baremetal:index:BiosSettings", "baremetal:index:FirmwareBaseline"


def settings() -> PoolSettings:
    return PoolSettings.model_validate(YAML(typ="safe").load(SETTINGS)["settings"])  # pyright: ignore[reportUnknownMemberType]


def inputs(arguments: dict[str, Any]) -> dict[str, Any]:
    return {wire_name(name): value for name, value in arguments.items()}


def test_a_fleet_file_takes_the_settings_that_are_shown(tmp_path: Path) -> None:
    fleet = load_spec(local_fleet_with(SETTINGS, tmp_path))

    assert isinstance(fleet.spec.sites["hall-north"], HallSpec)
    assert settings() == fleet.settings.pools["hall-north", "train"]
    assert [] == list(refuse("hall-north", fleet))


async def test_the_settings_that_are_shown_do_what_the_page_says(tmp_path: Path) -> None:
    wanted = settings()
    assert wanted.bios is not None
    assert wanted.firmware is not None
    async with claimed_server(tmp_path, "ami-dgx", server_type="dgx-h200", hall="hall-north") as setup:
        # Its BMC takes minutes for the inventory, which nobody shall wait for here.
        setup.bmc.profile = setup.bmc.profile.model_copy(update={"firmware_inventory_seconds": 0})
        bios = await setup.create(BIOS, **inputs(bios_arguments(wanted.bios)))
        firmware = await setup.create(FIRMWARE, **inputs(firmware_arguments(wanted.firmware)))
        assert wanted.bios.attributes == bios["pending"]
        assert {"HostBIOS_0": "1.05.03"} == firmware["staged"]

        setup.bmc.machine.reset("On", setup.clock.now())
        setup.clock.simulated.advance(600)
        setup.bmc.step(setup.clock.now())
        setup.again()

        assert wanted.bios.attributes == (await setup.read(BIOS, bios)).outputs["applied"]
        assert {"HostBIOS_0": "1.05.03"} == (await setup.read(FIRMWARE, firmware)).outputs["versions"]
        await setup.delete(BIOS, bios)
        assert wanted.bios.attributes.keys() == setup.bmc.machine.state.bios.pending.keys()


async def test_the_message_that_is_shown_is_what_is_told(tmp_path: Path) -> None:
    async with claimed_server(tmp_path) as setup:
        with pytest.raises(MachineError) as refused:
            await wrong(setup)

    assert f"\n{refused.value}\n" in PAGE


async def wrong(setup: Setup) -> None:
    await setup.create(BIOS, attributes={"NumaNodePerSocket": "NPS4", "PowerOnDelaySeconds": 301})
