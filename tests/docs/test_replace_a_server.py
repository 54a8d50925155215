"""What the page about replacing a server shows is what the command prints and writes."""

import difflib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .test_docs import ROOT, blocks

PAGE = "docs/how-to/replace-a-broken-server.md"
COMMAND = ["metal", "replace", "prod", "oslo/train-h200/slot-02", "--reason", "fan tray 2 fails"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's own fleets, to be written to."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks" / "fleets", tmp_path / "stacks" / "fleets")
    return tmp_path


def argosy(project: Path, *arguments: str) -> str:
    command = [str(Path(sys.prefix, "bin", "argosy")), *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout


def shown(language: str) -> str:
    (text,) = [text for page, text in blocks(language) if page == PAGE]
    return text


def test_the_session_that_is_shown_is_what_the_command_prints(project: Path) -> None:
    command, _, output = shown("").partition("\n")

    assert '$ argosy metal replace prod oslo/train-h200/slot-02 --reason "fan tray 2 fails"' == command
    assert output == argosy(project, *COMMAND)


def test_the_line_that_is_shown_is_what_comes_into_the_inventory(project: Path) -> None:
    path = project / "stacks" / "fleets" / "inventories" / "oslo.yaml"
    before = path.read_text(encoding="utf-8").splitlines()
    argosy(project, *COMMAND)
    after = path.read_text(encoding="utf-8").splitlines()

    added = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("+ ")]
    assert shown("yaml").splitlines()[1:] == added


def test_the_lock_is_proven_afterwards(project: Path) -> None:
    argosy(project, *COMMAND)

    assert "prod.lock.json: proven" in argosy(project, "check", "prod")
