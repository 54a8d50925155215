"""What a server does when power comes back: `PowerRestorePolicy` and `PowerOnDelaySeconds`."""

from __future__ import annotations

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.machine import RESTORE_POLICIES
from argosy_metal.simulator.replies import Json, error

POLICY, DELAY = "PowerRestorePolicy", "PowerOnDelaySeconds"


def patch_restore(bmc: Bmc, body: Json) -> None:
    """Write both or either; nothing is written if one is wrong.

    Raises RedfishFaultError (400) for a value that is none.
    """
    restore = bmc.machine.state.restore
    policy, delay = body.get(POLICY, restore.policy), body.get(DELAY, restore.delay_seconds)
    if policy not in RESTORE_POLICIES:
        raise error(400, "PropertyValueNotInList", str(policy), POLICY)
    if isinstance(delay, bool) or not isinstance(delay, (int, float)):
        raise error(400, "PropertyValueTypeError", str(delay), DELAY)
    if delay < 0:
        raise error(400, "PropertyValueFormatError", str(delay), DELAY)
    if POLICY in body or DELAY in body:
        bmc.machine.set_restore(policy, delay)
