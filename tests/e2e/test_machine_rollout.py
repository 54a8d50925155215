"""Through a real engine: another image goes over a pool one machine at a time, and deletions are counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.budgets import DELETIONS_VARIABLE
from argosy_metal.claims import Phase
from argosy_metal.simulator import image_sha256, stop

from .test_bare_metal_up import PROGRAM, UP, Hall, start_hall

if TYPE_CHECKING:
    from conftest import Engine

BUDGETS = {
    "rollout": {"train": 1},
    "deletionsPerRun": 1,
    "imageReaders": 2,
    "powerOnWatts": {"a": 20_000},
    "powerOnWindowSeconds": 60,
}


@pytest.fixture
def hall(engine: "Engine", tmp_path: Path) -> Iterator[Hall]:
    """A quick hall of four servers with budgets."""
    started = start_hall(engine, tmp_path, time_scale=600)
    with_budgets = PROGRAM.replace(
        '    simulator_directory="simulator",\n',
        f'    simulator_directory="simulator",\n    budgets={BUDGETS},\n',
    ).replace("        username_ref=", "        startup_watts=10_000,\n        username_ref=")
    assert with_budgets.count("budgets") == with_budgets.count("startup_watts") == 1
    (tmp_path / "program" / "__main__.py").write_text(with_budgets)
    started.select("local")
    yield started
    stop(tmp_path / "simulator")


def test_another_image_takes_down_one_machine_at_a_time(hall: Hall) -> None:
    hall.ok(*UP)
    hall.choose("node-2")
    up = hall.project.start("up", "--yes", "--skip-preview")

    most_down = 0
    while up.poll() is None:
        most_down = max(most_down, sum(phase is not Phase.RUNNING for phase in hall.phases()))
    output, _ = up.communicate()

    assert 0 == up.returncode, output
    assert 1 == most_down
    assert [2, 2, 2, 2] == hall.installs()


def test_an_image_that_does_not_come_up_leaves_all_but_the_first_as_they_are(hall: Hall) -> None:
    hall.ok(*UP)
    hall.ok("config", "set", "sha256", "0" * 64)

    output = hall.refused(*UP)

    assert "which is all that may be down at once (budget `rollout`)" in output
    assert 3 == hall.phases().count(Phase.RUNNING)
    hall.ok("config", "set", "sha256", image_sha256("node"))
    hall.ok(*UP)
    assert [Phase.RUNNING] * 4 == hall.phases()


def test_a_run_takes_down_no_more_machines_than_it_may_and_says_what_would_allow_more(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.ok(*UP)
    everything = dict(hall.project.environment)
    limited = Hall(hall.folder, type(hall.project)(hall.folder, everything | {DELETIONS_VARIABLE: ""}))

    output = limited.refused("destroy", "--yes", "--skip-preview", "--continue-on-error")

    assert "a run may take down 1 machine of this hall" in output
    assert f"{DELETIONS_VARIABLE}=NUMBER" in output
    assert 3 == hall.phases().count(Phase.RUNNING)
    hall.ok("destroy", "--yes", "--skip-preview")
    assert [] == hall.phases()
