"""`argosy drill` on the fleets of the repository: what it prints, and its exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy.cli import main

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "fixtures" / "drill" / "prod-lose-aws.expected"

Argosy = Callable[..., int]
Output = pytest.CaptureFixture[str]


@pytest.fixture
def argosy(monkeypatch: pytest.MonkeyPatch) -> Argosy:
    """Runs the command in this process, in the repository unless told otherwise; answers its exit code."""

    def run(*words: str, within: Path = ROOT) -> int:
        monkeypatch.chdir(within)
        monkeypatch.setattr("sys.argv", ["argosy", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0)

    return run


def test_losing_a_provider_of_prod_reads_as_its_golden_file(argosy: Argosy, capsys: Output) -> None:
    # After a change of the fleet: argosy drill prod --lose aws > tests/fixtures/drill/prod-lose-aws.expected
    assert 0 == argosy("drill", "prod", "--lose", "aws")
    assert GOLDEN.read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize(("env", "lose"), [("local", "hall-south"), ("prod", "oslo")])
def test_a_drill_of_what_must_be_survived_ends_well(
    argosy: Argosy, capsys: Output, env: str, lose: str
) -> None:
    assert 0 == argosy("drill", env, "--lose", lose)
    assert capsys.readouterr().out.splitlines()[-1].startswith("kept: every floor that applies (proven:")


def test_times_to_recover_are_never_called_proven_or_safe(argosy: Argosy, capsys: Output) -> None:
    argosy("drill", "prod", "--lose", "oslo")
    lines = capsys.readouterr().out.splitlines()
    title = lines.index("time until what is kept runs again (claimed)")
    times = lines[title : lines.index("", title)]

    assert any(line.startswith("  training/pretrain: ") and "not demonstrated" in line for line in times)
    assert not any(word in line for line in times for word in ("safe", "proven"))


def test_json_says_the_same(argosy: Argosy, capsys: Output) -> None:
    assert 0 == argosy("drill", "local", "--lose", "hall-south", "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    chat = found["workloads"][0]

    assert ("lose site hall-south", 15, True, True) == (
        found["scenario"],
        found["minutes"],
        found["kept"],
        found["proven"],
    )
    assert ("inference/assistant", 4, 4, 4, 0) == (
        chat["id"],
        chat["demand"],
        chat["floor"],
        chat["kept"],
        chat["short_of_floor"],
    )
    assert "re-placed" == found["jobs"][0]["status"] or found["jobs"][0]["home"].startswith("hall-north")


def test_several_losses_happen_at_once(argosy: Argosy, capsys: Output) -> None:
    words = ("--lose", "hall-north", "--lose", "hall-south")
    assert 0 == argosy("drill", "local", *words)
    lines = capsys.readouterr().out.splitlines()

    assert "drill of local: lose site hall-north, site hall-south, after 15 minutes" == lines[0]
    assert "no line of survive asks for this: no floor applies, and none is proven." == lines[-1]


def test_words_for_nothing_are_refused_with_the_closest(argosy: Argosy, capsys: Output) -> None:
    assert 2 == argosy("drill", "prod", "--lose", "osloo")
    assert (
        "--lose: 'osloo' names nothing that this fleet can lose; closest: oslo\n" == capsys.readouterr().err
    )


def test_a_drill_of_nothing_and_at_no_known_time_is_refused(argosy: Argosy, capsys: Output) -> None:
    assert 2 == argosy("drill", "prod")
    assert "--lose" in capsys.readouterr().err
    assert 2 == argosy("drill", "prod", "--lose", "aws", "--at", "12h")
    assert (
        "Error: Invalid value for '--at': '12h' is no time at which floors are known; write 0, 15m or 4h\n"
    ) == capsys.readouterr().err.splitlines(keepends=True)[-1]


def test_a_stale_lock_is_refused(argosy: Argosy, capsys: Output, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "stacks" / "fleets", tmp_path / "stacks" / "fleets")
    (tmp_path / "Pulumi.yaml").write_text("name: argosy\n")
    fleet = tmp_path / "stacks" / "fleets" / "local.yaml"
    fleet.write_text(
        fleet.read_text().replace("accelerator: [H200], nodes: 4}", "accelerator: [H200], nodes: 3}")
    )

    assert 2 == argosy("drill", "local", "--lose", "hall-south", within=tmp_path)
    assert "stacks/fleets/local.lock.json: cannot be used:" in capsys.readouterr().err


def test_a_broken_floor_ends_with_exit_code_1(
    argosy: Argosy, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argosy.planner.problem import Witness

    def nothing(*_: object, **__: object) -> tuple[Witness, bool]:
        return Witness({}, {}), True

    monkeypatch.setattr("argosy.what_if.drill.best_witness", nothing)
    # Both feeds of one hall: the lock has no witness for just this that could stand in.
    words = ("--lose", "feed hall-north/a", "--lose", "feed hall-north/b")

    assert 1 == argosy("drill", "local", *words)
    assert capsys.readouterr().out.splitlines()[-1].startswith("broken: lose feed hall-north/a, ")
