"""Which file may be an inventory, and what a server of it takes from the inventory's defaults."""

import os
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.inventory import CredentialsSpec, InventorySpec, ServerSpec
from argosy.spec.loader import load_spec

USUAL = CredentialsSpec(username="env:USER", password="env:PASSWORD")
OWN = CredentialsSpec(username="env:OTHER_USER", password="env:OTHER_PASSWORD")


def inventory_of(**own: object) -> tuple[InventorySpec, ServerSpec]:
    server = ServerSpec.model_validate(
        {"serial": "A1", "bmc": "https://a1.example", "rack": "r1", "feeds": ("a",), **own}
    )
    inventory = InventorySpec(
        version=1, site="oslo", server_type="dgx-h200", credentials=USUAL, servers=(server,)
    )
    return inventory, server


def test_a_server_that_says_nothing_takes_the_inventorys_defaults():
    inventory, server = inventory_of()

    assert "dgx-h200" == inventory.server_type_of(server)
    assert USUAL == inventory.credentials_of(server)


def test_what_a_server_says_itself_wins():
    inventory, server = inventory_of(server_type="dgx-b200", credentials=OWN)

    assert "dgx-b200" == inventory.server_type_of(server)
    assert OWN == inventory.credentials_of(server)


FLEET = "version: 1\nname: dev\nsites: {hall: {provider: metal, inventory: INVENTORY}}\n"


@pytest.fixture
def fleets(tmp_path: Path) -> Path:
    """The fleets' folder of a project, beside which lies a file that is none of its business."""
    fleets = tmp_path / "project" / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: lab\n")
    (tmp_path / "shadow").write_text("hunter2:secret\n")
    return fleets


def told(fleets: Path, inventory: str) -> str:
    """What is said of the fleet file's inventory, and of nothing else."""
    (fleets / "dev.yaml").write_text(FLEET.replace("INVENTORY", inventory))
    with pytest.raises(FleetError) as refused:
        load_spec("./dev.yaml", fleets)
    assert "hunter2" not in str(refused.value)
    return "\n".join(str(fault) for fault in refused.value.faults if "inventor" in str(fault))


def test_an_inventory_outside_the_project_is_refused_unread(fleets: Path):
    assert told(fleets, "../../../shadow") == (
        "dev.yaml:3:44 sites.hall.inventory: given '../../../shadow', which lies outside the project;"
        " expected a file below the project; write e.g. inventories/hall.yaml"
    )


def test_a_link_that_leads_out_of_the_project_is_refused_unread(fleets: Path):
    (fleets / "hall.yaml").symlink_to("../../../shadow")

    assert "given 'hall.yaml', which lies outside the project" in told(fleets, "hall.yaml")


def test_outside_any_project_an_inventory_lies_below_the_fleet_file(fleets: Path):
    (fleets.parents[1] / "Pulumi.yaml").unlink()
    (fleets.parent / "hall.yaml").write_text("hunter2:secret\n")

    assert told(fleets, "../hall.yaml") == (
        "dev.yaml:3:44 sites.hall.inventory: given '../hall.yaml',"
        " which lies outside the fleet file's folder; expected a file below the fleet file's folder;"
        " write e.g. inventories/hall.yaml"
    )


def test_an_inventory_elsewhere_in_the_project_is_read(fleets: Path):
    (fleets.parents[1] / "halls").mkdir()
    (fleets.parents[1] / "halls" / "hall.yaml").write_text("[]\n")

    assert told(fleets, "../../halls/hall.yaml") == ""


@pytest.mark.parametrize("content", ["hunter2hunter2\n", "20271231\n"])
def test_a_file_of_one_value_is_no_inventory_and_is_not_shown(fleets: Path, content: str):
    (fleets / "inventory-password").write_text(content)

    assert told(fleets, "inventory-password") == (
        "inventory-password:1:1: given a single value; expected a mapping at the top level;"
        " begin with `version: 1`, then `key: value` lines"
    )


def test_a_pipe_is_no_inventory_and_is_not_waited_for(fleets: Path):
    os.mkfifo(fleets / "inventory.yaml")

    assert "inventory.yaml: given a pipe or a device; expected a YAML file" in told(fleets, "inventory.yaml")


def test_a_link_that_leads_back_to_itself_is_no_inventory_and_is_not_suggested(fleets: Path):
    (fleets / "hall.yaml").symlink_to("hall.yaml")

    assert told(fleets, "hall.yaml") == (
        "dev.yaml:3:44 sites.hall.inventory: given 'hall.yaml', a symbolic link that leads back to itself;"
        " expected an inventory file; point the link at a file, or replace it by one"
    )
