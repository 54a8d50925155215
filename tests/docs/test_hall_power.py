"""The how-to about a hall's power and uplinks: its files, its commands and what it says they print."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "describe-a-halls-power-and-uplinks.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FLEET, INVENTORY = (text for language, text in BLOCKS if language == "yaml")
COMMANDS = [
    line for language, text in BLOCKS for line in text.splitlines() if not language and line[:7] == "argosy "
]
REFUSED = [text.splitlines()[1] for _, text in BLOCKS if text.startswith("$ argosy plan cellar\n")]
PRINTED = [
    text for _, text in BLOCKS if text.startswith(("cellar: ", "power lost\n", "batteries and generators\n"))
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one's own that has the files of the page and nothing else."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    inventories = tmp_path / "stacks" / "fleets" / "inventories"
    inventories.mkdir(parents=True)
    (inventories / "cellar.yaml").write_text(INVENTORY, encoding="utf-8")
    (inventories.parent / "cellar.yaml").write_text(FLEET, encoding="utf-8")
    return tmp_path


def run(project: Path, line: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("argosy")), *shlex.split(line)[1:]]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_every_command_of_the_page_ends_well_in_its_order_and_prints_what_it_shows(project: Path) -> None:
    assert 4 == len(COMMANDS)
    done = [run(project, line) for line in COMMANDS]

    assert [0] * len(COMMANDS) == [one.returncode for one in done], [one.stderr for one in done]
    printed = "\n".join(one.stdout for one in done)
    assert 3 == len(PRINTED)
    assert [] == [text for text in PRINTED if text not in printed]


@pytest.mark.parametrize(
    ("number", "edit"),
    [
        (0, ("        power_cap_watts: 9900\n", "")),
        (1, ("kind: ups, rated_kw: 60", "kind: ups, rated_kw: 30")),
        (2, ("    image_cache: {mbps: 10000}\n", "")),
    ],
)
def test_every_refusal_that_is_shown_is_what_the_command_prints(
    project: Path, number: int, edit: tuple[str, str]
) -> None:
    assert 3 == len(REFUSED)
    assert edit[0] in FLEET
    (project / "stacks/fleets/cellar.yaml").write_text(FLEET.replace(*edit), encoding="utf-8")

    done = run(project, "argosy plan cellar")

    assert 2 == done.returncode
    assert REFUSED[number] in done.stderr.splitlines()
