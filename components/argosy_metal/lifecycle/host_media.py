"""Puts an image into the virtual drive of a claimed host that carries no machine, and takes it out."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.redfish import MediaState, VirtualMediaSlot


@dataclass(frozen=True)
class SeenMedia:
    """What a look at the drive showed."""

    drive: str
    """Path of the virtual drive."""
    is_ours: bool
    """Whether exactly the image that is asked about is in it."""
    holds_other: bool


async def look_at_media(access: ServerAccess, image_url: str) -> SeenMedia:
    """The drive as it is."""
    slot = await _slot(access)
    return _seen(slot, await slot.observe(), image_url)


async def insert_media(access: ServerAccess, image_url: str, replaced_url: str | None = None) -> SeenMedia:
    """Put the image into the drive. `replaced_url`: what a former call put there, and may be taken out.

    Raises MachineNotReadyError if another image is in the drive, or if it does not show in time.
    """
    slot = await _slot(access)
    if replaced_url not in (None, image_url):
        await eject_media(access, str(replaced_url))
    seen = _seen(slot, await slot.observe(), image_url)
    if seen.holds_other:
        raise access.not_ready(
            "another image is in the virtual drive, and this resource did not put it there",
            "eject it by hand if nobody needs it, then run `pulumi up` again",
        )
    if not seen.is_ours:
        await access.act(
            "insert the image",
            lambda: slot.insert(image_url),
            lambda: _holds(slot, image_url),
            access.limits.media_seconds,
        )
    return _seen(slot, await slot.observe(), image_url)


async def eject_media(access: ServerAccess, image_url: str) -> None:
    """Take the image out of the drive, if exactly this one is in it."""
    slot = await _slot(access)
    if (await slot.observe()).holds(image_url):
        await access.act("eject the image", slot.eject, lambda: _is_empty(slot), access.limits.media_seconds)


async def _slot(access: ServerAccess) -> VirtualMediaSlot:
    system = await access.system()
    await system.observe()
    return await system.optical_slot()


async def _holds(slot: VirtualMediaSlot, image_url: str) -> bool:
    return (await slot.observe()).holds(image_url)


async def _is_empty(slot: VirtualMediaSlot) -> bool:
    return not (await slot.observe()).inserted


def _seen(slot: VirtualMediaSlot, state: MediaState, image_url: str) -> SeenMedia:
    ours = state.holds(image_url)
    return SeenMedia(slot.path, ours, state.inserted and not ours)
