"""The fleet program refuses a run without checkpoints that could lose something."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from argosy_component.testing import Declare

PROGRAM = Path(__file__).resolve().parents[2] / "stacks" / "__main__.py"


def note(declared: list[object]) -> Callable[..., None]:
    def init(*arguments: object) -> None:
        declared.append(arguments)

    return init


def test_a_fleet_with_a_cloud_site_is_refused_without_checkpoints_before_anything_is_declared(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")
    declared: list[object] = []
    monkeypatch.setattr("argosy_component.fleet.Fleet.__init__", note(declared))

    with pytest.raises(pulumi.RunError, match=r"PULUMI_SKIP_CHECKPOINTS is set.*\((aws|gcp)\)"):
        declare(lambda: runpy.run_path(str(PROGRAM), run_name="__main__"), project="argosy", stack="prod")

    assert [] == declared
