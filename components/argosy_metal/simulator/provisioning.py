"""A hall's own service: keeps installer images, and hears machines phone home."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlencode, urlsplit

from argosy_metal.provisioning.installs import Installs
from argosy_metal.simulator.boot_sources import BootableImage
from argosy_metal.simulator.firmware_facts import firmware_bytes
from argosy_metal.simulator.world import image_bytes, image_sha256

_IMAGE_PATH = re.compile(r"/images/([A-Za-z0-9._-]+)\.iso")


class ImageCache:
    """The images of one hall, found by name, by sha256, or by what a server was offered."""

    def __init__(self, provision_host: str, names: Iterable[str], installs: Installs | None = None) -> None:
        self._host = provision_host
        self._installs = installs
        self._names = {name: name for name in names}
        self._names |= {image_sha256(name): name for name in self._names}

    def content(self, path: str) -> bytes | None:
        """The image at a path such as `/images/node.iso`, or of firmware; None if there is none."""
        if (firmware := firmware_bytes(path)) is not None:
            return firmware
        match = _IMAGE_PATH.fullmatch(path)
        name = self._names.get(match[1]) if match else None
        return image_bytes(name) if name is not None else None

    def fetch(self, url: str) -> BootableImage | None:
        """What a BMC or firmware gets from `url`; None if it leads nowhere.

        The query's `install` is the id under which the machine will phone home, its `sha256` the digest that
        the installer insists on.
        """
        parts = urlsplit(url)
        match = _IMAGE_PATH.fullmatch(parts.path)
        name = self._names.get(match[1]) if match else None
        if parts.scheme != "https" or parts.hostname != self._host or name is None:
            return None
        query = parse_qs(parts.query)
        install, expected = (query.get(key, [None])[0] for key in ("install", "sha256"))
        return BootableImage(url, image_sha256(name), install, expected)

    def offered(self, serial: str, at: float) -> BootableImage | None:
        """What a server gets that boots by PXE at this moment: the image of its newest living offer.

        As in the real service, the image is looked for by its digest; None if the cache does not hold it.
        """
        install = self._installs.to_boot_by_pxe(serial, at) if self._installs else None
        if install is None:
            return None
        digest = install.offer["image"]["sha256"]
        query = urlencode({"install": install.install_id, "sha256": digest})
        return self.fetch(f"https://{self._host}/images/{self._names.get(digest, digest)}.iso?{query}")
