"""Brings secure boot of one server in line: check, write, confirm. It takes effect at the next boot."""

from __future__ import annotations

from typing import Any

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.lifecycle.secure_boot_plan import SecureBootPlan, WantedSecureBoot, plan_secure_boot
from argosy_metal.redfish.secure_boot import (
    SecureBootState,
    add_certificate,
    observe_secure_boot,
    remove_certificate,
    set_secure_boot,
    set_secure_boot_mode,
)

SUBJECT = "secureBoot"


class SecureBootDriver:
    """Secure boot of one server. Raises MachineError, RedfishError, or what the journal raises."""

    def __init__(self, access: ServerAccess) -> None:
        self._access = access
        self._notes = Notes(access.journal, SUBJECT)

    @property
    def added(self) -> dict[str, list[str]]:
        """Certificates that were put there for this claim, by database."""
        noted: dict[str, Any] = self._notes.read()
        return {name: sorted(keys) for name, keys in sorted(noted.items())}

    async def look(self) -> SecureBootState:
        """What is there now. Changes nothing."""
        system = await self._access.system()
        await system.observe()
        return await observe_secure_boot(self._access.client, system.path)

    async def apply(self, wanted: WantedSecureBoot) -> SecureBootState:
        """Write what differs; nothing at all if any of it cannot be."""
        plan = plan_secure_boot(await self.look(), wanted, self.added)
        if plan.faults:
            raise MachineError(
                self._access.journal.claim,
                "; ".join(plan.faults),
                "correct the secure-boot settings; nothing was written",
            )
        await self._write_certificates(plan, wanted)
        if plan.set_mode:
            await self._set_mode(wanted.mode or "")
        if plan.set_enabled:
            await self._set_enabled(wanted.enabled)
        await self._keep_note(wanted)
        return await self.look()

    async def forget(self) -> None:
        """Leave everything as it is, and keep no note of it."""
        await self._notes.clear()

    async def _write_certificates(self, plan: SecureBootPlan, wanted: WantedSecureBoot) -> None:
        for name, key in plan.add:
            # Noted before, so that after a killed run it is known whose it is.
            await self._notes.write(**{name: sorted({*self.added.get(name, ()), key})})
            await self._add(name, key, (wanted.certificates or {})[name][key])
        for name, key in plan.remove:
            await self._remove(name, key)

    async def _add(self, name: str, key: str, pem: str) -> None:
        database = (await self.look()).databases[name]
        await self._access.act(
            f"add a certificate to {name}",
            lambda: add_certificate(self._access.client, database, pem),
            lambda: self._holds(name, key, held=True),
            self._access.limits.media_seconds,
        )

    async def _remove(self, name: str, key: str) -> None:
        database = (await self.look()).databases[name]
        await self._access.act(
            f"remove a certificate from {name}",
            lambda: remove_certificate(self._access.client, database, key),
            lambda: self._holds(name, key, held=False),
            self._access.limits.media_seconds,
        )

    async def _set_enabled(self, enabled: bool) -> None:
        async def shows() -> bool:
            return (await self.look()).enabled == enabled

        seen = await self.look()
        await self._access.act(
            "switch secure boot",
            lambda: set_secure_boot(self._access.client, seen, enabled=enabled),
            shows,
            self._access.limits.media_seconds,
        )

    async def _set_mode(self, mode: str) -> None:
        async def shows() -> bool:
            now = await self.look()
            return mode in (now.desired_mode, now.mode)

        seen = await self.look()
        await self._access.act(
            "set the secure-boot mode",
            lambda: set_secure_boot_mode(self._access.client, seen, mode),
            shows,
            self._access.limits.media_seconds,
        )

    async def _holds(self, name: str, key: str, *, held: bool) -> bool:
        return (await self.look()).holds(name, key) is held

    async def _keep_note(self, wanted: WantedSecureBoot) -> None:
        """Of certificates that are still wanted; those that were there before are nobody's to remove."""
        given = wanted.fingerprints()
        kept = {
            name: [key for key in keys if key in given.get(name, ())] for name, keys in self.added.items()
        }
        if kept != self.added:
            await self._notes.write(**kept)
