"""Virtual media: the drive of a BMC into which an image is put by its URL."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from argosy_metal.redfish.acting import act_observed
from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcInternalError, BmcRefusedError
from argosy_metal.redfish.members import links, members
from argosy_metal.redfish.messages import Json, raw_text_at, shown, text_at, texts_at
from argosy_metal.redfish.quirks import Quirks

_INSERT = "#VirtualMedia.InsertMedia"
_EJECT = "#VirtualMedia.EjectMedia"


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

    def __init__(self, client: RedfishClient, path: str) -> None:
        self.path = path
        self._client = client

    async def observe(self) -> MediaState:
        """Look at the drive.

        Raises BmcInternalError if the BMC does not tell whether there is something in it.
        """
        operation = "observe the virtual drive"
        body = await self._body(operation)
        image_url = raw_text_at(body, "Image") or ""
        inserted = body.get("Inserted")
        if inserted is None:
            return MediaState(bool(image_url), image_url)
        if not isinstance(inserted, bool):
            raise BmcInternalError(self._client.host, operation, f"Inserted is {shown(inserted)}")
        return MediaState(inserted, image_url)

    async def insert(self, image_url: str) -> None:
        """Put an image into the drive. Eject first if there is another one.

        Raises BmcRefusedError if the BMC cannot fetch it, BmcBusyError if the drive stays in use.
        """
        operation = "insert the image"
        body: Json = {"Image": image_url, **self._client.quirks.insert_properties}
        if (dummy := self._client.quirks.insert_credentials) is not None:
            body |= {"UserName": dummy, "Password": dummy}

        async def holds() -> bool:
            return (await self.observe()).holds(image_url)

        target = text_at(await self._body(operation), "Actions", _INSERT, "target")
        if target is None:
            # DSP0268: a drive without actions is written instead, and needs to be told that it is inserted.
            written = {"Image": image_url, "Inserted": True, "WriteProtected": True}
            await self._client.patch(self.path, written, operation)
            return
        await act_observed(self._client, lambda: self._client.post(target, body, operation), holds)

    async def eject(self) -> None:
        """Empty the drive."""
        operation = "eject the image"
        target = text_at(await self._body(operation), "Actions", _EJECT, "target")
        if target is None:
            await self._client.patch(self.path, {"Image": None, "Inserted": False}, operation)
            return

        async def is_empty() -> bool:
            return not (await self.observe()).inserted

        await act_observed(self._client, lambda: self._client.post(target, {}, operation), is_empty)

    async def _body(self, operation: str) -> Json:
        return (await self._client.get(self.path, operation)).body


async def find_optical_slot(client: RedfishClient, system: Json) -> VirtualMediaSlot:
    """The first drive for optical media that takes an image by URL: on the system, else on its managers.

    Raises BmcRefusedError if there is none.
    """
    operation = "find a virtual drive for optical media"
    async for collection in _collections(client, system, operation):
        for path, drive in await members(client, collection, operation):
            if _is_optical(path, drive, client.quirks):
                return VirtualMediaSlot(client, path)
    raise BmcRefusedError(client.host, operation, "neither the system nor its managers have one")


def _is_optical(path: str, drive: Json, quirks: Quirks) -> bool:
    name = text_at(drive, "Id") or path.rpartition("/")[2]
    takes = set(texts_at(drive, "MediaTypes")) & set(quirks.optical_media_types)
    return bool(takes) and re.fullmatch(quirks.optical_drive_ids, name) is not None


async def _collections(client: RedfishClient, system: Json, operation: str) -> AsyncIterator[str]:
    if own := text_at(system, "VirtualMedia", "@odata.id"):
        yield own
    for manager in await links(client, system, operation, "Links", "ManagedBy"):
        body = (await client.get(manager, operation)).body
        if link := text_at(body, "VirtualMedia", "@odata.id"):
            yield link
