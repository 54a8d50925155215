"""The image a machine installs, and the name of one attempt to install it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

from argosy_metal.claims import Claim


@dataclass(frozen=True)
class Image:
    """An operating-system image by https and digest."""

    url: str
    sha256: str

    def media_url(self, install_id: str) -> str:
        """What the virtual drive is given: the installer learns its install id and digest from it."""
        separator = "&" if "?" in self.url else "?"
        return f"{self.url}{separator}{urlencode({'install': install_id, 'sha256': self.sha256})}"


def install_id_of(store_id: str, claim: Claim, image: Image, attempt: int) -> str:
    """The same for the same attempt however often a run is repeated, different for any two attempts.

    Also of two owners, or two claims stores: or a system that another one has installed would prove ours.
    """
    parts = (
        *(store_id, claim.owner, claim.site, claim.serial, claim.generation, claim.machine_number),
        *(image.sha256, attempt),
    )
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()[:24]
