"""Where vendors differ, as data: the code asks the table and names no vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Quirks:
    """What one family of BMCs needs."""

    optical_media_types: tuple[str, ...] = ("CD", "DVD")
    """MediaTypes of a virtual-media slot that takes an installer image."""
    optical_boot_targets: tuple[str, ...] = ("Cd", "UsbCd")
    """Boot targets that mean virtual optical media, best first. Supermicro X11/X12 offer only UsbCd
    (python/community.general issue 6969)."""
    insert_properties: Mapping[str, bool] = field(
        default_factory=lambda: {"Inserted": True, "WriteProtected": True}
    )
    """Sent with the image's URL by InsertMedia."""


GENERIC = Quirks()
"""For BMCs that keep to the standard."""


def quirks_for(vendor: str | None, product: str | None) -> Quirks:
    """The quirks of a BMC by Vendor and Product of its service root; the generic ones if none are known."""
    return _KNOWN.get((vendor or "", product or ""), GENERIC)


_KNOWN: Mapping[tuple[str, str], Quirks] = {}
