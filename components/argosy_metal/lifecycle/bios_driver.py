"""Brings the BIOS settings of one claimed server in line: check, remember, write, and reset where asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.bios_decide import to_capture, to_write, unapplied
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.lifecycle.self_test import SelfTest
from argosy_metal.redfish.bios import Bios, BiosState, find_bios
from argosy_metal.redfish.bios_rules import AttributeValue, faults_in

SUBJECT = "bios"
_MOST_PASSES = 3
"""A job with other values first, then ours, then once more for a BIOS that needs two self-tests."""


@dataclass(frozen=True)
class WantedBios:
    """What is to be in force."""

    attributes: Mapping[str, AttributeValue]
    now: bool = False
    """Reset the server for it; else the next reset for whatever reason brings it about."""
    allow_reboot: bool = False
    """Reset it even if it runs a machine."""


@dataclass(frozen=True)
class SeenBios:
    """What a look showed."""

    in_force: Mapping[str, Any]
    pending: Mapping[str, Any]
    registry: str
    captured: Mapping[str, Any]
    """What was in force before this claim's first write, of the attributes that were ever set."""


class BiosDriver:
    """One server's BIOS. Public methods raise MachineError, or what the journal raises."""

    def __init__(self, access: ServerAccess, self_test: SelfTest) -> None:
        self._access = access
        self._self_test = self_test
        self._notes = Notes(access.journal, SUBJECT)
        self._bios: Bios | None = None

    @property
    def captured(self) -> dict[str, Any]:
        """Values to go back to, as the claim remembers them."""
        return dict(self._notes.read().get("captured", {}))

    async def look(self) -> SeenBios:
        """What is in force and pending. Changes nothing."""
        return await self._access.explained(self._look)

    async def defaults_changed(self) -> dict[str, Any]:
        """Writable attributes that are not at their defaults: what somebody has set. Changes nothing."""
        return await self._access.explained(self._defaults_changed)

    async def bring(self, wanted: WantedBios) -> SeenBios:
        """Let the attributes be in force, or pending for the next reset, whichever is wanted."""
        return await self._access.explained(lambda: self._bring(wanted, capture=True))

    async def restore(self, *, now: bool, allow_reboot: bool) -> None:
        """Go back to what was in force before, and forget it."""
        wanted = WantedBios(self.captured, now, allow_reboot)
        if wanted.attributes:
            await self._access.explained(lambda: self._bring(wanted, capture=False))
        await self.forget()

    async def forget(self) -> None:
        """Leave the BIOS as it is, and forget what was in force before."""
        await self._notes.clear()

    async def _look(self) -> SeenBios:
        state = await (await self._found()).observe()
        return SeenBios(state.attributes, state.pending, state.registry, self.captured)

    async def _defaults_changed(self) -> dict[str, Any]:
        bios = await self._found()
        state = await bios.observe()
        rules = await bios.rules(state.registry) or {}
        return {
            name: value
            for name, value in sorted(state.attributes.items())
            if (rule := rules.get(name)) is not None
            and value is not None
            and not rule.read_only
            and rule.type != "Password"
            # An empty default is left out of registries.
            and value != ("" if rule.default is None else rule.default)
        }

    async def _bring(self, wanted: WantedBios, *, capture: bool) -> SeenBios:
        bios = await self._found()
        for _ in range(_MOST_PASSES):
            state = await self._write(bios, wanted, capture=capture)
            if not wanted.now or not unapplied(wanted.attributes, state.attributes):
                await self._self_test.settle()
                return await self._look()
            await self._self_test.run(
                lambda: self._is_through(bios, wanted), allow_reboot=wanted.allow_reboot
            )
        raise self._access.not_ready(
            "the BIOS does not take over "
            + ", ".join(unapplied(wanted.attributes, (await bios.observe()).attributes)),
            "read the server's event log; one attribute may forbid another",
        )

    async def _write(self, bios: Bios, wanted: WantedBios, *, capture: bool) -> BiosState:
        state = await bios.observe()
        job = await bios.waiting_job() if unapplied(wanted.attributes, state.attributes) else None
        missing = self._missing(bios, wanted, state, job)
        if not missing:
            return state
        await self._check(bios, state, missing)
        if capture:
            noted = to_capture(wanted.attributes, state.attributes, self.captured)
            await self._notes.write(captured={**self.captured, **noted})
        if job is not None:
            return self._after_other_job(wanted, state, job)
        await self._access.act(
            "set the pending BIOS attributes",
            lambda: bios.set_pending(state, missing),
            lambda: self._is_set(bios, wanted),
            self._access.limits.media_seconds,
        )
        return await bios.observe()

    def _missing(
        self, bios: Bios, wanted: WantedBios, state: BiosState, job: str | None
    ) -> dict[str, AttributeValue]:
        lacks_job = bios.needs_jobs and job is None
        return to_write(wanted.attributes, state.attributes, state.pending, lacks_job=lacks_job)

    def _after_other_job(self, wanted: WantedBios, state: BiosState, job: str) -> BiosState:
        """A BMC with jobs takes no second write before the first is carried out."""
        if wanted.now:
            return state
        raise self._access.not_ready(
            f"the BIOS job {job} waits for the next reset with other values",
            f"reset the server, or delete the job on its BMC, then {GO_ON}",
        )

    async def _check(self, bios: Bios, state: BiosState, missing: Mapping[str, AttributeValue]) -> None:
        rules = await bios.rules(state.registry)
        if faults := faults_in(missing, state.attributes, rules):
            raise MachineError(
                self._access.journal.claim,
                "BIOS attributes cannot be set: " + "; ".join(faults),
                "mend them in the fleet file; nothing was written",
            )

    async def _is_set(self, bios: Bios, wanted: WantedBios) -> bool:
        state = await bios.observe()
        left = unapplied(wanted.attributes, state.attributes)
        return not left or not self._missing(bios, wanted, state, await bios.waiting_job())

    async def _is_through(self, bios: Bios, wanted: WantedBios) -> bool:
        """Everything is in force, or a job with other values is out of the way."""
        state = await bios.observe()
        if not unapplied(wanted.attributes, state.attributes):
            return True
        return bios.needs_jobs and await bios.waiting_job() is None

    async def _found(self) -> Bios:
        if self._bios is None:
            system = await self._access.system()
            client = self._access.client
            self._bios = await find_bios(client, system.path, with_jobs=client.quirks.bios_jobs)
        return self._bios
