"""Brings the power limits of one claimed server in line: check all, remember what was, write, confirm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.redfish.power_limits import (
    PowerLimit,
    PowerLimits,
    observe_power_limits,
    power_limit_faults,
    set_power_limit,
)
from argosy_metal.redfish.power_restore import (
    PowerRestore,
    observe_power_restore,
    power_restore_faults,
    set_power_restore,
)

SUBJECT = "powerCap"
_RESTORE = "restore"


@dataclass(frozen=True)
class WantedPower:
    """What a server may draw, and how it comes back after an outage. None: not to be set."""

    watts_per_node: float | None = None
    watts_per_gpu: float | None = None
    restore_policy: str | None = None
    power_on_delay_seconds: float | None = None

    def watts_of(self, limits: PowerLimits) -> dict[str, float]:
        """What each part is to be limited to, by path. Modules share a node's watts equally."""
        found: dict[str, float] = {}
        if self.watts_per_node is not None:
            found |= {limit.path: self.watts_per_node / len(limits.node) for limit in limits.node}
        if self.watts_per_gpu is not None:
            found |= {limit.path: self.watts_per_gpu for limit in limits.gpus}
        return found

    @property
    def sets_restore(self) -> bool:
        """Whether anything is wanted of how the server comes back."""
        return self.restore_policy is not None or self.power_on_delay_seconds is not None


@dataclass(frozen=True)
class SeenPower:
    """What a look showed."""

    limits: PowerLimits
    restore: PowerRestore

    def faults(self, wanted: WantedPower) -> tuple[str, ...]:
        """Everything that speaks against what is wanted."""
        return power_limit_faults(self.limits, wanted.watts_per_node, wanted.watts_per_gpu) + (
            power_restore_faults(self.restore, wanted.restore_policy, wanted.power_on_delay_seconds)
        )

    def is_as(self, wanted: WantedPower) -> bool:
        """Whether all is as wanted."""
        if self.faults(wanted):
            return False
        targets = wanted.watts_of(self.limits)
        limits = (*self.limits.node, *self.limits.gpus)
        held = all(limit.holds(targets[limit.path]) for limit in limits if limit.path in targets)
        return held and restores_as(self.restore, wanted)


def restores_as(seen: PowerRestore, wanted: WantedPower) -> bool:
    """Whether the server comes back as wanted."""
    return wanted.restore_policy in (None, seen.policy) and wanted.power_on_delay_seconds in (
        None,
        seen.delay_seconds,
    )


class PowerCapDriver:
    """The power limits of one server. Raises MachineError, RedfishError, or what the journal raises."""

    def __init__(self, access: ServerAccess) -> None:
        self._access = access
        self._notes = Notes(access.journal, SUBJECT)

    @property
    def captured(self) -> Mapping[str, float | None]:
        """What each part was limited to before the first write, by path; None: to nothing."""
        noted = self._notes.read()
        return {name: value for name, value in sorted(noted.items()) if name != _RESTORE}

    async def look(self) -> SeenPower:
        """What is there now. Changes nothing."""
        system = await self._access.system()
        await system.observe()
        client = self._access.client
        return SeenPower(
            await observe_power_limits(client, system.path), await observe_power_restore(client, system.path)
        )

    async def apply(self, wanted: WantedPower) -> SeenPower:
        """Write what differs; nothing at all if any of it cannot be. Parts not wanted any more go back."""
        seen = await self.look()
        if faults := seen.faults(wanted):
            raise MachineError(
                self._access.journal.claim, "; ".join(faults), "correct the limits; nothing was written"
            )
        targets = wanted.watts_of(seen.limits)
        await self._go_back(seen, keep=targets, restore=not wanted.sets_restore)
        for limit in (*seen.limits.node, *seen.limits.gpus):
            if limit.path in targets and not limit.holds(targets[limit.path]):
                await self._capture(limit.path, limit.effective_watts)
                await self._set(limit, targets[limit.path])
        if not restores_as(seen.restore, wanted):
            await self._capture(_RESTORE, [seen.restore.policy, seen.restore.delay_seconds])
            await self._set_restore(wanted)
        return await self.look()

    async def restore(self) -> None:
        """Go back to what was there before the first write."""
        await self._go_back(await self.look(), keep={}, restore=True)
        await self._notes.clear()

    async def forget(self) -> None:
        """Leave everything as it is, and keep no note of it."""
        await self._notes.clear()

    async def _capture(self, name: str, value: object) -> None:
        """Noted before the write, and only before the first one."""
        if name not in self._notes.read():
            await self._notes.write(**{name: value})

    async def _go_back(self, seen: SeenPower, keep: Mapping[str, float], *, restore: bool) -> None:
        captured = self.captured
        for limit in (*seen.limits.node, *seen.limits.gpus):
            if limit.path in captured and limit.path not in keep and not limit.holds(captured[limit.path]):
                await self._set(limit, captured[limit.path])
        noted: Any = self._notes.read().get(_RESTORE)
        if restore and noted is not None:
            policy, seconds = cast("list[Any]", noted)
            await self._set_restore(WantedPower(restore_policy=policy, power_on_delay_seconds=seconds))
        left = {name: value for name, value in captured.items() if name in keep}
        left |= {} if restore or noted is None else {_RESTORE: noted}
        if left != self._notes.read():
            await self._notes.clear()
            if left:
                await self._notes.write(**left)

    async def _set(self, limit: PowerLimit, watts: float | None) -> None:
        target = limit.default if watts is None and limit.default is not None else watts

        async def shows() -> bool:
            limits = (await self.look()).limits
            now = next((one for one in (*limits.node, *limits.gpus) if one.path == limit.path), None)
            return now is not None and (now.holds(watts) or now.holds(target))

        client = self._access.client
        await self._access.act(
            f"limit the power of {limit.part}",
            lambda: set_power_limit(client, limit, watts),
            shows,
            self._access.limits.media_seconds,
        )

    async def _set_restore(self, wanted: WantedPower) -> None:
        system = await self._access.system()
        client = self._access.client

        async def shows() -> bool:
            return restores_as(await observe_power_restore(client, system.path), wanted)

        if not await shows():
            await self._access.act(
                "set the power-restore policy",
                lambda: set_power_restore(
                    client, system.path, wanted.restore_policy, wanted.power_on_delay_seconds
                ),
                shows,
                self._access.limits.media_seconds,
            )
