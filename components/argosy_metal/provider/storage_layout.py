"""`baremetal:index:StorageLayout`: the RAID volumes of a claimed server.

A changed layout is another layout, since what was on the volumes is lost. It is only made while no machine is
on the server.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.volume_plan import VolumePlan, is_ours, volume_mark
from argosy_metal.lifecycle.volumes import SeenStorage, VolumeDriver
from argosy_metal.provider.brought import BroughtAbout, incomplete
from argosy_metal.provider.checks import Failure, flag
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    Input,
    Output,
    Properties,
    reference,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim
from argosy_metal.provider.storage_inputs import TYPES, VOLUME_TYPE, check_volumes, is_list, wanted_volumes

STORAGE_LAYOUT = "baremetal:index:StorageLayout"
_OBSERVED_TYPE = "baremetal:index:ObservedVolume"
_PROPERTIES = Properties(
    description="The RAID volumes of a claimed server.",
    inputs={
        "serverId": SERVER_ID,
        "volumes": Input(
            "Volumes to be made; a change of them makes all that differ anew, and their data is lost.",
            is_list,
            {"type": "array", "items": reference(VOLUME_TYPE)},
            on_change=Change.REPLACE,
        ),
        "takeOver": Input(
            "Delete volumes that this layout did not make where they hold drives that it needs.",
            flag,
            BOOLEAN,
            required=False,
            default=False,
        ),
    },
    outputs={
        "observed": Output(
            "Every volume of the server.", {"type": "array", "items": reference(_OBSERVED_TYPE)}
        ),
        "complete": Output("Whether every volume of this layout is there.", BOOLEAN),
        "layoutDigest": Output("Changes with every volume that this layout makes; a Machine can hang on it."),
    },
    types={
        **TYPES,
        _OBSERVED_TYPE: {
            "type": "object",
            "properties": {
                "name": STRING,
                "raid": STRING,
                "capacityGb": INTEGER,
                "drives": STRINGS,
                "made": BOOLEAN,
            },
            "required": ["capacityGb", "drives", "made", "name", "raid"],
        },
    },
)


class StorageLayouts(BroughtAbout):
    """Makes, observes and forgets volumes."""

    properties = _PROPERTIES

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes, and which numbers of drives make which RAID level."""
        inputs, failures = self.properties.check(news)
        return inputs, [*failures, *check_volumes(inputs.get("volumes"))]

    async def read(self, request: ResourceRequest) -> Found:
        """The volumes as they are. An import takes those that this claim made."""
        claim = await readable_claim(self._hall(), request)
        if claim is None:
            return Found()
        inputs = dict(request.old_inputs)
        async with self._driver(claim, request) as (access, driver, mark):
            wanted = wanted_volumes(inputs.get("volumes", ()))
            take_over = inputs.get("takeOver") is True
            seen = await access.explained(lambda: driver.look(wanted, take_over=take_over))
        if not inputs:
            inputs = {"serverId": claim.server_id, "volumes": _as_inputs(seen, mark), "takeOver": False}
            if not inputs["volumes"]:
                return Found()
            seen = SeenStorage(seen.units, VolumePlan())
        return Found(claim.server_id, _outputs(inputs, seen, mark), inputs)

    async def _leave(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """Forget: the volumes stay. A later layout of this claim knows them by their mark."""

    def _unfinished(self, news: Outputs, olds: Outputs) -> frozenset[str]:
        return incomplete(olds)

    async def _bring(self, server_id: str, request: ResourceRequest) -> Outputs:
        claim = await self._hall().own_claim(server_id, request.owner)
        news = request.news
        wanted, take_over = wanted_volumes(news["volumes"]), bool(news["takeOver"])
        async with self._driver(claim, request) as (access, driver, mark):
            try:
                seen = await access.explained(lambda: driver.apply(wanted, take_over=take_over))
            except MachineNotReadyError as error:
                # Volumes may have been made: the engine must record it, and go on from there.
                nothing: list[str] = []
                outputs = {**news, "observed": nothing, "complete": False, "layoutDigest": ""}
                raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return _outputs(news, seen, mark)

    @asynccontextmanager
    async def _driver(
        self, claim: Claim, request: ResourceRequest
    ) -> AsyncGenerator[tuple[ServerAccess, VolumeDriver, str]]:
        hall = self._hall()
        mark = volume_mark(await asyncio.to_thread(hall.store.identity), claim)
        async with hall.server(claim, request.timeout_seconds) as access:
            yield access, VolumeDriver(access, hall.budgets.power_ons, mark), mark


def _outputs(inputs: Outputs, seen: SeenStorage, mark: str) -> dict[str, Any]:
    labels = {drive.path: drive for unit in seen.units for drive in unit.drives}
    volumes = sorted((v for unit in seen.units for v in unit.volumes), key=lambda v: (v.name, v.path))
    ours = [volume for volume in volumes if is_ours(volume, mark)]
    held = [[v.path, v.name, v.raid, sorted(labels[d].serial for d in v.drives if d in labels)] for v in ours]
    return {
        **inputs,
        "observed": [
            {
                "name": volume.name,
                "raid": volume.raid,
                "capacityGb": volume.capacity_gb,
                "drives": sorted(labels[path].label for path in volume.drives if path in labels),
                "made": volume in ours,
            }
            for volume in volumes
        ],
        "complete": seen.plan.is_done,
        "layoutDigest": hashlib.sha256(json.dumps(held).encode()).hexdigest(),
    }


def _as_inputs(seen: SeenStorage, mark: str) -> list[dict[str, Any]]:
    labels = {drive.path: drive.label for unit in seen.units for drive in unit.drives}
    volumes = sorted((v for unit in seen.units for v in unit.volumes), key=lambda v: v.name)
    return [
        {
            "name": volume.name.removesuffix(f"-{mark}"),
            "raid": volume.raid,
            "drives": {"slots": sorted(labels[path] for path in volume.drives if path in labels)},
        }
        for volume in volumes
        if is_ours(volume, mark)
    ]
