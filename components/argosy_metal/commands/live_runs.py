"""Whether a run of a stack is at work, so that a command must not write beside it."""

from __future__ import annotations

from pathlib import Path

from argosy.errors import ArgosyError
from argosy.spec.loader import LoadedFleet
from argosy_metal.claims.run import has_ended
from argosy_metal.commands.processes import live_runs
from argosy_metal.commands.stores import stores_of


class LiveRunError(ArgosyError):
    """A run of the stack is at work: wait for it, or end it first."""


def refuse_beside_a_live_run(root: Path, stack: str) -> None:
    """Raise LiveRunError if a pulumi command of this computer changes the stack right now."""
    if runs := live_runs(root, stack):
        pids = ", ".join(str(run.pid) for run in runs)
        raise LiveRunError(
            f"a pulumi command is at work on stack {stack} (pid {pids}); wait for it, or end it first"
        )


def refuse_beside_a_run_elsewhere(fleet: LoadedFleet, owner: str) -> None:
    """Raise LiveRunError if a shared claims store has a lease of `owner` (`project/stack`) that runs yet."""
    with stores_of(fleet) as stores:
        leases = [lease for store in stores if (lease := store.lease_of(owner)) is not None]
    for lease in leases:
        if lease.is_live and not has_ended(lease.run, lease.host):
            raise LiveRunError(
                f"a run of {owner} is at work on {lease.host or 'another computer'}; wait for it, or end it"
                f" there, then run again: unless it renews its lease, that ends in {lease.seconds_left:.0f} s"
            )
