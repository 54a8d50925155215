"""Firmware images as a hall's cache has them: each is read once per run, and must be the pinned one."""

from __future__ import annotations

import asyncio
import hashlib

import aiohttp

from argosy_metal.lifecycle.firmware_decide import FirmwareImage
from argosy_metal.redfish import Patience, Resolve
from argosy_metal.redfish.transport import MappedResolver
from argosy_metal.redfish.trust import AuthorityFileError, Trust, ssl_of

_DOWNLOAD_SECONDS = 1800.0
_CHUNK_BYTES = 1 << 20


class WrongImageError(Exception):
    """What stands at the URL is not what the fleet file pins, or cannot be read."""


class FirmwareImages:
    """Remembers which URLs hold which digest, for one run."""

    def __init__(self, trust: Trust, patience: Patience, resolve: Resolve | None, user_agent: str) -> None:
        self._trust = trust
        self._timeout = aiohttp.ClientTimeout(
            total=_DOWNLOAD_SECONDS, sock_connect=patience.connect_seconds, sock_read=patience.read_seconds
        )
        self._resolve = resolve
        self._headers = {"User-Agent": user_agent}
        self._digests: dict[str, str] = {}
        self._reading = asyncio.Lock()

    async def verify(self, image: FirmwareImage) -> None:
        """Read the image once. Raises WrongImageError unless its sha256 is the pinned one.

        The BMC fetches it again by itself, and checks its vendor's signature; Redfish has no digest to send.
        """
        async with self._reading:
            if image.url not in self._digests:
                self._digests[image.url] = await self._digest(image.url)
        found = self._digests[image.url]
        if found != image.sha256:
            raise WrongImageError(f"{_shown(image.url)} has sha256 {found}, not {image.sha256}")

    async def _digest(self, url: str) -> str:
        try:
            connector = aiohttp.TCPConnector(
                ssl=ssl_of(self._trust),
                resolver=MappedResolver(self._resolve) if self._resolve else None,
                use_dns_cache=False,
            )
            async with (
                aiohttp.ClientSession(connector=connector, timeout=self._timeout) as http,
                http.get(url, headers=self._headers, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise WrongImageError(f"{_shown(url)} cannot be read: HTTP {answer.status}")
                digest = hashlib.sha256()
                async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                    digest.update(chunk)
                return digest.hexdigest()
        except (aiohttp.ClientError, AuthorityFileError, TimeoutError, OSError) as error:
            raise WrongImageError(f"{_shown(url)} cannot be read: {type(error).__name__}") from error


def _shown(url: str) -> str:
    """Without the query, which may be a pre-signed URL's secret part."""
    return url.partition("?")[0]
