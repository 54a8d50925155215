"""A hall's own service: keeps installer images, and hears machines phone home."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from argosy_metal.simulator.machine import BootableImage
from argosy_metal.simulator.world import image_bytes, image_sha256

_IMAGE_PATH = re.compile(r"/images/([A-Za-z0-9._-]+)\.iso")


class ImageCache:
    """The images of one hall, found by name or by sha256."""

    def __init__(self, provision_host: str, names: Iterable[str]) -> None:
        self._host = provision_host
        self._names = {name: name for name in names}
        self._names |= {image_sha256(name): name for name in self._names}

    def content(self, path: str) -> bytes | None:
        """The image at a path such as `/images/node.iso`; None if there is none."""
        match = _IMAGE_PATH.fullmatch(path)
        name = self._names.get(match[1]) if match else None
        return image_bytes(name) if name is not None else None

    def fetch(self, url: str) -> BootableImage | None:
        """What a BMC gets when it is told to insert `url`; None if it cannot be fetched.

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
