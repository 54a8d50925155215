"""`baremetal:index:BiosSettings`: BIOS attributes of a claimed server, for its next reset or at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.bios_decide import unfinished
from argosy_metal.lifecycle.bios_driver import BiosDriver, SeenBios, WantedBios
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.provider.brought import BroughtAbout
from argosy_metal.provider.checks import Failure, flag
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import BOOLEAN, Input, Output, Properties, mapping_of
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

BIOS_SETTINGS = "baremetal:index:BiosSettings"
_VALUES = mapping_of({"$ref": "pulumi.json#/Any"})


def _attributes(value: Any) -> str | None:
    meaning = "names of attributes, and text, a whole number, or true or false for each"
    if not isinstance(value, dict):
        return f"given {type(value).__name__}; expected {meaning}"
    wrong = sorted(
        name
        for name, one in cast("dict[str, Any]", value).items()
        if not isinstance(one, (str, int, Unknown))
    )
    return f"given something else for {', '.join(wrong)}; expected {meaning}" if wrong else None


_PROPERTIES = Properties(
    description="BIOS attributes of a claimed server.",
    inputs={
        "serverId": SERVER_ID,
        "attributes": Input("Attributes by the BIOS's own names; no password.", _attributes, _VALUES),
        "applyOn": APPLY_ON,
        "allowReboot": ALLOW_REBOOT,
        "restoreOnDelete": Input(
            "Go back, when this resource is deleted, to the values that were there before its first write.",
            flag,
            BOOLEAN,
            required=False,
            default=False,
        ),
    },
    outputs={
        "applied": Output("The attributes as they are in force.", _VALUES),
        "pending": Output("The attributes that wait for the next reset.", _VALUES),
        "registry": Output("Name of the attribute registry that they were checked against."),
        "captured": Output("The values before the first write.", _VALUES),
    },
)


class BiosSettings(BroughtAbout):
    """Sets, observes and restores BIOS attributes."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes; what the BIOS accepts is asked of its registry before anything is written."""
        inputs, failures = self.properties.check(news)
        return inputs, [*failures, *reboot_failures(inputs)]

    async def read(self, request: ResourceRequest) -> Found:
        """What is in force and pending. An import takes all that is not at its default."""
        hall = self._hall()
        claim = await readable_claim(hall, request)
        if claim is None:
            return Found()
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, _):
            driver = BiosDriver(access, self_test)
            inputs = dict(request.old_inputs)
            if not inputs:
                attributes = await driver.defaults_changed()
                inputs = self.properties.check({"serverId": claim.server_id, "attributes": attributes})[0]
            return Found(claim.server_id, _outputs(inputs, await driver.look()), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Forget, or go back to what was there before if the program said so."""
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, _):
            driver = BiosDriver(access, self_test)
            await access.explained(self_test.settle)
            if request.olds.get("restoreOnDelete") is True:
                allow_reboot = request.olds.get("allowReboot") is True
                await driver.restore(now=is_now(request.olds), allow_reboot=allow_reboot)
            else:
                await driver.forget()

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return _unfinished(news, olds)

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        wanted = WantedBios(news["attributes"], is_now(news), news["allowReboot"])
        async with hall.setup(claim, hall.leash(request)) as (access, self_test, _):
            driver = BiosDriver(access, self_test)
            try:
                seen = await driver.bring(wanted)
            except MachineNotReadyError as error:
                # Something may be written: the engine must record it, and go on from there.
                outputs = _outputs(news, SeenBios({}, {}, "", driver.captured))
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return _outputs(news, seen)


def _outputs(inputs: Outputs, seen: SeenBios) -> dict[str, Any]:
    names = sorted(inputs["attributes"])
    return {
        **inputs,
        "applied": {name: seen.in_force[name] for name in names if seen.in_force.get(name) is not None},
        "pending": {name: seen.pending[name] for name in names if seen.pending.get(name) is not None},
        "registry": seen.registry,
        "captured": {name: seen.captured[name] for name in names if name in seen.captured},
    }


def _unfinished(news: Outputs, olds: Outputs) -> frozenset[str]:
    """What was observed and is not as it should be."""
    wanted, applied, pending = (
        as_map(found) for found in (news.get("attributes"), olds.get("applied"), olds.get("pending"))
    )
    left = unfinished(wanted, applied, pending, now=is_now(news))
    return frozenset({"applied"} if left else ())
