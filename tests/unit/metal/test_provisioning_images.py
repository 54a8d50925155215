"""A hall's image cache: found by name or digest, and told apart for every install."""

import hashlib
import inspect
from collections.abc import Generator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from argosy_metal.provisioning import service
from argosy_metal.provisioning.images import BLOCK_BYTES, MARKER, ImageCache, chunks, install_block
from argosy_metal.provisioning.installs import Install

BLOCK_AT = 6144
CONTENT = b"\x01" * BLOCK_AT + MARKER.ljust(BLOCK_BYTES, b"#") + b"\x02" * 3000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
INSTALL = Install("i1", "SN1", {"image": {"sha256": DIGEST}}, "the-token", 0.0, False, False)


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    (tmp_path / "node.iso").write_bytes(CONTENT)
    (tmp_path / "plain.iso").write_bytes(b"no block")
    return ImageCache(tmp_path)


@pytest.mark.parametrize("name", ["node.iso", DIGEST, f"{DIGEST}.iso"])
def test_an_image_is_found_by_name_and_by_digest(cache: ImageCache, name: str):
    found = cache.find(name)

    assert found is not None
    assert (DIGEST, BLOCK_AT, len(CONTENT)) == (found.sha256, found.block_at, found.size)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".hidden", "absent.iso", "", "a/b"])
def test_nothing_outside_the_folder_is_found(cache: ImageCache, tmp_path: Path, name: str):
    (tmp_path / ".hidden").write_bytes(b"x")

    assert cache.find(name) is None


def test_a_symbolic_link_is_not_followed(cache: ImageCache, tmp_path: Path):
    (tmp_path / "link.iso").symlink_to("/etc/hostname")

    assert cache.find("link.iso") is None


def test_a_changed_file_has_another_digest(cache: ImageCache, tmp_path: Path):
    assert cache.find("plain.iso") is not None
    (tmp_path / "plain.iso").write_bytes(b"something else")

    found = cache.find("plain.iso")
    assert found is not None
    assert hashlib.sha256(b"something else").hexdigest() == found.sha256


@pytest.mark.parametrize("content", [b"x" + MARKER.ljust(BLOCK_BYTES, b"#"), MARKER])
def test_a_block_that_is_not_aligned_or_not_whole_is_none(tmp_path: Path, content: bytes):
    (tmp_path / "odd.iso").write_bytes(content)

    found = ImageCache(tmp_path).find("odd.iso")
    assert found is not None
    assert found.block_at is None


@pytest.mark.parametrize(
    ("start", "end"), [(0, len(CONTENT)), (0, 7000), (7000, 8000), (6000, 6145), (10239, 13000)]
)
def test_only_the_block_differs_whatever_part_is_read(cache: ImageCache, start: int, end: int):
    image = cache.find("node.iso")
    assert image is not None
    block = install_block(INSTALL, "https://provision.oslo.test", "PEM")
    expected = CONTENT[:BLOCK_AT] + block + CONTENT[BLOCK_AT + BLOCK_BYTES :]

    assert expected[start:end] == b"".join(chunks(image, start, end, block))
    assert CONTENT[start:end] == b"".join(chunks(image, start, end, None))


def test_the_block_is_shell_that_names_the_install():
    block = install_block(INSTALL, "https://provision.oslo.test", "PEM").decode()

    assert BLOCK_BYTES == len(block)
    assert block.startswith(MARKER.decode())
    for line in (
        "ARGOSY_INSTALL='i1'",
        "ARGOSY_TOKEN='the-token'",
        "ARGOSY_SERIAL='SN1'",
        "ARGOSY_CA='UEVN'",
    ):
        assert line in block.splitlines()
    assert all(line.startswith(("ARGOSY_", "#")) for line in block.splitlines())


def test_an_authority_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="an install block holds 4096"):
        install_block(INSTALL, "https://provision.oslo.test", "x" * 4000)


async def test_a_client_that_hangs_up_half_way_leaves_no_open_file(
    cache: ImageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = cache.find("node.iso")
    assert image is not None
    read: list[Generator[bytes]] = []

    def watched(*given: Any) -> Generator[bytes]:
        read.append(chunks(*given))
        return read[-1]

    async def gone(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(service, "chunks", watched)
    monkeypatch.setattr(web.StreamResponse, "prepare", AsyncMock())
    monkeypatch.setattr(web.StreamResponse, "write", gone)
    with pytest.raises(ConnectionResetError):
        await service._sent(make_mocked_request("GET", "/"), image, None)  # pyright: ignore[reportPrivateUsage]

    assert ["GEN_CLOSED"] == [inspect.getgeneratorstate(one) for one in read]
