"""What a server draws in each of its states. Pure."""

from __future__ import annotations

from argosy_metal.simulator.feeds import Load
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.world import PowerRules


def load_of(
    state: MachineState, max_watts: int, rules: PowerRules, *, starting: bool, limit_watts: float | None
) -> Load:
    """What the server draws; while it starts, a multiple of its most. `limit_watts` bounds all but that.

    No limit brings a server below what it draws idle.
    """
    steady = max_watts * _share(state, rules)
    if limit_watts is not None:
        steady = min(steady, max(limit_watts, max_watts * rules.idle))
    inrush = max(0.0, max_watts * rules.inrush - steady) if starting else 0.0
    return Load(round(steady * 1000), round(inrush * 1000))


def _share(state: MachineState, rules: PowerRules) -> float:
    if state.power == "Off":
        return rules.standby
    if state.installing is not None:
        return rules.installing
    # With nothing to boot, a server stays in its firmware.
    shares = {"OSRunning": rules.running, "OEM": rules.idle, "OSBootStarted": rules.running}
    return shares.get(state.boot_progress, rules.self_test)
