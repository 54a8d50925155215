"""The how-to about server types of one's own: its file is taken, and its refusal is what the command prints.

That a hall of such servers comes up: tests/e2e/test_fleets_of_pages.py.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from argosy.catalog import load_catalog
from argosy.spec.server_types import ServerTypeSpec
from argosy_metal.simulator.profiles import vendor_files

from .test_hall_power import FLEET, INVENTORY

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/describe-a-server-type.md").read_text(encoding="utf-8")
(TYPES,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(NAMED,) = re.findall(r"^```\n(server_types: .*\n)```$", PAGE, re.MULTILINE)
(REFUSED,) = re.findall(r"^\$ argosy check cellar\n(.*\n)```$", PAGE, re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The cellar of the page about power, beside the file of server types."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    inventories = tmp_path / "stacks" / "fleets" / "inventories"
    inventories.mkdir(parents=True)
    (inventories.parent / "server-types.yaml").write_text(TYPES, encoding="utf-8")
    return tmp_path


def argosy(project: Path, command: str, fleet: str, inventory: str) -> "subprocess.CompletedProcess[str]":
    fleets = project / "stacks" / "fleets"
    (fleets / "cellar.yaml").write_text(fleet, encoding="utf-8")
    (fleets / "inventories" / "cellar.yaml").write_text(inventory, encoding="utf-8")
    words = [str(Path(sys.prefix, "bin", "argosy")), command, "cellar"]
    return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)


def test_a_hall_of_servers_of_the_type_that_is_shown_can_be_planned(project: Path) -> None:
    fleet = f"{FLEET}{NAMED}".replace("dgx-h200", "xe9680-lab").replace("_watts: 9900", "_watts: 9600")

    planned = argosy(project, "plan", fleet, INVENTORY.replace("dgx-h200", "xe9680-lab"))

    assert (0, "") == (planned.returncode, planned.stderr)


def test_the_refusal_that_is_shown_is_what_the_command_prints(project: Path) -> None:
    fleet = FLEET.replace("dgx-h200", "dell-xe9680")

    refused = argosy(project, "check", fleet, INVENTORY.replace("dgx-h200", "dell-xe9680"))

    assert 2 == refused.returncode
    assert REFUSED in refused.stderr
    assert "of which the inventory has none" not in refused.stderr


def test_every_key_and_vendor_that_is_named_is_one() -> None:
    table = "".join(re.findall(r"^\| `.*$", PAGE, re.MULTILINE))
    keys = {
        word
        for row in re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE)
        for word in re.findall("`(.*?)`", row)
    }

    assert set() == keys - set(ServerTypeSpec.model_fields)
    vendors = {entry.vendor for entry in load_catalog().server_types.values()} - {"nvidia"}
    assert vendors <= set(vendor_files())
    assert all(f"`{vendor}`" in table for vendor in vendors)
