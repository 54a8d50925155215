"""Which drives a wipe has to prove, and what speaks against it. Pure.

Servers show drives late, and some only while they are on: whatever was ever seen of a server has to be
proven, and a list counts only once nothing more is to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from argosy_metal.lifecycle.self_test import past_self_test
from argosy_metal.redfish import SystemState
from argosy_metal.redfish.drive_erase import METHODS
from argosy_metal.redfish.storage import Drive

_UNTOLD = ("", "None")
"""`BootProgress` of a BMC that does not follow the self-test."""


@dataclass(frozen=True)
class SeenDrive:
    """A drive as it was once seen. Two drives may tell one serial number, but not at one path."""

    path: str
    serial: str
    """Empty if the BMC did not tell it then, as some do not while the server is off."""
    label: str

    @classmethod
    def of(cls, drive: Drive) -> SeenDrive:
        """What is remembered of a look at it."""
        return cls(drive.path, drive.serial, drive.label)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> SeenDrive:
        """What `values` gave."""
        return cls(str(values["path"]), str(values["serial"]), str(values["label"]))

    @property
    def key(self) -> str:
        """Its identity, for notes."""
        return f"{self.path} {self.serial}"

    def values(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)


class DriveWatch:
    """Finds out when a server's list of drives is final, look by look."""

    def __init__(self, quiet_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._last: frozenset[SeenDrive] | None = None
        self._since = 0.0

    def is_final(self, system: SystemState, drives: Sequence[Drive], now: float) -> bool:
        """Whether nothing more is to come: all are usable, and the list stays as it is.

        After the self-test that takes two looks; where the BMC does not tell of it, as long as one takes.
        """
        seen = frozenset(map(SeenDrive.of, drives))
        if seen != self._last:
            self._last, self._since = seen, now
            return False
        if not all(drive.is_usable for drive in drives):
            return False
        if system.boot_progress in _UNTOLD:
            return now - self._since >= self._quiet_seconds
        return past_self_test(system)


def choose_method(drive: Drive, method: str | None) -> str | None:
    """The way to erase a drive; None if it has none, or not the one that is demanded."""
    wanted = METHODS if method is None else (method,)
    return next((known for known in wanted if known in drive.erases), None)


def erase_faults(drives: Sequence[Drive], method: str | None) -> tuple[str, ...]:
    """Everything that speaks against erasing these drives so; none if nothing does."""
    if not drives:
        return ("the BMC shows no drives, so nothing would prove that they were erased",)
    faults: list[str] = []
    for drive in drives:
        if not drive.serial:
            faults.append(f"drive {drive.label}: the BMC tells no serial number")
        elif choose_method(drive, method) is None:
            offered = ", ".join(drive.erases) or "no way of erasing it"
            faults.append(f"drive {drive.label} ({drive.serial}) offers {offered}")
    return tuple(faults)


def faults_while_off(drives: Sequence[Drive], method: str | None) -> tuple[str, ...]:
    """What cannot get better once the server is on: a drive that offers other ways of erasing it."""
    told = [drive for drive in drives if drive.serial and drive.erases]
    return erase_faults(told, method) if told else ()


def missing_faults(seen: Sequence[SeenDrive], drives: Sequence[Drive]) -> tuple[str, ...]:
    """Drives that were seen once and are not there now, so that nothing would prove that they were erased."""
    serials = {drive.path: drive.serial for drive in drives}
    faults: list[str] = []
    for known in seen:
        now = serials.get(known.path)
        if now is None:
            faults.append(f"drive {known.label} ({known.serial or 'no serial'}) is not shown any more")
        elif known.serial not in ("", now):
            faults.append(f"drive {known.label} ({known.serial}) was swapped for {now or 'an unknown one'}")
    return tuple(faults)
