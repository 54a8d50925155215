"""What each boot method starts. Pure, and free of every SDK, for the fleet file's checks."""

from __future__ import annotations

from collections.abc import Mapping

_BY_REDFISH: Mapping[str, tuple[str, ...]] = {
    "virtualMedia": ("iso",),
    "httpBoot": ("efi", "iso"),
    "pxe": ("efi", "iso", "qcow2", "raw"),
}
_BY_IRONIC: Mapping[str, tuple[str, ...]] = {
    # Its agent writes the disk images.
    "virtualMedia": ("iso", "qcow2", "raw"),
}


def bootable_kinds(method: str, *, by_ironic: bool) -> tuple[str, ...]:
    """The kinds of image that a boot method starts; none if the hall's engine has no such method."""
    return (_BY_IRONIC if by_ironic else _BY_REDFISH).get(method, ())
