"""The virtual drives as Redfish resources, and what a vendor's BMC lets be done to them."""

from __future__ import annotations

from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import drive_path, media_path
from argosy_metal.simulator.profiles import Slot
from argosy_metal.simulator.replies import Json, Reply, collection, error, only_known

_INSERT = {
    "Image",
    "Inserted",
    "WriteProtected",
    "TransferMethod",
    "TransferProtocolType",
    "UserName",
    "Password",
}
_PATCHED = {"Image", "Inserted", "WriteProtected", "UserName", "Password"}
_SLOTS: tuple[Slot, ...] = ("CD1", "USB1")
Build = Callable[[], Json]


def media_resources(bmc: Bmc) -> dict[str, Build]:
    """All drives: first those that take no image, then the stick, then the optical one."""
    media, dead = media_path(bmc), bmc.profile.dead_media_ids
    drives = [*(f"{media}/{name}" for name in dead), *(drive_path(bmc, slot) for slot in reversed(_SLOTS))]
    found: dict[str, Build] = {media: lambda: collection(media, "VirtualMedia", drives)}
    for name in dead:
        found[f"{media}/{name}"] = lambda name=name: _dead_drive(f"{media}/{name}")
    for slot in _SLOTS:
        found[drive_path(bmc, slot)] = lambda slot=slot: _drive(bmc, slot)
    return found


def media_action(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """InsertMedia or EjectMedia of a drive; None if `path` is neither."""
    if bmc.profile.media_by_patch:
        return None
    for slot in _SLOTS:
        drive = f"{drive_path(bmc, slot)}/Actions/VirtualMedia."
        if path == f"{drive}InsertMedia":
            return _insert_by_action(bmc, slot, body)
        if path == f"{drive}EjectMedia":
            _eject(bmc, slot)
            return Reply(204)
    return None


def is_patched_drive(bmc: Bmc, path: str) -> bool:
    """True for a drive that is written instead of acted on."""
    return bmc.profile.media_by_patch and path.rpartition("/")[0] == media_path(bmc)


def patch_drive(bmc: Bmc, path: str, body: Json) -> None:
    """Insert or eject by writing Image and Inserted."""
    slot: Slot | None = next((slot for slot in _SLOTS if path == drive_path(bmc, slot)), None)
    for name in body:
        if slot is None or name not in _PATCHED:
            raise error(400, "PropertyNotWritable", name)
    if slot is None:
        return
    if body.get("Image", "") is None or body.get("Inserted") is False:
        _eject(bmc, slot)
    elif "Image" in body:
        _insert(bmc, slot, body["Image"])


def _insert_by_action(bmc: Bmc, slot: Slot, body: Json) -> Reply:
    only_known("VirtualMedia.InsertMedia", body, _INSERT - set(bmc.profile.media_refuses))
    for name in ("UserName", "Password") if bmc.profile.media_demands_credentials else ():
        if not body.get(name):
            raise error(400, "ActionParameterMissing", "VirtualMedia.InsertMedia", name)
    _insert(bmc, slot, body.get("Image"))
    return Reply(204)


def _insert(bmc: Bmc, slot: Slot, url: object) -> None:
    if not isinstance(url, str):
        raise error(400, "ActionParameterMissing", "VirtualMedia.InsertMedia", "Image")
    if slot in bmc.machine.state.media:
        raise error(409, "ResourceInUse")
    image = bmc.images.fetch(url)
    if image is None:
        # Without the query, which may be a pre-signed URL's secret part.
        raise error(400, "ResourceAtUriInUnknownFormat", url.partition("?")[0])
    bmc.service.ejected.pop(slot, None)
    bmc.machine.insert(slot, image)


def _eject(bmc: Bmc, slot: Slot) -> None:
    image = bmc.machine.state.media.get(slot)
    if image is not None and bmc.profile.media_keeps_image:
        bmc.service.ejected[slot] = image.url
    bmc.machine.eject(slot)


def _drive(bmc: Bmc, slot: Slot) -> Json:
    path, image = drive_path(bmc, slot), bmc.machine.state.media.get(slot)
    url = image.url if image else bmc.service.ejected.get(slot)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#VirtualMedia.v1_6_4.VirtualMedia",
        "Id": path.rpartition("/")[2],
        "Name": "Virtual Media",
        "MediaTypes": list(bmc.profile.media_types[slot]),
        "Image": url,
        "ImageName": url.partition("?")[0].rpartition("/")[2] if url else None,
        "Inserted": image is not None,
        "WriteProtected": True,
        "ConnectedVia": "URI" if image else "NotConnected",
        "TransferProtocolType": "HTTPS" if image else None,
    }
    if not bmc.profile.media_by_patch:
        body["Actions"] = {
            f"#VirtualMedia.{action}": {"target": f"{path}/Actions/VirtualMedia.{action}"}
            for action in ("InsertMedia", "EjectMedia")
        }
    return body


def _dead_drive(path: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#VirtualMedia.v1_6_4.VirtualMedia",
        "Id": path.rpartition("/")[2],
        "Name": "Virtual Media",
        "MediaTypes": ["CD", "DVD"],
        "Image": None,
        "Inserted": False,
        "WriteProtected": True,
        "ConnectedVia": "NotConnected",
    }
