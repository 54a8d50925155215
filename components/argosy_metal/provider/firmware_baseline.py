"""`baremetal:index:FirmwareBaseline`: firmware of a claimed server's components. A flash is never cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.firmware_decide import FirmwareImage, unfinished
from argosy_metal.lifecycle.firmware_driver import FirmwareDriver, SeenFirmware, WantedFirmware
from argosy_metal.provider.brought import BroughtAbout
from argosy_metal.provider.checks import Failure, Rule, check_inputs, flag, text, unshown_text
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import (
    BOOLEAN,
    STRING,
    Input,
    Output,
    Properties,
    mapping_of,
    reference,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, Outputs
from argosy_metal.provider.setup_inputs import (
    ALLOW_REBOOT,
    APPLY_ON,
    SERVER_ID,
    as_map,
    is_now,
    readable_claim,
    reboot_failures,
)
from argosy_metal.provider.values import Unknown

FIRMWARE_BASELINE = "baremetal:index:FirmwareBaseline"
_IMAGE_TYPE = "baremetal:index:FirmwareImage"
_IMAGE: Mapping[str, Rule] = {
    "version": text(r"[^\s]+( [^\s]+)*", "the version as the inventory shows it once it is in effect"),
    "url": unshown_text(r"https://[^\s/@]+/[^\s]*", "an https URL without an account, of the hall's cache"),
    "sha256": text(r"[0-9a-f]{64}", "64 lower-case hex digits"),
}


def _components(value: Any) -> str | None:
    if isinstance(value, dict):
        return None
    return f"given {type(value).__name__}; expected names of components, and version, url and sha256 for each"


_PROPERTIES = Properties(
    description="Firmware versions of a claimed server's components.",
    inputs={
        "serverId": SERVER_ID,
        "components": Input(
            "What each component is to run, by its id in the BMC's firmware inventory.",
            _components,
            mapping_of(reference(_IMAGE_TYPE)),
        ),
        "allowDowngrade": Input(
            "Permit versions older than what is there.", flag, BOOLEAN, required=False, default=False
        ),
        "applyOn": APPLY_ON,
        "allowReboot": ALLOW_REBOOT,
    },
    outputs={
        "versions": Output("Versions in effect; of every component if none is named.", mapping_of(STRING)),
        "staged": Output("Versions that are flashed and wait for a reset.", mapping_of(STRING)),
        "history": Output(
            "The last updates, oldest first: component, version, result.",
            {"type": "array", "items": mapping_of(STRING)},
        ),
    },
    types={
        _IMAGE_TYPE: {
            "type": "object",
            "properties": {"version": STRING, "url": STRING, "sha256": STRING},
            "required": ["sha256", "url", "version"],
        }
    },
)


class FirmwareBaselines(BroughtAbout):
    """Flashes and observes firmware."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes; which components there are is asked of the BMC before anything is flashed."""
        inputs, found = self.properties.check(news)
        failures = [*found, *reboot_failures(inputs)]
        for name, image in sorted(as_map(inputs.get("components")).items()):
            if isinstance(image, dict):
                failures += check_inputs(cast("dict[str, Any]", image), _IMAGE, {}, f"components.{name}.")
            elif not isinstance(image, Unknown):
                failures.append((f"components.{name}", "expected version, url and sha256"))
        return inputs, failures

    async def read(self, request: ResourceRequest) -> Found:
        """The versions in effect. An import names no component: images are nowhere to be read."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        inputs = dict(request.old_inputs)
        if not inputs:
            inputs = self.properties.check({"serverId": claim.server_id, "components": {}})[0]
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, hands):
            seen = await FirmwareDriver(access, self_test, hands).look()
        return Found(claim.server_id, _outputs(inputs, seen), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Forget. The firmware stays as it is, and a flash that runs goes on."""
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, hands):
            await access.explained(self_test.settle)
            await FirmwareDriver(access, self_test, hands).forget()

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return _unfinished(news, olds)

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        images = {name: FirmwareImage(**image) for name, image in news["components"].items()}
        wanted = WantedFirmware(images, news["allowDowngrade"], is_now(news), news["allowReboot"])
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, hands):
            driver = FirmwareDriver(access, self_test, hands)
            try:
                seen = await driver.bring(wanted)
            except MachineNotReadyError as error:
                # Components may be flashed: the engine must record it, and go on from there.
                outputs = _outputs(news, driver.known())
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return _outputs(news, seen)


def _outputs(inputs: Outputs, seen: SeenFirmware) -> dict[str, Any]:
    names = set(inputs["components"]) or set(seen.versions)
    return {
        **inputs,
        "versions": {name: version for name, version in sorted(seen.versions.items()) if name in names},
        "staged": {name: version for name, version in sorted(seen.staged.items()) if name in names},
        "history": [dict(entry) for entry in seen.history],
    }


def _unfinished(news: Outputs, olds: Outputs) -> frozenset[str]:
    """What was observed and is not as it should be."""
    wanted = {
        name: cast("dict[str, Any]", image).get("version")
        for name, image in as_map(news.get("components")).items()
        if isinstance(image, dict)
    }
    left = unfinished(wanted, as_map(olds.get("versions")), as_map(olds.get("staged")), now=is_now(news))
    return frozenset({"versions"} if left else ())
