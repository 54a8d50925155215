"""A claim: one server, its one owner, and how far the machine on it has come.

ClaimsError                      anything the claims store refuses
├── ForeignClaimError            someone else owns the server: choose another, or ask the owner to release it
├── LostClaimError               the claim is gone or was changed by someone else: run `pulumi refresh`
├── StaleRunError                a newer run has taken over: this run must not write; start a new one
└── ClaimsUnavailableError       the store cannot be read or written: mend what the message names, run again
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from argosy.errors import ArgosyError
from argosy_metal.claims.hardware import hardware_digest


class Phase(StrEnum):
    """How far a machine has come. Each is written before the step that it permits."""

    CLAIMED = "claimed"
    """The server is owned; nothing was done to it."""
    PREPARING = "preparing"
    """An attempt has its install id; the server is being made ready to boot its image."""
    BOOTING = "booting"
    """Power-on is permitted: off, image inserted and boot override were all observed."""
    INSTALLING = "installing"
    """The server was seen running the installer."""
    STARTING = "starting"
    """The installer is done; the system is started from its disk, for those that power the server off."""
    RUNNING = "running"
    """The installed system reported with this attempt's install id."""
    FAILED = "failed"
    """The attempt came to nothing; the next one starts from the beginning."""
    QUARANTINED = "quarantined"
    """Too many attempts with one image; no further one is started."""
    LEAVING = "leaving"
    """The machine is being taken down: the image may be ejected, and the server off."""
    WIPING = "wiping"
    """The machine is down; its drives are wiped, and the proof is not recorded yet."""


@dataclass(frozen=True)
class Claim:
    """One row of the claims store."""

    site: str
    serial: str
    slot: str
    owner: str
    """`project/stack` of the Pulumi stack that holds the server."""
    holder: str
    """URN of the `ServerClaim` that took it."""
    generation: int
    """Counts how often this server was claimed, over all owners."""
    record: Mapping[str, object]
    """The claim's other inputs (BMC, rack, feeds, credential references), so that an id alone finds them."""
    phase: Phase = Phase.CLAIMED
    machine_number: int = 1
    """Counts the machines this claim has carried; a deleted machine ends its number."""
    image_url: str | None = None
    image_sha256: str | None = None
    attempts: int = 0
    """Attempts to install the image on this machine so far."""
    install_id: str | None = None
    """Names the attempt in hand: the installed system reports with it."""
    boot_method: str | None = None
    """How the attempt in hand brings the installer to the server."""
    wipe: str | None = None
    """What must have become of the drives before the server is given back, as its machine demanded last."""
    wipe_proof: str | None = None
    """What was seen of the last wipe, as JSON; None until it is done, and again once an attempt begins."""
    version: int = 1
    """Counts the row's changes; a change must name the version it saw."""

    @property
    def server_id(self) -> str:
        """`site/serial`, the id of the resources that stand on this claim."""
        return f"{self.site}/{self.serial}"

    @property
    def hardware(self) -> str | None:
        """Tells the physical server, under whatever site it is claimed; None if the record has no BMC."""
        return hardware_digest(self.record.get("bmc"), self.serial)

    def recorded(self, name: str) -> object:
        """One value of the record. Raises ClaimsUnavailableError, which names the server, if it has none."""
        if name not in self.record:
            raise ClaimsUnavailableError(
                f"the claim on server {self.server_id} (slot {self.slot}, {self.holder}) is damaged: its"
                f" record has no {name}; restore the claims store from a backup, or mend that record"
            )
        return self.record[name]

    @property
    def may_be_on_by_us(self) -> bool:
        """Whether this machine's server may be on because we switched it on: a boot was ever permitted."""
        match self.phase:
            case Phase.CLAIMED | Phase.PREPARING:
                return self.attempts > 1
            case Phase.BOOTING | Phase.INSTALLING | Phase.STARTING | Phase.RUNNING | Phase.FAILED:
                return True
            case Phase.QUARANTINED | Phase.LEAVING | Phase.WIPING:
                return True


class ClaimsError(ArgosyError):
    """The claims store refuses."""


class ForeignClaimError(ClaimsError):
    """Someone else owns the server, maybe under the name that it has in another fleet."""

    def __init__(self, held: Claim, wanted_by: str, wanted_id: str | None = None) -> None:
        self.held = held
        server = f"server {held.server_id}"
        if wanted_id not in (None, held.server_id):
            server = f"server {wanted_id} is {held.server_id} by BMC and serial number, which"
        super().__init__(
            f"{server} is owned by stack {held.owner} (slot {held.slot}, {held.holder}), so {wanted_by} may"
            " not have it; pin another serial in the lock, or release it there first"
        )

    @classmethod
    def of(cls, held: Claim, wanted: Claim) -> ForeignClaimError:
        """The error for a claim that is wanted."""
        return cls(held, f"slot {wanted.slot} of stack {wanted.owner}", wanted.server_id)


class LostClaimError(ClaimsError):
    """The claim is gone, or someone changed it in between."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(
            f"the claim of {claim.owner} on server {claim.server_id} was released or changed by someone else;"
            " run `pulumi refresh`, then `pulumi up`"
        )


class StaleRunError(ClaimsError):
    """A newer run writes for this stack now, or the run that started this process has ended."""


class ClaimsUnavailableError(ClaimsError):
    """The claims store cannot be read or written, or holds what no argosy has written."""

    @classmethod
    def at(cls, place: str, found: str, next_step: str) -> ClaimsUnavailableError:
        """The error for a store at `place`, from what was found and the step that would help."""
        return cls(f"{place}: the claims cannot be used: {found}; {next_step}")
