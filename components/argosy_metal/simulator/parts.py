"""The state of a server's parts: what is on its drives, its volumes, secure boot, limits of power.

Pure, as `machine.py` is: told the time, and keeps none. All of it survives a restart of the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from argosy_metal.simulator.hardware import EraseMethod

SECURE_BOOT_DATABASES = ("PK", "KEK", "db", "dbx")


@dataclass
class Erasing:
    """An erase that runs on a drive."""

    method: EraseMethod
    task: str
    ends: float
    """Simulated seconds."""
    boots: bool = False
    """The system boots from this drive."""


@dataclass
class Volume:
    """One RAID volume."""

    name: str
    raid: str
    drives: list[str]
    capacity_bytes: int
    initializes_until: float = 0.0


@dataclass
class KeyCertificate:
    """A certificate in a secure-boot database."""

    pem: str


@cache
def _factory_pem() -> str:
    """The vendor's own certificate; nobody has its private key any more."""
    return files("argosy_metal.simulator").joinpath("factory_key.pem").read_text(encoding="utf-8")


def factory_keys(database: str) -> dict[str, KeyCertificate]:
    """What a database comes with, and gets back by ResetAllKeysToDefault."""
    return {} if database == "dbx" else {"factory": KeyCertificate(_factory_pem())}


@dataclass
class SecureBootState:
    """What is set, and what the last boot made of it."""

    enabled: bool = False
    """For the next boot."""
    booted_enabled: bool = False
    """`SecureBootCurrentBoot`."""
    mode: str = "UserMode"
    """As the last boot found the keys: `SetupMode` without a platform key, else `UserMode`."""
    databases: dict[str, dict[str, KeyCertificate]] = field(
        default_factory=lambda: {name: factory_keys(name) for name in SECURE_BOOT_DATABASES}
    )
    """Database to id to certificate."""
    certificates_made: int = 0

    def boot(self) -> None:
        """Take effect. Without a platform key nothing is verified."""
        has_key = bool(self.databases["PK"])
        self.mode = "UserMode" if has_key else "SetupMode"
        self.booted_enabled = self.enabled and has_key

    def add(self, database: str, pem: str) -> str:
        """Put a certificate into a database; its id."""
        self.certificates_made += 1
        self.databases[database][str(self.certificates_made)] = KeyCertificate(pem)
        return str(self.certificates_made)


@dataclass
class PartsState:
    """All parts of one server."""

    blank: list[str] = field(default_factory=list[str])
    """Drives that hold nothing since they were erased. All others may hold anything."""
    erasing: dict[str, Erasing] = field(default_factory=dict[str, Erasing])
    broken_erases: list[str] = field(default_factory=list[str])
    """Tasks of erases that lost power in the middle; whoever keeps the tasks takes them from here."""
    volumes: dict[str, Volume] = field(default_factory=dict[str, Volume])
    """By id."""
    volumes_made: int = 0
    secure_boot: SecureBootState = field(default_factory=SecureBootState)
    limits: dict[str, float] = field(default_factory=dict[str, float])
    """Watts by part: `node`, `GPU_SXM_0`, `HGX_ProcessorModule_0`; absent: not limited."""

    def begin_erase(self, drive: str, erasing: Erasing) -> None:
        """Start to erase. What was on the drive counts as damaged from here on."""
        self.erasing[drive] = erasing

    def finish_erases(self, now: float) -> list[Erasing]:
        """End the erases that are due; their drives are blank from now on."""
        done = {drive: erasing for drive, erasing in self.erasing.items() if erasing.ends <= now}
        for drive in done:
            del self.erasing[drive]
        self.blank = sorted({*self.blank, *done})
        return list(done.values())

    def break_erases(self) -> None:
        """Power is gone: what is being erased stays as it is, half erased."""
        self.broken_erases += [erasing.task for erasing in self.erasing.values()]
        self.erasing.clear()

    def take_broken_erases(self) -> list[str]:
        """The tasks of erases that were broken since the last question."""
        broken, self.broken_erases = self.broken_erases, []
        return broken

    def write_all(self) -> None:
        """A system was installed: no drive can be taken for blank any more."""
        self.blank = []

    def volume_of(self, drive: str) -> str | None:
        """The volume that a drive belongs to."""
        return next((name for name, volume in self.volumes.items() if drive in volume.drives), None)

    def create_volume(self, name: str, raid: str, drives: list[str], drive_bytes: int, until: float) -> str:
        """Make a volume; its id."""
        self.volumes_made += 1
        capacity = drive_bytes * data_drives(raid, len(drives))
        self.volumes[str(self.volumes_made)] = Volume(name, raid, drives, capacity, until)
        return str(self.volumes_made)


def data_drives(raid: str, drives: int) -> int:
    """How many of a volume's drives hold data and no parity or copy."""
    return {"RAID1": 1, "RAID5": drives - 1, "RAID6": drives - 2, "RAID10": drives // 2}.get(raid, drives)


def fits(raid: str, drives: int) -> bool:
    """Whether so many drives make a volume of that type."""
    match raid:
        case "RAID1":
            return drives == 2
        case "RAID10":
            return drives >= 4 and drives % 2 == 0
        case "RAID5" | "RAID6":
            return drives >= (3 if raid == "RAID5" else 4)
        case _:
            return drives >= 1
