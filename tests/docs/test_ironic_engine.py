"""The how-to about Ironic: its settings are taken, and what it names is what there is."""

import re
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from argosy.spec.loader import load_spec
from argosy_metal.ironic.client import MICROVERSION
from argosy_metal.ironic.fields import cleaning
from argosy_metal.ironic.node import MARK
from argosy_metal.lifecycle import Limits
from argosy_metal.lifecycle.driver import WipePolicy
from argosy_metal.refusals import refuse
from argosy_metal.refusals_engine import REDFISH_ONLY
from argosy_metal.settings import HallSettings
from argosy_metal.settings.engine import IronicSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "use-ironic-as-the-engine.md").read_text(encoding="utf-8")
(SETTINGS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
QUOTED: set[str] = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)))


def test_a_fleet_file_takes_the_settings_that_are_shown(tmp_path: Path) -> None:
    fleets = ROOT / "tests" / "conformance"
    shutil.copytree(fleets / "inventories", tmp_path / "inventories")
    indented = "".join(f"    {line}\n" for line in SETTINGS.splitlines())
    text = (fleets / "metal.yaml").read_text(encoding="utf-8")
    pools = "    node_pools:\n"
    (tmp_path / "metal.yaml").write_text(text.replace(pools, indented + pools, 1), encoding="utf-8")

    fleet = load_spec(str(tmp_path / "metal.yaml"))

    written: Any = YAML(typ="safe").load(SETTINGS)  # pyright: ignore[reportUnknownMemberType]
    expected = HallSettings.model_validate(written["settings"])
    assert expected == fleet.settings.sites["hall"]
    assert [] == list(refuse("hall", fleet))


def test_every_key_is_explained_and_none_that_there_is_not() -> None:
    table = PAGE.split("All keys:")[1].split("\n\n")[1]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]

    assert sorted(IronicSettings.model_fields) == sorted(named)


def test_what_is_refused_is_named() -> None:
    assert set(REDFISH_ONLY) <= QUOTED


def test_the_figures_and_the_words_are_those_of_the_code() -> None:
    steps = {cleaning(policy)["clean_steps"][0]["step"] for policy in (WipePolicy.METADATA, WipePolicy.ERASE)}

    assert f"microversion {MICROVERSION}" in PAGE
    assert steps <= QUOTED
    assert f"extra.{MARK}" in QUOTED
    assert f"`attempts` of them ({Limits().attempts})" in PAGE
