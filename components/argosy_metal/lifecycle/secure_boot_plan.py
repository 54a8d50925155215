"""What to write so that secure boot is as wanted. Pure.

Certificates that were there before are never taken out: option ROMs and the vendor's own loader may be signed
with them. Only what this resource has put there, and the program does not list any more, goes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from argosy_metal.redfish.secure_boot import DATABASES, SecureBootState

Fingerprints = Mapping[str, Sequence[str]]
"""Database to sha256 of the certificates' DER form, in lower-case hex."""


@dataclass(frozen=True)
class WantedSecureBoot:
    """How secure boot shall be."""

    enabled: bool
    mode: str | None = None
    """Redfish's `SecureBootMode`; None: as it is."""
    certificates: Mapping[str, Mapping[str, str]] | None = None
    """Database to fingerprint to PEM."""

    def fingerprints(self) -> dict[str, list[str]]:
        """Which certificates, by database."""
        return {name: sorted(held) for name, held in sorted((self.certificates or {}).items())}


@dataclass(frozen=True)
class SecureBootPlan:
    """What is to be written. `faults` says why it cannot be."""

    add: tuple[tuple[str, str], ...] = ()
    """Database and fingerprint, in the order of writing."""
    remove: tuple[tuple[str, str], ...] = ()
    set_enabled: bool = False
    set_mode: bool = False
    faults: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.add or self.remove or self.set_enabled or self.set_mode or self.faults)


def plan_secure_boot(
    seen: SecureBootState, wanted: WantedSecureBoot, added_before: Fingerprints
) -> SecureBootPlan:
    """`added_before`: what this resource has put there, by the claim's notes."""
    given = wanted.fingerprints()
    # The platform key is written last: from then on a server may take no more unsigned changes.
    order = sorted(given, key=lambda name: (name == "PK", _place(name)))
    add = [(name, key) for name in order for key in given[name] if not seen.holds(name, key)]
    remove = [
        (name, key)
        for name, keys in sorted(added_before.items())
        for key in sorted(keys)
        if key not in given.get(name, ()) and seen.holds(name, key)
    ]
    return SecureBootPlan(
        add=tuple(add),
        remove=tuple(remove),
        set_enabled=seen.enabled != wanted.enabled,
        set_mode=wanted.mode is not None and wanted.mode not in (seen.mode, seen.desired_mode),
        faults=tuple(_faults(seen, wanted, given, remove)),
    )


def is_applied(seen: SecureBootState, *, enabled: bool) -> bool:
    """Whether the last boot took over what is set."""
    return seen.enabled == enabled and (seen.current_boot == "Enabled") == enabled


def _faults(
    seen: SecureBootState,
    wanted: WantedSecureBoot,
    given: Fingerprints,
    remove: Sequence[tuple[str, str]],
) -> list[str]:
    faults: list[str] = []
    for name in given:
        database = seen.databases.get(name)
        if database is None or not database.certificates_path:
            known = ", ".join(sorted(seen.databases)) or "none"
            faults.append(f"databases.{name}: the BMC shows no such database; it has {known}")
    if wanted.mode is not None and wanted.mode != seen.mode and seen.desired_mode is None:
        faults.append(f"mode: the BMC offers no choice of modes; it is in {seen.mode or 'an unknown one'}")
    if wanted.enabled and not _platform_keys(seen, given, remove):
        faults.append(
            "enabled: without a platform key the server verifies nothing; give a certificate in databases.PK"
        )
    return faults


def _platform_keys(seen: SecureBootState, given: Fingerprints, remove: Sequence[tuple[str, str]]) -> set[str]:
    database = seen.databases.get("PK")
    if database is None:
        # A BMC without databases manages its keys in the BIOS, and tells by its mode whether it has one.
        return {"unseen"} if seen.mode != "SetupMode" else set()
    held = set(database.certificates) - {key for name, key in remove if name == "PK"}
    return held | set(given.get("PK", ()))


def _place(name: str) -> int:
    return DATABASES.index(name) if name in DATABASES else len(DATABASES)
