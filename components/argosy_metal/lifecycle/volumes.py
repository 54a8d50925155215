"""Brings the volumes of one claimed server in line: plan, refuse, delete, make, confirm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from argosy_metal.budgets import PowerOns
from argosy_metal.claims import Phase
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.lifecycle.volume_plan import NewVolume, VolumePlan, WantedVolume, plan_volumes
from argosy_metal.redfish import RedfishError
from argosy_metal.redfish.storage import (
    StorageUnit,
    Volume,
    create_volume,
    delete_volume,
    observe_storage,
)


@dataclass(frozen=True)
class SeenStorage:
    """What a look showed, and what is still to be done."""

    units: tuple[StorageUnit, ...]
    plan: VolumePlan


class VolumeDriver:
    """One server's volumes. Public methods raise MachineError, RedfishError, or what the journal raises."""

    def __init__(self, access: ServerAccess, power_ons: PowerOns, mark: str) -> None:
        self._access = access
        self._power = SetupPower(access, power_ons)
        self._mark = mark

    async def look(self, wanted: Sequence[WantedVolume], *, take_over: bool) -> SeenStorage:
        """What is there now. Changes nothing."""
        system = await self._access.system()
        units = await observe_storage(self._access.client, system.path)
        return SeenStorage(units, plan_volumes(units, wanted, self._mark, take_over=take_over))

    async def apply(self, wanted: Sequence[WantedVolume], *, take_over: bool) -> SeenStorage:
        """Make it so. What is on the drives of new and deleted volumes is lost.

        Nothing is touched where a machine is on the server, or where any of the wishes cannot be met.
        """
        seen = await self.look(wanted, take_over=take_over)
        self._assert_possible(seen.plan)
        if seen.plan.is_done:
            await self._power.down()
            return seen
        self._assert_no_machine()
        await self._power.up()
        try:
            await self._carry_out(wanted, take_over=take_over)
        except (MachineError, RedfishError):
            with suppress(MachineError, RedfishError):
                await self._power.down()
            raise
        await self._power.down()
        return await self.look(wanted, take_over=take_over)

    async def _carry_out(self, wanted: Sequence[WantedVolume], *, take_over: bool) -> None:
        async def is_awake() -> bool:
            units = (await self.look(wanted, take_over=take_over)).units
            return any(drive.is_usable for unit in units for drive in unit.drives)

        await self._access.until(is_awake, self._access.limits.self_test_seconds, "the drives of the server")
        # Drives and controllers hang on the main power: only now do all volumes surely show.
        plan = (await self.look(wanted, take_over=take_over)).plan
        self._assert_possible(plan)
        for volume in plan.delete:
            await self._delete(volume)
        for new in plan.create:
            await self._create(new)

    def _assert_possible(self, plan: VolumePlan) -> None:
        if plan.faults:
            raise MachineError(
                self._access.journal.claim,
                "; ".join(plan.faults),
                "correct the layout; no volume was touched",
            )

    def _assert_no_machine(self) -> None:
        claim = self._access.journal.claim
        if claim.phase is not Phase.CLAIMED:
            install = f" (install {claim.install_id})" if claim.install_id else ""
            raise MachineError(
                claim,
                f"a machine is on the server{install}, and its volumes would be lost",
                "destroy that Machine first, e.g. `pulumi destroy --target` with its URN, then run"
                " `pulumi up`; no volume was touched",
            )

    async def _delete(self, volume: Volume) -> None:
        async def is_gone() -> bool:
            return all(found.path != volume.path for found in await self._volumes())

        client = self._access.client
        await self._act(f"delete volume {volume.name}", lambda: delete_volume(client, volume), is_gone)

    async def _create(self, new: NewVolume) -> None:
        drives = tuple(sorted(drive.path for drive in new.drives))

        async def is_there() -> bool:
            return any(
                (v.name, v.raid, v.drives) == (new.name, new.raid, drives) for v in await self._volumes()
            )

        client = self._access.client
        await self._act(
            f"make volume {new.name}",
            lambda: create_volume(client, new.unit, new.name, new.raid, drives),
            is_there,
        )

    async def _act(
        self, step: str, act: Callable[[], Awaitable[None]], done: Callable[[], Awaitable[bool]]
    ) -> None:
        await self._access.act(step, act, done, self._access.limits.media_seconds)

    async def _volumes(self) -> list[Volume]:
        system = await self._access.system()
        units = await observe_storage(self._access.client, system.path)
        return [volume for unit in units for volume in unit.volumes]
