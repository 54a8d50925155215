"""Erases every drive of a server by the drives' own sanitising, and proves it: a finished task for each.

The server is kept on in its BIOS setup meanwhile. What was seen and begun is noted with the claim, so that
after a killed run an erase that goes on is waited for, and one that has ended well counts. A drive that
cannot do the method is an error before any drive is touched; no weaker way is taken instead. After a loss
of power the BMC knows the task as failed, or not at all: that is no proof, and the drive is erased again.
The drives are listed while the server is off, once it shows all of them, and at the end: whatever was ever
seen has to be proven.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from argosy_metal.budgets import PowerOns
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.lifecycle.wipe_drives import (
    DriveWatch,
    SeenDrive,
    choose_method,
    erase_faults,
    faults_while_off,
    missing_faults,
)
from argosy_metal.lifecycle.wipe_notes import WipeNotes
from argosy_metal.redfish.drive_erase import (
    EraseReport,
    EraseState,
    look_at_erase,
    running_erase,
    start_erase,
)
from argosy_metal.redfish.storage import Drive, Volume, delete_volume, observe_drive, observe_storage

_LIMIT_SECONDS = 48 * 3600.0
"""Overwriting a large hard disk takes more than a day."""


@dataclass(frozen=True)
class DriveProof:
    """One drive that was erased."""

    serial: str
    path: str
    """Of the drive on its BMC."""
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


class _Eraser:
    def __init__(self, access: ServerAccess, method: str | None, power_ons: PowerOns) -> None:
        self._access = access
        self._method = method
        self._power = SetupPower(access, power_ons)
        self._notes = WipeNotes(access.journal)

    async def run(self) -> WipeProof:
        drives, _ = await self._look()
        self._refuse(faults_while_off(drives, self._method))
        await self._power.up()
        drives, volumes = await self._look_at_all()
        for volume in volumes:
            await self._delete(volume)
        for drive in drives:
            await self._begin(drive)
        reports = await self._wait(drives)
        await self._assert_no_more(drives)
        proof = WipeProof(
            self._access.journal.claim.serial,
            tuple(self._proof(drive, reports[drive.path]) for drive in drives),
        )
        await self._power.down()
        await self._notes.clear()
        return proof

    async def _look(self) -> tuple[list[Drive], list[Volume]]:
        """Drives and volumes that show now; the drives are noted."""
        system = await self._access.system()
        units = await observe_storage(self._access.client, system.path)
        # A drive that hangs on two controllers may be listed by both.
        drives = {drive.path: drive for unit in units for drive in unit.drives}
        await self._notes.see(drives.values())
        ordered = sorted(drives.values(), key=lambda drive: (drive.serial, drive.path))
        return ordered, [volume for unit in units for volume in unit.volumes]

    async def _look_at_all(self) -> tuple[list[Drive], list[Volume]]:
        """All drives and volumes of the server, which is on; none of the drives speaks against erasing it."""
        access, system = self._access, await self._access.system()
        watch = DriveWatch(access.limits.drives_quiet_seconds)
        found: tuple[list[Drive], list[Volume]] = ([], [])

        async def is_final() -> bool:
            nonlocal found
            found = await self._look()
            return watch.is_final(await system.observe(), found[0], access.clock.now())

        await access.until(is_final, access.limits.self_test_seconds, "the full list of the server's drives")
        faults = (*missing_faults(self._notes.seen, found[0]), *erase_faults(found[0], self._method))
        if faults and not self._notes.began:
            await self._power.down()
        self._refuse(faults)
        return found

    def _refuse(self, faults: Sequence[str]) -> None:
        if faults:
            wanted = "" if self._method is None else f" by {self._method}"
            erased = "no drive was erased anew" if self._notes.began else "nothing was erased"
            raise self._access.not_ready(
                f"its drives cannot be erased{wanted}: {'; '.join(faults)}",
                "leave the drives in their slots, give a method that all of them offer, or wipe from an"
                f" installer image; {erased}",
            )

    async def _begin(self, drive: Drive) -> None:
        """See to it that an erase of the drive runs, or has ended well, and that its task is noted."""
        known = self._notes.task(drive)
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
        if self._notes.is_of_another(drive, running):
            raise self._access.not_ready(
                f"drive {drive.label} ({drive.serial}) is not proven to be erased: the BMC names a task for"
                f" it that is another drive's, {running.task}",
                f"look at the drive on the BMC, then {GO_ON}",
            )
        await self._notes.begin(drive, running)

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
        """Until every erase has ended well: by path. Raises MachineNotReadyError for one that has not."""
        access, started = self._access, self._access.clock.now()
        done: dict[str, EraseReport] = {}
        while True:
            for drive in drives:
                if drive.path not in done and (report := await self._ended(drive)) is not None:
                    done[drive.path] = report
            if len(done) == len(drives):
                return done
            if access.clock.now() - started > _LIMIT_SECONDS:
                raise access.not_ready(
                    f"{len(drives) - len(done)} of {len(drives)} drives are still being erased",
                    f"look at the server on its BMC, then {GO_ON}",
                )
            await access.leash.pause(access.limits.poll_seconds)

    async def _ended(self, drive: Drive) -> EraseReport | None:
        begun = self._notes.task(drive)
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

    async def _assert_no_more(self, drives: Sequence[Drive]) -> None:
        """Nothing has come meanwhile that was not erased."""
        found, _ = await self._look()
        known = set(map(SeenDrive.of, drives))
        if new := [drive for drive in found if SeenDrive.of(drive) not in known]:
            named = ", ".join(f"{drive.label} ({drive.serial or 'no serial number'})" for drive in new)
            raise self._access.not_ready(
                f"drives have appeared while the others were erased: {named}", f"{GO_ON}, and erases them too"
            )

    def _proof(self, drive: Drive, report: EraseReport) -> DriveProof:
        begun = self._notes.task(drive)
        assert begun is not None, "a drive without a noted task is never done"  # noqa: S101
        return DriveProof(drive.serial, drive.path, drive.label, begun.method, begun.task, report.ended)
