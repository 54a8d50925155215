"""`baremetal:index:Machine`: what runs on a claimed server. Takes minutes, resumable at any point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from argosy_metal.claims import Claim, ForeignClaimError, Phase
from argosy_metal.lifecycle import Image, MachineNotReadyError
from argosy_metal.lifecycle.decide import OFF
from argosy_metal.provider.checks import Failure, Rule, check_inputs, flag, text, unshown_text
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import BOOLEAN, STRING, Input, Output, Properties, reference
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Found, Outputs
from argosy_metal.provider.values import UNKNOWN, Unknown

MACHINE = "baremetal:index:Machine"
_SERVER_ID = text(r"[^\s/]+/[^\s/]+", "`site/serial`, as a ServerClaim gives it")
_IMAGE: Mapping[str, Rule] = {
    "url": unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
    "sha256": text(r"[0-9a-f]{64}", "64 lower-case hex digits"),
}
_IMAGE_TYPE = "baremetal:index:Image"


def _is_image(value: Any) -> str | None:
    return None if isinstance(value, dict) else f"given {type(value).__name__}; expected url and sha256"


_PROPERTIES = Properties(
    description="What runs on a claimed server.",
    inputs={
        "serverId": Input("The claim's `serverId`.", _SERVER_ID, on_change=Change.REPLACE),
        "image": Input("The operating-system image to install.", _is_image, reference(_IMAGE_TYPE)),
        "online": Input("Whether the machine is powered on.", flag, BOOLEAN, required=False, default=True),
    },
    outputs={
        "phase": Output("How far the machine has come; `running` at the end."),
        "imageDigest": Output("`sha256:…` of the image that runs."),
        "installId": Output("Names the installation; it changes with every one."),
        "bootId": Output("What the installed system reported as its boot."),
        "power": Output("Redfish's PowerState as last seen."),
    },
    types={
        _IMAGE_TYPE: {
            "type": "object",
            "properties": {"url": STRING, "sha256": STRING},
            "required": ["sha256", "url"],
        }
    },
)
_OBSERVED = tuple(_PROPERTIES.outputs)


class Machines:
    """Installs, observes and takes down machines."""

    properties = _PROPERTIES

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only; a machine is online unless the program says otherwise."""
        inputs, found = self.properties.check(news)
        failures = list(found)
        image = inputs.get("image")
        if isinstance(image, dict):
            failures += check_inputs(cast("dict[str, Any]", image), _IMAGE, {}, prefix="image.")
        return inputs, failures

    def diff(self, request: ResourceRequest) -> Difference:
        """Another server or image content is another machine; an unfinished or powered-off one is updated."""
        news, olds = request.news, request.olds
        changes = self.properties.changes(request)
        changes.pop("image", None)
        new_image, old_image = _image_parts(news.get("image")), _image_parts(olds.get("image"))
        for part in ("sha256", "url"):
            if new_image[part] != old_image[part]:
                changes[f"image.{part}"] = Change.REPLACE if part == "sha256" else Change.UPDATE
        observed = _unfinished(news, olds)
        return Difference(changes | dict.fromkeys(observed, Change.UPDATE), observed)

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Bring the machine up, from wherever an interrupted run of this stack left it."""
        if request.preview:
            return "", {**request.news, **dict.fromkeys(_OBSERVED, UNKNOWN)}
        server_id = str(request.news["serverId"])
        return server_id, await self._bring_up(server_id, request)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Go on with an unfinished machine, or change its power."""
        if request.preview:
            return {**request.news, **dict.fromkeys(_OBSERVED, UNKNOWN)}
        return await self._bring_up(request.resource_id, request)

    async def read(self, request: ResourceRequest) -> Found:
        """What is on the server now. A BMC that does not answer is an error, never "gone"."""
        claim = await self._hall().claim_of(request.resource_id)
        if claim is None and request.olds:
            await self._hall().assert_known(request)
        if claim is None or claim.image_sha256 is None:
            return Found()
        if claim.owner != request.owner:
            if request.olds:
                return Found()
            raise ForeignClaimError(claim, f"stack {request.owner}")
        async with self._hall().machine(claim, 0) as (machine, _):
            seen, report = await machine.look()
        if claim.phase is Phase.RUNNING and report is None:
            # Installed anew by someone else, or wiped: what the state describes does not exist any more.
            return Found()
        inputs = dict(request.old_inputs) or {
            "serverId": claim.server_id,
            "image": {"url": claim.image_url, "sha256": claim.image_sha256},
            "online": seen.power != OFF,
        }
        boot_id = report.boot_id if report else ""
        return Found(claim.server_id, _outputs(inputs, claim, boot_id, seen.power), inputs)

    async def delete(self, request: ResourceRequest) -> None:
        """Take the machine down. The claim stays, and so does whatever is not ours.

        Raises NotPossibleError if the claims store has never granted what the state describes.
        """
        claim = await self._hall().claim_of(request.resource_id)
        if claim is None or claim.owner != request.owner:
            await self._hall().assert_known(request)
            return
        async with self._hall().machine(claim, request.timeout_seconds) as (machine, _):
            await machine.take_down()

    async def _bring_up(self, server_id: str, request: ResourceRequest) -> Outputs:
        claim = await self._hall().own_claim(server_id, request.owner)
        news = request.news
        image = Image(news["image"]["url"], news["image"]["sha256"])
        async with self._hall().machine(claim, request.timeout_seconds) as (machine, journal):
            try:
                running = await machine.bring_up(image, online=news["online"])
            except MachineNotReadyError as error:
                # The server is ours and may be half-way: the engine must record it, and go on from there.
                outputs = _outputs(news, journal.claim, "", "")
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return _outputs(news, journal.claim, running.boot_id, running.power)


def _outputs(inputs: Outputs, claim: Claim, boot_id: str, power: str) -> dict[str, Any]:
    return {
        **inputs,
        "phase": claim.phase.value,
        "imageDigest": f"sha256:{claim.image_sha256}" if claim.phase is Phase.RUNNING else "",
        "installId": claim.install_id or "",
        "bootId": boot_id,
        "power": power,
    }


def _unfinished(news: Outputs, olds: Outputs) -> frozenset[str]:
    """What was observed and is not as it should be."""
    if olds.get("phase") != Phase.RUNNING.value:
        return frozenset({"phase"})
    return frozenset({"power"} if bool(news.get("online")) == (olds.get("power") == OFF) else ())


def _image_parts(image: Any) -> dict[str, Any]:
    if isinstance(image, dict):
        parts = cast("dict[str, Any]", image)
        return {part: parts.get(part) for part in _IMAGE}
    return dict.fromkeys(_IMAGE, image if isinstance(image, Unknown) else None)
