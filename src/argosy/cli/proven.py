"""What a lock proves, in one sentence that promises no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.planner.models import Lock
    from argosy.spec.models import FleetSpec


def proven(spec: FleetSpec, lock: Lock) -> str:
    """What holds once the lock is verified. Without a failure among its scenarios that is little."""
    if len(lock.scenarios) > 1:
        return f"proven: every floor of {lock.fleet} holds in {counted(len(lock.scenarios), 'scenario')}"
    why = "nothing that `survive` names is in this fleet" if spec.survive else "no contingency is declared"
    return f"{why}: proven only that the fleet as it stands serves its demand"


def claimed(lock: Lock) -> str:
    """What the planner says of the cost, which arithmetic alone cannot check."""
    claim = lock.claim
    return (
        f"claimed: ${claim.cost_usd_per_hour} an hour beyond what is paid for already, at most "
        f"{claim.gap_percent} % above the least"
    )
