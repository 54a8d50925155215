"""`baremetal:index:VirtualMedia`: an image in the virtual drive of a host that is managed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.host_media import SeenMedia, eject_media, insert_media, look_at_media
from argosy_metal.provider.bare_host import assert_bare
from argosy_metal.provider.brought import BroughtAbout
from argosy_metal.provider.checks import Failure, flag, unshown_text
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import BOOLEAN, Input, Output, Properties
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim

VIRTUAL_MEDIA = "baremetal:index:VirtualMedia"
_PROPERTIES = Properties(
    description="An image in the virtual drive of a claimed host that is managed elsewhere.",
    inputs={
        "serverId": SERVER_ID,
        "image": Input(
            "https URL of the image. A secret, since it may be pre-signed.",
            unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
            secret=True,
        ),
        "inserted": Input("Whether the image is in the drive.", flag, BOOLEAN, required=False, default=True),
    },
    outputs={
        "observed": Output("Whether exactly this image was last seen in the drive.", BOOLEAN),
        "drive": Output("Path of the virtual drive on the BMC."),
    },
)


class VirtualMedias(BroughtAbout):
    """Inserts, observes and ejects images."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only."""
        return self.properties.check(news)

    async def read(self, request: ResourceRequest) -> Found:
        """Whether the image is there. An import needs the program's image, so it is refused."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        inputs = dict(request.old_inputs)
        if not inputs:
            raise NotPossibleError(
                f"{claim.server_id}: a VirtualMedia cannot be imported, since a BMC shows the URL of an image"
                " and that may be a secret; declare it, and `pulumi up` finds the image inserted"
            )
        async with hall.server(claim, request.timeout_seconds) as access:
            seen = await access.explained(lambda: look_at_media(access, str(inputs["image"])))
        return Found(claim.server_id, _outputs(inputs, seen), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Eject the image if exactly this one is in the drive; whatever else is there stays."""
        image = request.olds.get("image")
        if not isinstance(image, str):
            return
        async with hall.server(claim, request.timeout_seconds) as access:
            await access.explained(lambda: eject_media(access, image))

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return frozenset({"observed"} if olds.get("observed") != news.get("inserted") else ())

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        # An image that this resource has put there gives way to another one.
        old_image = request.olds.get("image")
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        async with hall.server(claim, request.timeout_seconds) as access:
            assert_bare(access.journal.claim, "VirtualMedia")
            try:
                seen = await access.explained(lambda: _bring(access, news, old_image))
            except MachineNotReadyError as error:
                outputs = {**news, "observed": not news["inserted"], "drive": ""}
                # Until the new image is seen, the old one is what this resource may take out.
                outputs |= {"image": old_image} if old_image is not None else {}
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return _outputs(news, seen)


async def _bring(access: ServerAccess, news: Mapping[str, Any], old_image: str | None) -> SeenMedia:
    image = str(news["image"])
    if news["inserted"]:
        return await insert_media(access, image, old_image)
    for url in sorted({image, old_image or image}):
        await eject_media(access, url)
    return await look_at_media(access, image)


def _outputs(inputs: Outputs, seen: SeenMedia) -> dict[str, Any]:
    return {**inputs, "observed": seen.is_ours, "drive": seen.drive}
