"""What is to be written to a BIOS, decided from what is wanted and what is seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_metal.redfish.bios_rules import AttributeValue


def unapplied(wanted: Mapping[str, AttributeValue], in_force: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """What is wanted and not in force."""
    return {name: value for name, value in sorted(wanted.items()) if in_force.get(name) != value}


def unfinished(
    wanted: Mapping[str, Any], applied: Mapping[str, Any], pending: Mapping[str, Any], *, now: bool
) -> list[str]:
    """Attributes that are not as they should be. Pending is as good, unless they are wanted `now`."""
    after = applied if now else {**applied, **pending}
    return [name for name, value in sorted(wanted.items()) if after.get(name) != value]


def to_write(
    wanted: Mapping[str, AttributeValue],
    in_force: Mapping[str, Any],
    pending: Mapping[str, Any],
    *,
    lacks_job: bool = False,
) -> dict[str, AttributeValue]:
    """What must be written so that the next self-test brings about what is wanted.

    `lacks_job`: pending attributes wait for a job, and none waits; they are written again, which starts one.
    """
    after = {**in_force, **pending}
    return {
        name: value
        for name, value in sorted(wanted.items())
        if after.get(name) != value or (lacks_job and in_force.get(name) != value)
    }


def to_capture(
    wanted: Mapping[str, AttributeValue], in_force: Mapping[str, Any], captured: Mapping[str, Any]
) -> dict[str, AttributeValue]:
    """Values in force that are to be remembered before they are changed for the first time."""
    return {
        name: in_force[name]
        for name in sorted(wanted)
        if name not in captured and in_force.get(name) is not None
    }
