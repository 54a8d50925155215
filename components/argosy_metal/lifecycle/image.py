"""The image a machine installs, and the name of one attempt to install it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from argosy_metal.claims import Claim


class ImageKind(StrEnum):
    """What the file behind an image's URL is. The values are the fleet file's words."""

    ISO = "iso"
    """An installer that boots from an optical drive; also by HTTP boot."""
    EFI = "efi"
    """An EFI program that the firmware fetches and starts by HTTP boot."""
    RAW = "raw"
    """A disk, byte for byte: something else has to write it (PXE with a deploying ramdisk, or Ironic)."""
    QCOW2 = "qcow2"
    """As `raw`, in QEMU's format."""


@dataclass(frozen=True)
class Image:
    """An operating-system image by https and digest."""

    url: str
    sha256: str
    kind: ImageKind = ImageKind.ISO

    def media_url(self, install_id: str, key: str | None) -> str:
        """What the virtual drive is given: the installer learns its install id and digest from it.

        `key` is the install's `image_key`; None in a hall without a provisioning service of ours.
        """
        query = {"install": install_id, "sha256": self.sha256} | ({} if key is None else {"key": key})
        separator = "&" if "?" in self.url else "?"
        return f"{self.url}{separator}{urlencode(query)}"


def image_key(hall_token: str, install_id: str) -> str:
    """What the image of an install is fetched by, beside its id, which is no secret.

    Provider and service both make it from the hall's token, so it is the same in every run and kept nowhere.
    """
    return hmac.digest(hall_token.encode(), f"image of install {install_id}".encode(), "sha256").hex()[:32]


def install_id_of(store_id: str, claim: Claim, content: Sequence[str], attempt: int) -> str:
    """The same for the same attempt however often a run is repeated, different for any two attempts.

    `content` is what is installed, `Wanted.content`. Two owners, or two claims stores, never share an id: or
    a system that another one has installed would prove ours.
    """
    parts = (
        *(store_id, claim.owner, claim.site, claim.serial, claim.generation, claim.machine_number),
        *(*content, attempt),
    )
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()[:24]
