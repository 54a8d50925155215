"""`argosy explain` on the fleets of the repository: what it prints, and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ARGOSY = str(Path(sys.prefix, "bin", "argosy"))


def argosy(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ARGOSY, *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's fleets, to be changed at will."""
    shutil.copytree(ROOT / "stacks" / "fleets", tmp_path / "stacks" / "fleets")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def test_each_pool_has_a_line_with_its_nodes_bounds_spare_and_reason() -> None:
    shown = argosy("explain", "local")
    first, *pools = shown.stdout.splitlines()[:5]

    assert 0 == shown.returncode
    assert ["pool", "nodes", "bounds", "spare", "why", "not", "less"] == first.split()
    assert ["hall-north/serve", "hall-north/train", "hall-south/serve", "hall-south/train"] == [
        line.split()[0] for line in pools
    ]
    assert "pinned by sites.hall-north.node_pools.serve.nodes: 4; one less breaks lose " in pools[0]


def test_one_pool_is_told_alone_and_as_json() -> None:
    told = json.loads(argosy("explain", "local", "hall-north/serve", "--json").stdout)

    assert ["hall-north/serve"] == [pool["pool"] for pool in told["pools"]]
    assert {"fleet", "pools", "claimed"} == told.keys()
    why = told["pools"][0]["why_not_less"]
    assert 1 == why["step"]
    assert {"scenario", "within", "workload", "needed", "kept"} == why["breaks"][0].keys()
    assert "nothing lost" == told["pools"][0]["spare_of_kind"][0]["scenario"]


def test_a_mistyped_pool_gets_a_suggestion_and_exit_2() -> None:
    shown = argosy("explain", "local", "hall-north/serv")

    assert 2 == shown.returncode
    assert "did you mean hall-north/serve?" in shown.stderr


def test_a_lock_that_is_missing_names_the_command_that_writes_it(copy: Path) -> None:
    (copy / "stacks" / "fleets" / "local.lock.json").unlink()
    shown = argosy("explain", "local", folder=copy)

    assert 2 == shown.returncode
    assert "there is no lock yet. Run: argosy plan local" in shown.stderr


def test_a_lock_that_is_stale_is_refused_as_by_check(copy: Path) -> None:
    fleet = copy / "stacks" / "fleets" / "local.yaml"
    fleet.write_text(fleet.read_text(encoding="utf-8").replace("nodes: 4", "nodes: 3", 1), encoding="utf-8")
    shown, checked = argosy("explain", "local", folder=copy), argosy("check", "local", folder=copy)

    assert (2, 2) == (shown.returncode, checked.returncode)
    assert checked.stderr == shown.stderr
