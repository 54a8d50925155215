"""The hall's image cache: files in one folder, found by name or by sha256, told apart by content.

An image may hold a block of 4,096 bytes that begins with `MARKER`. Served for an install, the block
holds what the installer must know (`install_block`); every other byte is as in the file that the pinned
digest names.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from argosy_metal.provisioning.installs import Install

MARKER = b"#argosy-install-v1\n"
BLOCK_BYTES = 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_CHUNK = 1 << 20
# ISO 9660 files begin at a sector of 2,048 bytes (ECMA-119, 6.1.2); other formats align files at least so.
_ALIGNMENT = 2048


@dataclass(frozen=True)
class CachedImage:
    """One file of the cache, as it was when it was looked at."""

    path: Path
    size: int
    sha256: str
    block_at: int | None
    """Where the install block begins; None if the image has none."""


class ImageCache:
    """The images of one hall. A file is read once to learn its digest, and again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, int, int], CachedImage] = {}

    def find(self, name: str) -> CachedImage | None:
        """The image of that file name, or whose sha256 (with or without an extension) is that name."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / name
        if path.is_file() and not path.is_symlink():
            return self._look(path)
        digest = name.partition(".")[0]
        return next((image for image in self.all() if image.sha256 == digest), None)

    def all(self) -> Iterator[CachedImage]:
        """Every image, by name."""
        for path in sorted(self._folder.iterdir()):
            if _NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                yield self._look(path)

    def _look(self, path: Path) -> CachedImage:
        status = path.stat()
        key = (path.name, status.st_size, status.st_mtime_ns)
        if key not in self._known:
            self._known[key] = _read(path, status.st_size)
        return self._known[key]


def install_block(install: Install, url: str, authority_pem: str) -> bytes:
    """What the installer reads: shell assignments, padded to the block's size.

    Raises ValueError if they do not fit.
    """
    image = install.offer["image"]
    lines = (
        MARKER.decode().rstrip("\n"),
        f"ARGOSY_URL='{url}'",
        f"ARGOSY_SERIAL='{install.serial}'",
        f"ARGOSY_INSTALL='{install.install_id}'",
        f"ARGOSY_SHA256='{image['sha256']}'",
        f"ARGOSY_TOKEN='{install.token}'",
        f"ARGOSY_CA='{b64encode(authority_pem.encode()).decode()}'",
        "#",
    )
    text = "\n".join(lines).encode()
    if len(text) >= BLOCK_BYTES:
        raise ValueError(
            f"url and authority take {len(text)} bytes, and an install block holds {BLOCK_BYTES}; give the"
            " one certificate of the authority alone, best with an elliptic-curve key"
        )
    return text.ljust(BLOCK_BYTES - 1, b"#") + b"\n"


def assert_fits(url: str, authority_pem: str) -> None:
    """Raise ValueError if an install block could not hold them beside the longest names there are."""
    longest = Install("i" * 128, "s" * 128, {"image": {"sha256": "0" * 64}}, "t" * 32, 0.0, False, False)
    install_block(longest, url, authority_pem)


def chunks(image: CachedImage, start: int, end: int, block: bytes | None) -> Generator[bytes]:
    """The bytes from `start` up to, not including, `end`, with `block` in its place."""
    with image.path.open("rb") as file:
        file.seek(start)
        at = start
        while at < end:
            chunk = file.read(min(_CHUNK, end - at))
            if not chunk:
                return
            yield (
                chunk
                if block is None or image.block_at is None
                else _with_block(chunk, at, image.block_at, block)
            )
            at += len(chunk)


def _with_block(chunk: bytes, at: int, block_at: int, block: bytes) -> bytes:
    first, last = max(at, block_at), min(at + len(chunk), block_at + len(block))
    if first >= last:
        return chunk
    return chunk[: first - at] + block[first - block_at : last - block_at] + chunk[last - at :]


def _read(path: Path, size: int) -> CachedImage:
    digest, found, at = hashlib.sha256(), None, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if found is None:
                found = _block_in(chunk, at)
            at += len(chunk)
    return CachedImage(
        path, size, digest.hexdigest(), found if found is None or found + BLOCK_BYTES <= size else None
    )


def _block_in(chunk: bytes, at: int) -> int | None:
    position = chunk.find(MARKER)
    while position >= 0:
        if (at + position) % _ALIGNMENT == 0:
            return at + position
        position = chunk.find(MARKER, position + 1)
    return None


def image_folder(directory: Path) -> Path:
    """Where the cache lies in a service's folder; made if it is not there."""
    folder = directory / "images"
    os.makedirs(folder, exist_ok=True)
    return folder
