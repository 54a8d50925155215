"""What a simulated server boots from: images, the override that leads to one, and the hall's network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

BootSource = Literal["drive", "http", "pxe"]
NETWORK_TARGETS: dict[str, BootSource] = {"UefiHttp": "http", "Pxe": "pxe"}
"""DSP0268, ComputerSystem: values of `BootSourceOverrideTarget` that lead into the network."""


@dataclass(frozen=True)
class BootableImage:
    """An installer image as the server got it, and the installation it belongs to."""

    url: str
    sha256: str
    """Of the image as it was fetched."""
    install_id: str | None
    expected_sha256: str | None = None
    """What the installer was told to expect; it refuses to install anything else."""

    @property
    def is_as_expected(self) -> bool:
        """False if somebody has put other bytes behind the URL."""
        return self.expected_sha256 in (None, self.sha256)


@dataclass
class BootOverride:
    """Where the next boot starts, in Redfish's words."""

    target: str = "None"
    enabled: str = "Disabled"
    mode: str = "UEFI"
    http_boot_uri: str = ""
    """`HttpBootUri`; empty: none is set. It stays when the override is used up."""

    def used_up(self) -> BootOverride:
        """What is left of it after a boot: all of it, unless it was for once."""
        if self.enabled != "Once":
            return self
        return BootOverride(mode=self.mode, http_boot_uri=self.http_boot_uri)


class BootNetwork(Protocol):
    """What firmware finds in the hall's network."""

    def fetch(self, url: str) -> BootableImage | None:
        """What is behind a URL; None if it leads nowhere."""
        ...

    def offered(self, serial: str, at: float) -> BootableImage | None:
        """What the hall's service offers a server that boots by PXE at this moment; None: nothing."""
        ...


class NoBootNetwork:
    """A server without a hall around it."""

    def fetch(self, url: str) -> BootableImage | None:
        """Nothing."""
        return None

    def offered(self, serial: str, at: float) -> BootableImage | None:
        """Nothing."""
        return None


def source_of(override: BootOverride) -> BootSource | None:
    """Where an override leads; None if it is not set, or in a mode in which installer images do not boot."""
    if override.enabled == "Disabled" or override.mode != "UEFI":
        return None
    return NETWORK_TARGETS.get(override.target, "drive")
