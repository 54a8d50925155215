"""`IronicClaimStore`: Ironic grants a server, a journal beside it records how far its machine has come.

Ironic's changes are JSON patches without `test`, applied to what the API has read before the node is locked,
so two writers can overwrite each other's words (openstack/ironic 39.0.0, ironic/common/args.py `patch` and
ironic/api/controllers/v1/node.py). What must be written by compare-and-swap is therefore not kept there.

In this order, so that a run may be killed between any two steps: a claim stands in the journal before its
allocation is made, and the allocation is gone before the claim is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.claims.claim import (
    Claim,
    ClaimsError,
    ClaimsUnavailableError,
    ForeignClaimError,
    Phase,
)
from argosy_metal.claims.contract import ClaimStore, RunLease
from argosy_metal.claims.ironic.api import IronicApi


class IronicClaimStore:
    """`ClaimStore` over an Ironic's allocations and another store as the journal."""

    def __init__(self, api: IronicApi, journal: ClaimStore) -> None:
        self._api = api
        self._journal = journal

    @property
    def place(self) -> str:
        """What a message calls the store."""
        return f"{self._api.place} with {self._journal.place}"

    def find(self, site: str, serial: str) -> Claim | None:
        """See `ClaimStore.find`."""
        return self._journal.find(site, serial)

    def read_all(self) -> tuple[Claim, ...]:
        """See `ClaimStore.read_all`."""
        return self._journal.read_all()

    def generation_of(self, site: str, serial: str) -> int:
        """See `ClaimStore.generation_of`."""
        return self._journal.generation_of(site, serial)

    def identity(self) -> str:
        """See `ClaimStore.identity`."""
        return self._journal.identity()

    def note_install(self, claim: Claim, install_id: str, *, made_here: bool) -> None:
        """See `ClaimStore.note_install`."""
        self._journal.note_install(claim, install_id, made_here=made_here)

    def knows_install(self, site: str, serial: str, install_id: str, *, made_here: bool = False) -> bool:
        """See `ClaimStore.knows_install`."""
        return self._journal.knows_install(site, serial, install_id, made_here=made_here)

    def claim(self, wanted: Claim) -> Claim:
        """See `ClaimStore.claim`. Raises ClaimsError if Ironic cannot grant the node to anybody now."""
        was_held = self._journal.find(wanted.site, wanted.serial) is not None
        granted = self._journal.claim(wanted)
        try:
            self._allocate(granted)
        except ClaimsUnavailableError:
            # Ironic may have granted it all the same: the claim stays, and the next run takes it up.
            raise
        except ClaimsError:
            if not was_held:
                self._journal.release(granted)
            raise
        return granted

    def change(self, claim: Claim, **changes: object) -> Claim:
        """See `ClaimStore.change`. An attempt begins only while Ironic still has the server as ours."""
        if changes.get("phase") is Phase.PREPARING:
            self._assert_allocated(claim)
        return self._journal.change(claim, **changes)

    def release(self, claim: Claim) -> None:
        """See `ClaimStore.release`. Raises ClaimsError if Ironic does not let the node go."""
        self._journal.assert_may_write(claim.owner)
        held = self._journal.find(claim.site, claim.serial)
        if held is None or (held.owner, held.generation) != (claim.owner, claim.generation):
            return
        allocation = self._api.allocation(_name(claim))
        if allocation is not None and self._is_ours(allocation, claim):
            self._api.delete_allocation(str(allocation["uuid"]))
        self._journal.release(claim)

    def assert_may_write(self, owner: str) -> None:
        """See `ClaimStore.assert_may_write`."""
        self._journal.assert_may_write(owner)

    def fence(self, owner: str) -> bool:
        """See `ClaimStore.fence`."""
        return self._journal.fence(owner)

    def lease_of(self, owner: str) -> RunLease | None:
        """See `ClaimStore.lease_of`."""
        return self._journal.lease_of(owner)

    def close(self) -> None:
        """See `ClaimStore.close`."""
        self._api.close()
        self._journal.close()

    def _allocate(self, claim: Claim) -> None:
        """Have Ironic give us the node, unless it has. Raises ForeignClaimError or ClaimsError."""
        name, node = _name(claim), self._api.node(claim.site, claim.serial)
        allocation = self._api.allocation(name)
        if allocation is not None and allocation.get("state") == "error" and self._is_ours(allocation, claim):
            # Of an attempt that came to nothing, by a run that was killed before it could delete it.
            self._api.delete_allocation(str(allocation["uuid"]))
            allocation = None
        if allocation is None:
            self._api.allocate(name, node, self._extra(claim))
            allocation = self._api.allocation(name)
        if allocation is None:
            raise ClaimsError(
                f"{self.place}: allocation {name} was deleted right after it was made; run again"
            )
        if not self._is_ours(allocation, claim):
            raise ForeignClaimError.of(_holder(allocation, claim), claim)
        if allocation.get("state") == "active" and allocation.get("node_uuid") == node["uuid"]:
            return
        self._api.delete_allocation(str(allocation["uuid"]))
        raise self._refused(claim, node, str(allocation.get("last_error") or "it gave another node"))

    def _assert_allocated(self, claim: Claim) -> None:
        allocation = self._api.allocation(_name(claim))
        is_ours = allocation is not None and self._is_ours(allocation, claim)
        if allocation is not None and is_ours and allocation.get("state") == "active":
            return
        raise ClaimsError(
            f"{self.place}: server {claim.server_id} is not allocated to {claim.owner} any more (allocation"
            f" {_name(claim)}), so nothing is installed on it; if nobody else has it, claim it anew:"
            f" `pulumi up --replace '{claim.holder}'`"
        )

    def _extra(self, claim: Claim) -> dict[str, Any]:
        """What an allocation says of its holder, for people and for whoever is refused."""
        return {
            "argosy": {
                "owner": claim.owner,
                "store": self._journal.identity(),
                "slot": claim.slot,
                "holder": claim.holder,
            }
        }

    def _is_ours(self, allocation: Mapping[str, Any], claim: Claim) -> bool:
        said = _said(allocation)
        return (said.get("owner"), said.get("store")) == (claim.owner, self._journal.identity())

    def _refused(self, claim: Claim, node: Mapping[str, Any], reason: str) -> ClaimsError:
        holder = node.get("instance_uuid")
        taken = f"; instance {holder} is on it" if holder else ""
        return ClaimsError(
            f"{self.place}: node {node.get('name')} is not granted to {claim.owner}: {reason}{taken}; it must"
            f" be `available`, out of maintenance, free, and of known power state (it is"
            f" {node.get('provision_state')}, power state {node.get('power_state')})"
        )


def _name(claim: Claim) -> str:
    """The allocation's name: one server, one name, so that Ironic itself refuses a second allocation."""
    return f"argosy-{claim.site}.{claim.serial}"


def _said(allocation: Mapping[str, Any]) -> Mapping[str, Any]:
    extra: Any = allocation.get("extra")
    said: Any = cast("Mapping[str, Any]", extra).get("argosy") if isinstance(extra, dict) else None
    return cast("Mapping[str, Any]", said) if isinstance(said, dict) else {}


def _holder(allocation: Mapping[str, Any], wanted: Claim) -> Claim:
    """Who holds the server, as far as the allocation says it."""
    said = _said(allocation)
    return Claim(
        site=wanted.site,
        serial=wanted.serial,
        slot=str(said.get("slot", "?")),
        owner=str(said.get("owner", "?")),
        holder=str(said.get("holder", f"allocation {allocation.get('uuid')}")),
        generation=0,
        record={},
    )
