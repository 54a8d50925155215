"""The commands of `simulate-a-hall.md` really run, on the files that the page shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from argosy.catalog import load_catalog
from argosy_metal.commands.halls import watts_of
from argosy_metal.simulator import SimulatorControl, stop
from argosy_metal.simulator.fault_rules import FaultKind
from argosy_metal.simulator.scenario_config import load_scenario
from argosy_metal.simulator.switches import SwitchKind

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/simulate-a-hall.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "hall.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    yield tmp_path
    stop(tmp_path / ".argosy/simulators/hall")


def said(command: str, folder: Path) -> str:
    """What a command of the page prints; curl fails on HTTP errors here, so that none goes unseen."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", command.replace("curl -sS", "curl -sS --fail")],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert 0 == done.returncode, f"{command}: {done.stderr}"
    return done.stdout


def test_the_commands_of_the_page_run_in_their_order(project: Path) -> None:
    start, system, power_on, halls, cut, end = blocks("bash")
    printed = said(start, project)
    directory = project / ".argosy/simulators/hall"

    assert "8 servers" in printed
    assert system.splitlines()[0].replace(" -sS", "")[:60] in printed
    assert '"SerialNumber": "HALL-NORTH-GPU-1-01"' in said(system, project)
    said(power_on, project)
    assert '"peak_watts"' in said(halls, project)
    said(cut, project)
    servers = SimulatorControl(directory).servers()
    assert (1, 0) == tuple(
        servers[f"HALL-NORTH-GPU-{rack}-01"]["counters"]["power_losses"] for rack in (1, 2)
    )
    assert "ended" in said(end, project)


def test_no_command_of_the_page_shows_a_password(project: Path) -> None:
    printed = said(blocks("bash")[0], project)
    password = (project / ".argosy/simulators/hall/bmc-password").read_text().strip()

    assert password not in printed
    assert 0o600 == (project / ".argosy/simulators/hall/curl.conf").stat().st_mode & 0o777


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_scenario_of_the_page_is_a_sound_one(text: str, tmp_path: Path) -> None:
    catalog = load_catalog()
    (tmp_path / "shown.yaml").write_text(text, encoding="utf-8")

    config = load_scenario(tmp_path / "shown.yaml", tmp_path, lambda name: watts_of(catalog, name))
    assert config.halls


def test_the_page_names_every_kind_of_fault_and_of_switch() -> None:
    assert [] == [kind for kind in get_args(FaultKind) if f"`{kind}`" not in PAGE]
    assert [] == [kind for kind in get_args(SwitchKind) if f"| `{kind} " not in PAGE]
