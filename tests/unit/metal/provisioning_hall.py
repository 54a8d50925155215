"""A hall's service as its clients know it, over HTTP."""

import hashlib
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from argosy_metal.lifecycle.image import image_key
from argosy_metal.provisioning.cluster import HallCluster
from argosy_metal.provisioning.images import BLOCK_BYTES, MARKER, ImageCache, image_folder
from argosy_metal.provisioning.installs import Installs
from argosy_metal.provisioning.service import ProvisioningApp, ServiceSettings

HALL = {"Authorization": "Bearer the-halls-token"}
SECRET = "password: canary-4711"
IMAGE = MARKER.ljust(BLOCK_BYTES, b"#") + bytes(range(256)) * 64
DIGEST = hashlib.sha256(IMAGE).hexdigest()
OFFER = {
    "serial": "SN1",
    "image": {"url": "https://provision.oslo.test/images/node.iso", "sha256": DIGEST, "kind": "iso"},
    "boot_method": "pxe",
    "root_device_hints": {"serial": "DISK1"},
    "user_data": b64encode(SECRET.encode()).decode(),
}


def served(install_id: str) -> str:
    """Where the image is fetched for an install."""
    return f"/images/node.iso?install={install_id}&key={image_key('the-halls-token', install_id)}"


def token_in(image: bytes) -> str:
    """What an installer reads in its image."""
    line = next(line for line in image.split(b"\n") if line.startswith(b"ARGOSY_TOKEN="))
    return line.decode().split("'")[1]


class Mint:
    """A cluster that answers or does not."""

    def __init__(self) -> None:
        self.answers = False
        self.accepted: list[str] = []

    def accept(self, endpoint: str, token: str, description: str) -> bool:
        if self.answers:
            self.accepted.append(token)
        return self.answers


class Hall:
    """The service, and what its clients know."""

    def __init__(self, client: Any, mint: Mint) -> None:
        self.client = client
        self.mint = mint

    async def offered(self, install_id: str = "i1", **more: object) -> dict[str, str]:
        """Offer an install, and give the headers that its installer learns from the image."""
        answer = await self.client.put(f"/installs/{install_id}", json=OFFER | more, headers=HALL)
        assert 201 == answer.status
        token = token_in(await (await self.client.get(served(install_id))).read())
        return {"Authorization": f"Bearer {token}"}

    async def report(self, token: dict[str, str], install_id: str = "i1", **more: object) -> int:
        """Phone home, and give the answer's status."""
        body = {"install_id": install_id, "boot_id": f"boot-of-{install_id}", **more}
        return (await self.client.post("/phone-home/SN1", json=body, headers=token)).status

    async def get(self, path: str, headers: dict[str, str] | None = None) -> ClientResponse:
        return await self.client.get(path, headers=headers or {})


def make_app(folder: Path, mint: Mint) -> tuple[ProvisioningApp, Installs]:
    """A service with one image, and what it keeps of offers."""
    (image_folder(folder) / "node.iso").write_bytes(IMAGE)
    settings = ServiceSettings("https://provision.oslo.test", "PEM", "the-halls-token")
    installs = Installs(folder / "installs.sqlite", lambda: 0.0, 60)
    cluster = HallCluster(folder / "cluster", mint)
    return ProvisioningApp(settings, installs, ImageCache(image_folder(folder)), cluster), installs


@asynccontextmanager
async def served_hall(folder: Path) -> AsyncGenerator[Hall]:
    """The service, with a cluster that does not answer yet."""
    mint = Mint()
    app, installs = make_app(folder, mint)
    async with TestClient(TestServer(app.web_app())) as client:
        yield Hall(client, mint)
    installs.close()
