"""Which hall each event of a configuration belongs to."""

from __future__ import annotations

from argosy_metal.simulator.switches import HallEvent, SwitchError, switch_of
from argosy_metal.simulator.world import SimulatorConfig


def events_by_hall(config: SimulatorConfig) -> dict[str, list[HallEvent]]:
    """The events of each hall, by its name, in the order of their times.

    Raises SwitchError, which names the event, if one is about something that is nowhere.
    """
    hall_of = {server.serial: hall.name for hall in config.halls for server in hall.servers}
    names = {hall.name for hall in config.halls}
    found: dict[str, list[HallEvent]] = {}
    for event in sorted(config.events, key=lambda event: event.at):
        found.setdefault(_hall_of(event, hall_of, names), []).append(event)
        if event.swap is not None:
            hall_of[event.serial] = hall_of[event.swap]
    return found


def _hall_of(event: HallEvent, hall_of: dict[str, str], names: set[str]) -> str:
    if event.swap is not None:
        return _known(event.swap, hall_of, event)
    switch = switch_of(event)
    if not switch.names_a_hall:
        return _known(switch.owner, hall_of, event)
    if switch.owner not in names:
        raise SwitchError(f"at {event.at:g} s: there is no hall {switch.owner!r}")
    return switch.owner


def _known(serial: str, hall_of: dict[str, str], event: HallEvent) -> str:
    if serial not in hall_of:
        raise SwitchError(f"at {event.at:g} s: there is no server {serial!r}")
    return hall_of[serial]
