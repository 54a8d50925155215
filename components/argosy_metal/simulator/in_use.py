"""Which halls of a running simulator must not make place for another configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from argosy.spec.words import counted
from argosy_metal.simulator.endpoint import SimulatorError
from argosy_metal.simulator.world import SimulatorConfig


class HallsInUseError(SimulatorError):
    """Halls whose machines run or are installed would go."""


def assert_none_goes(servers: Iterable[Mapping[str, Any]], config: SimulatorConfig, directory: Path) -> None:
    """Refuse a configuration that lacks a hall in which a server is on, or has a system installed.

    `servers` are what the simulator that runs in `directory` shows of them. Raises HallsInUseError.
    """
    kept = {hall.name for hall in config.halls}
    going = Counter[str](
        server["hall"]
        for server in servers
        if server["hall"] not in kept and (server["installed"] is not None or server["power"] != "Off")
    )
    if going:
        halls = ", ".join(f"{hall} ({counted(number, 'machine')})" for hall, number in sorted(going.items()))
        raise HallsInUseError(
            f"{directory}: the simulator that runs here would lose halls whose machines run or are installed:"
            f" {halls}; end it first (argosy metal simulate … --stop), or simulate in another directory"
        )
