"""What is to be flashed, decided from what is wanted and what is seen. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argosy_metal.redfish.firmware import Component, UpdateTask

_SHOWN = 30


@dataclass(frozen=True)
class FirmwareImage:
    """What a component is to run."""

    version: str
    url: str
    sha256: str


def in_order(components: Mapping[str, FirmwareImage]) -> list[str]:
    """BMCs first, since newer images of the others may need a newer BMC; then by name [choice]."""
    return sorted(components, key=lambda name: ("BMC" not in name.upper(), name))


def faults_in(
    wanted: Mapping[str, FirmwareImage], seen: Mapping[str, Component], *, allow_downgrade: bool
) -> tuple[str, ...]:
    """Why components cannot be brought to their versions, one line each, by name."""
    return tuple(
        line for name in sorted(wanted) for line in _faults(name, wanted[name], seen, allow_downgrade)
    )


def _faults(
    name: str, image: FirmwareImage, seen: Mapping[str, Component], allow_downgrade: bool
) -> Iterator[str]:
    component = seen.get(name)
    if component is None:
        close = difflib.get_close_matches(name, seen, n=1)
        hint = f"closest: {close[0]!r}; " if close else ""
        listed = ", ".join(sorted(seen)[:_SHOWN]) + (", …" if len(seen) > _SHOWN else "")
        yield f"{name}: the inventory has no such component; {hint}it has {listed}"
        return
    if component.version == image.version:
        return
    if not component.updateable:
        yield f"{name}: this component cannot be updated"
    if is_older(image.version, component.version) and not allow_downgrade:
        yield f"{name}: {image.version} is older than {component.version}; `allowDowngrade: true` permits it"


def is_older(version: str, than: str) -> bool:
    """Whether a version comes before another: numbers by size, words by letter, part by part.

    Vendors keep to no common scheme, so this is a guard against slips and no proof.
    """
    return _parts(version) < _parts(than)


def _parts(version: str) -> list[tuple[int, int, str]]:
    # Numbers come after words, so that `1.0-rc1` comes before `1.0-1`.
    found = re.findall(r"\d+|[A-Za-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in found]


def running_update(tasks: Sequence[UpdateTask]) -> UpdateTask | None:
    """An update that must be waited for before another is started, whoever's it is."""
    return next((task for task in tasks if task.is_update and task.is_running), None)


def waiting_update(tasks: Sequence[UpdateTask]) -> UpdateTask | None:
    """An update that waits for a reset: a BMC takes no second one before it."""
    return next((task for task in tasks if task.is_update and task.is_waiting), None)


def sent_since(tasks: Sequence[UpdateTask], image_url: str, known_before: Sequence[str]) -> UpdateTask | None:
    """The task of an update that was sent and not seen to end; None if the BMC shows none."""
    ours = [task for task in tasks if task.image_uri == image_url and task.path not in known_before]
    return ours[-1] if ours else None


def unfinished(
    wanted: Mapping[str, Any], versions: Mapping[str, Any], staged: Mapping[str, Any], *, now: bool
) -> list[str]:
    """Components that the next reset does not leave at the version that is wanted, by name.

    So a staged version is as good, unless the program wants it `now`; and one that runs is not good enough
    while another is staged.
    """
    return [
        name
        for name, version in sorted(wanted.items())
        if staged.get(name, versions.get(name)) != version or (now and versions.get(name) != version)
    ]
