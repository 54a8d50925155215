"""Virtual media: the drive of a BMC into which an image is put by its URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError
from argosy_metal.redfish.messages import Json, links_at, text_at, texts_at
from argosy_metal.redfish.quirks import Quirks


@dataclass(frozen=True)
class MediaState:
    """What a look at the drive showed."""

    inserted: bool
    image_url: str
    """Empty if there is none. Some BMCs leave the URL there after an eject: believe `inserted`."""

    def holds(self, image_url: str) -> bool:
        """True if exactly this image is in the drive."""
        return self.inserted and self.image_url == image_url


class VirtualMediaSlot:
    """One virtual drive."""

    def __init__(self, client: RedfishClient, path: str, quirks: Quirks) -> None:
        self.path = path
        self._client = client
        self._quirks = quirks

    async def observe(self) -> MediaState:
        """Look at the drive."""
        body = (await self._client.get(self.path, "observe the virtual drive")).body
        image_url = text_at(body, "Image") or ""
        inserted = body.get("Inserted")
        return MediaState(bool(image_url) if inserted is None else bool(inserted), image_url)

    async def insert(self, image_url: str) -> None:
        """Put an image into the drive. Eject first if there is another one.

        Raises BmcRefusedError if the BMC cannot fetch it or the drive is in use.
        """
        operation = "insert the image"
        target = await self._action("#VirtualMedia.InsertMedia", operation)
        await self._client.post(target, {"Image": image_url, **self._quirks.insert_properties}, operation)

    async def eject(self) -> None:
        """Empty the drive."""
        operation = "eject the image"
        target = await self._action("#VirtualMedia.EjectMedia", operation)
        await self._client.post(target, {}, operation)

    async def _action(self, name: str, operation: str) -> str:
        body = (await self._client.get(self.path, operation)).body
        target = text_at(body, "Actions", name, "target")
        if target is None:
            raise BmcRefusedError(self._client.host, operation, f"the drive offers no {name.lstrip('#')}")
        return target


async def find_optical_slot(client: RedfishClient, system: Json, quirks: Quirks) -> VirtualMediaSlot:
    """The first drive for optical media: on the system, else on its managers.

    Raises BmcRefusedError if there is none.
    """
    operation = "find a virtual drive for optical media"
    async for collection in _collections(client, system, operation):
        for path in links_at((await client.get(collection, operation)).body, "Members"):
            types = texts_at((await client.get(path, operation)).body, "MediaTypes")
            if set(types) & set(quirks.optical_media_types):
                return VirtualMediaSlot(client, path, quirks)
    raise BmcRefusedError(client.host, operation, "neither the system nor its managers have one")


async def _collections(client: RedfishClient, system: Json, operation: str) -> AsyncIterator[str]:
    if own := text_at(system, "VirtualMedia", "@odata.id"):
        yield own
    for manager in links_at(system, "Links", "ManagedBy"):
        body = (await client.get(manager, operation)).body
        if link := text_at(body, "VirtualMedia", "@odata.id"):
            yield link
