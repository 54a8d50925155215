"""Which halls a running simulator may lose to another configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy_metal.simulator import SimulatorConfig
from argosy_metal.simulator.in_use import HallsInUseError, assert_none_goes

from .simulated_halls import config_of, hall_of

OFF: dict[str, Any] = {"hall": "oslo", "power": "Off", "installed": None}
NONE = SimulatorConfig(halls=())


@pytest.mark.parametrize("in_use", [{"power": "On"}, {"power": "PoweringOn"}, {"installed": {"image": "x"}}])
def test_a_hall_whose_machines_run_or_are_installed_is_named_and_stays(in_use: dict[str, Any]) -> None:
    with pytest.raises(HallsInUseError, match=r"are installed: oslo \(2 machines\); end it first"):
        assert_none_goes([OFF, OFF | in_use, OFF | in_use], NONE, Path("here"))


def test_a_hall_that_nobody_uses_may_go_and_one_that_is_kept_may_be_used() -> None:
    assert_none_goes([OFF], NONE, Path("here"))
    assert_none_goes([OFF | {"hall": "hall", "power": "On"}], config_of(hall_of(2)), Path("here"))
