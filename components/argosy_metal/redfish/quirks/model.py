"""What one family of BMCs needs, as types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AcCycle(_Model):
    """How to take all power from a server for a moment, its BMC included."""

    action: str
    """Key under `Actions.Oem` of a chassis."""
    reset_type: str
    needs_off: bool
    """The BMC refuses unless the server is off."""


class Quirks(_Model):
    """What differs. The defaults are the standard."""

    optical_media_types: tuple[str, ...] = ("CD", "DVD")
    """MediaTypes of a virtual drive that takes an installer image."""
    optical_drive_ids: str = ".*"
    """Pattern of the ids of drives that take an image by URL."""
    optical_boot_targets: tuple[str, ...] = ("Cd", "UsbCd")
    """Boot targets that mean virtual optical media, best first."""
    insert_properties: Mapping[str, bool] = {"Inserted": True, "WriteProtected": True}
    """Sent with the image's URL by InsertMedia."""
    insert_credentials: str | None = None
    """User name and password that go along with every image, where the BMC demands some."""
    sends_boot_mode: bool = True
    """`BootSourceOverrideMode` goes along with every override. BMCs that refuse it stay in UEFI mode."""
    cleared_boot_target: str | None = "None"
    """Target that goes along when the override is disabled; null: none."""
    once_shows_as: str = "Once"
    """What `BootSourceOverrideEnabled` reads after `Once` was written."""
    serial_property: str = "SerialNumber"
    """The property of a system that names it for good."""
    busy_messages: tuple[str, ...] = ()
    """MessageIds, without registry and version, by which the BMC asks for patience."""
    connections: int | None = None
    """So many requests at once at most, whatever is configured."""
    slow_reads: Mapping[str, float] = {}
    """Seconds that a read may take, by the end of its path."""
    expand_usable: bool = True
    """False: what `$expand` gives is not whole."""
    ac_cycle: AcCycle | None = None
    updates_name_related: bool = False
    """An update names the system or manager that a component belongs to, not its entry in the inventory."""
    bios_jobs: bool = False
    """Pending BIOS attributes wait for ever unless a job under the manager carries them over."""


class Fact(_Model):
    """One difference, who says so, and what takes care of it."""

    id: str
    says: str
    url: str
    as_of: dt.date
    """When it was read."""
    handled_by: str
    """A field of Quirks, or `always`: the client expects it of every BMC."""


class Match(_Model):
    """Patterns, each of which must fit the whole of what the BMC says of itself, whatever its case."""

    vendor: str | None = None
    product: str | None = None
    redfish_version: str | None = None
    oem: str | None = None
    """One of the keys under `Oem` of the service root."""
    manufacturer: str | None = None
    """Of the system."""
    model: str | None = None


class QuirkFile(_Model):
    """One file of this folder."""

    matches: tuple[Match, ...]
    """Any of them will do; none: for BMCs that no other file fits."""
    facts: Annotated[tuple[Fact, ...], Field(min_length=1)]
    quirks: Quirks


GENERIC: Literal["generic"] = "generic"
"""The file for BMCs that keep to the standard; its busy messages are every BMC's."""
