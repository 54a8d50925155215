"""What brings a machine up, whatever the hall's engine: Redfish itself, or Ironic in front of it.

A driver works on one claimed server during one operation. It keeps its progress in the claim (`Journal`),
asks the `Leash` between steps, and raises only MachineError (or what the journal raises).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.image import Image


class BootMethod(StrEnum):
    """How the installer reaches the server. The values are the fleet file's words."""

    VIRTUAL_MEDIA = "virtualMedia"
    """The BMC itself fetches the image and plays a drive; needs no DHCP."""
    HTTP_BOOT = "httpBoot"
    """The firmware fetches the image: `UefiHttp` with `HttpBootUri`."""
    PXE = "pxe"
    """The firmware asks the hall's DHCP and TFTP; the hall's service knows the server by its offer."""


class WipePolicy(StrEnum):
    """What must have become of the drives before the server is given back."""

    NONE = "none"
    METADATA = "metadata"
    """Partition tables and file-system signatures."""
    ERASE = "erase"
    """Everything, by the drives' own sanitising."""


@dataclass(frozen=True)
class Wipe:
    """What becomes of the drives when the machine is taken down."""

    policy: WipePolicy = WipePolicy.NONE
    method: str | None = None
    """Redfish's `SanitizationType`: `BlockErase`, `CryptographicErase`, `Overwrite`; None: the drive's."""

    @property
    def stored(self) -> str:
        """As a claim keeps it: `erase` or `erase:BlockErase`."""
        return self.policy.value if self.method is None else f"{self.policy.value}:{self.method}"

    @classmethod
    def of(cls, stored: str | None) -> Wipe:
        """What a claim keeps; nothing is to be done where it keeps nothing."""
        policy, _, method = (stored or WipePolicy.NONE.value).partition(":")
        return cls(WipePolicy(policy), method or None)


@dataclass(frozen=True)
class UserData:
    """What the installed system is given (cloud-init), pinned like an image."""

    sha256: str
    read: Callable[[], bytes] = field(repr=False, compare=False)
    """Gives the content, which is secret: it lives in memory only. Raises an ArgosyError where it cannot."""


@dataclass(frozen=True)
class Wanted:
    """What is to run on a server."""

    image: Image
    boot: BootMethod = BootMethod.VIRTUAL_MEDIA
    root_device_hints: Mapping[str, str] = field(default_factory=dict[str, str])
    """Ironic's keys to value, with its operators: `{"size": ">= 400"}`."""
    user_data: UserData | None = None
    wipe: Wipe = field(default_factory=Wipe)
    join: Mapping[str, Any] | None = None
    """The machine's part in the hall's cluster (`argosy_metal.provisioning.join`); counts from the next
    installation on."""

    @property
    def content(self) -> tuple[str, ...]:
        """All that makes another installation if it changes; how the installer travels does not."""
        hints = [f"{key}={value}" for key, value in sorted(self.root_device_hints.items())]
        return (self.image.sha256, *hints, self.user_data.sha256 if self.user_data else "")


@dataclass(frozen=True)
class Running:
    """What is known of a machine that runs."""

    boot_id: str
    power: str
    """Redfish's `PowerState`."""


@dataclass(frozen=True)
class Seen:
    """What a look at a machine showed."""

    power: str
    """Redfish's `PowerState`: `On`, `Off`, `PoweringOn`, `PoweringOff`, `Paused`."""
    boot_id: str | None
    """What the system of the installation in hand reported; None: it does not run what we installed."""
    doubt: MachineError | None = None
    """Why a machine that is recorded as running can be taken neither to run nor to be gone."""


class MachineDriver(Protocol):
    """One machine on one claimed server."""

    async def bring_up(self, wanted: Wanted, *, online: bool) -> Running:
        """Install what is wanted unless it is there, then see to its power. Goes on from the claim's phase.

        Records `wanted.wipe` with the claim before anything is installed. Raises MachineNotReadyError when it
        is not there yet and another run goes on with it.
        """
        ...

    async def take_down(self) -> None:
        """Power off what is ours, wipe as the claim demands, record the proof, forget the machine.

        The claim stays, and is in phase `claimed` afterwards.
        """
        ...

    async def look(self) -> Seen:
        """What is there now. Changes nothing."""
        ...
