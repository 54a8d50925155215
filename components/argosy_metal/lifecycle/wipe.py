"""Erases every drive of a server by the drives' own sanitising, and proves it: a finished task for each.

The server is kept on in its BIOS setup meanwhile. What was begun is noted with the claim, so that after a
killed run an erase that goes on is waited for, and one that has ended well counts. A drive that cannot do the
method is an error before any drive is touched; no weaker way is taken instead. After a loss of power the BMC
knows the task as failed, or not at all: that is no proof, and the drive is erased again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from argosy_metal.budgets import PowerOns
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.redfish.drive_erase import (
    METHODS,
    EraseReport,
    EraseState,
    EraseTask,
    look_at_erase,
    running_erase,
    start_erase,
)
from argosy_metal.redfish.storage import Drive, Volume, delete_volume, observe_drive, observe_storage

SUBJECT = "wipe"
_LIMIT_SECONDS = 48 * 3600.0
"""Overwriting a large hard disk takes more than a day."""


@dataclass(frozen=True)
class DriveProof:
    """One drive that was erased."""

    serial: str
    slot: str
    method: str
    """Redfish's `SanitizationType`."""
    task: str
    """Path of the BMC's task or job that ended well."""
    ended: str
    """Its EndTime by the BMC's clock; empty if the BMC does not tell."""


@dataclass(frozen=True)
class WipeProof:
    """Every drive of a server was erased."""

    server: str
    """Serial number."""
    drives: tuple[DriveProof, ...]

    def to_json(self) -> str:
        """For the claim: the same for the same proof."""
        return json.dumps(asdict(self), sort_keys=True)


async def erase_drives(access: ServerAccess, method: str | None, power_ons: PowerOns) -> WipeProof:
    """Erase all drives by `method`; None: the quickest that each of them offers. Nothing on them survives.

    The claim must be ours, and the server off or switched on by a former call of this function. Raises
    MachineError where it cannot be done or is not proven, RedfishError for what a BMC refuses, and what the
    journal raises.
    """
    return await _Eraser(access, method, power_ons).run()


def erase_faults(drives: Sequence[Drive], method: str | None) -> tuple[str, ...]:
    """Everything that speaks against erasing these drives so; none if nothing does. Pure."""
    if not drives:
        return ("the BMC shows no drives, so nothing would prove that they were erased",)
    faults: list[str] = []
    for drive in drives:
        if not drive.serial:
            faults.append(f"drive {drive.label}: the BMC tells no serial number")
        elif choose_method(drive, method) is None:
            offered = ", ".join(drive.erases) or "no way of erasing it"
            faults.append(f"drive {drive.label} ({drive.serial}) offers {offered}")
    return tuple(faults)


def choose_method(drive: Drive, method: str | None) -> str | None:
    """The way to erase a drive; None if it has none, or not the one that is demanded."""
    wanted = METHODS if method is None else (method,)
    return next((known for known in wanted if known in drive.erases), None)


class _Eraser:
    def __init__(self, access: ServerAccess, method: str | None, power_ons: PowerOns) -> None:
        self._access = access
        self._method = method
        self._power = SetupPower(access, power_ons)
        self._notes = Notes(access.journal, SUBJECT)

    async def run(self) -> WipeProof:
        drives, _ = await self._look()
        if faults := erase_faults(drives, self._method):
            wanted = "" if self._method is None else f" by {self._method}"
            raise self._access.not_ready(
                f"its drives cannot be erased{wanted}: {'; '.join(faults)}",
                "give a method that all of them offer, or wipe from an installer image; nothing was erased",
            )
        await self._power.up()
        await self._access.until(
            self._are_usable, self._access.limits.self_test_seconds, "the drives of the server"
        )
        _, volumes = await self._look()
        for volume in volumes:
            await self._delete(volume)
        for drive in drives:
            await self._begin(drive)
        reports = await self._wait(drives)
        proof = WipeProof(
            self._access.journal.claim.serial,
            tuple(self._proof(drive, reports[drive.serial]) for drive in drives),
        )
        await self._power.down()
        await self._notes.clear()
        return proof

    async def _look(self) -> tuple[list[Drive], list[Volume]]:
        system = await self._access.system()
        units = await observe_storage(self._access.client, system.path)
        drives = [drive for unit in units for drive in unit.drives]
        return sorted(drives, key=lambda drive: drive.serial), [v for unit in units for v in unit.volumes]

    async def _are_usable(self) -> bool:
        drives, _ = await self._look()
        return all(drive.is_usable for drive in drives)

    async def _begin(self, drive: Drive) -> None:
        """See to it that an erase of the drive runs, or has ended well, and that its task is noted."""
        known = self._noted(drive)
        if known is not None:
            state = (await look_at_erase(self._access.client, known)).state
            if state in (EraseState.RUNNING, EraseState.DONE):
                return
        now = await observe_drive(self._access.client, drive.path)
        if now.serial != drive.serial:
            raise self._access.not_ready(
                f"drive {drive.label} ({drive.serial}) was swapped for {now.serial or 'an unknown one'}",
                f"leave the drives in their slots, then {GO_ON}",
            )
        wanted = choose_method(now, self._method) or ""
        running = await running_erase(self._access.client, now)
        if running is None or running.method != wanted:
            self._access.leash.check()
            await self._access.journal.assert_may_act()
            running = await start_erase(self._access.client, now, wanted)
        await self._notes.write(**{drive.serial: running.values()})

    async def _delete(self, volume: Volume) -> None:
        """A drive that is part of a volume cannot be erased, and what the volume holds goes with it."""

        async def is_gone() -> bool:
            _, volumes = await self._look()
            return all(volume.path != found.path for found in volumes)

        client = self._access.client
        await self._access.act(
            f"delete volume {volume.name}",
            lambda: delete_volume(client, volume),
            is_gone,
            self._access.limits.media_seconds,
        )

    async def _wait(self, drives: Sequence[Drive]) -> dict[str, EraseReport]:
        """Until every erase has ended well. Raises MachineNotReadyError for one that has not."""
        access, started = self._access, self._access.clock.now()
        done: dict[str, EraseReport] = {}
        while True:
            for drive in drives:
                if drive.serial not in done and (report := await self._ended(drive)) is not None:
                    done[drive.serial] = report
            if len(done) == len(drives):
                return done
            if access.clock.now() - started > _LIMIT_SECONDS:
                raise access.not_ready(
                    f"{len(drives) - len(done)} of {len(drives)} drives are still being erased",
                    f"look at the server on its BMC, then {GO_ON}",
                )
            await access.leash.pause(access.limits.poll_seconds)

    async def _ended(self, drive: Drive) -> EraseReport | None:
        begun = self._noted(drive)
        report = EraseReport(EraseState.UNKNOWN)
        if begun is not None:
            report = await look_at_erase(self._access.client, begun)
        if report.state is EraseState.DONE:
            return report
        if report.state is EraseState.RUNNING:
            return None
        why = report.said or "the BMC does not know the task any more, as after a loss of power"
        raise self._access.not_ready(
            f"drive {drive.label} ({drive.serial}) is not proven to be erased: {why}",
            f"look at the drive on the BMC, then {GO_ON}, and erases the drive again",
        )

    def _noted(self, drive: Drive) -> EraseTask | None:
        values = self._notes.read().get(drive.serial)
        return EraseTask.of(values) if isinstance(values, dict) else None  # pyright: ignore[reportUnknownArgumentType]

    def _proof(self, drive: Drive, report: EraseReport) -> DriveProof:
        begun = self._noted(drive)
        assert begun is not None, "a drive without a noted task is never done"  # noqa: S101
        return DriveProof(drive.serial, drive.label, begun.method, begun.task, report.ended)
