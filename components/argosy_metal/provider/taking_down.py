"""What every deletion on a server asks: whether it may count, and whether the server was given up."""

from __future__ import annotations

from argosy.errors import ArgosyError
from argosy_metal.claims import Claim
from argosy_metal.kubernetes.nodes import NodeError
from argosy_metal.lifecycle import InterruptedMachineError, Journal, Leash, MachineError, MachineNotReadyError
from argosy_metal.lifecycle.abandonment import abandoned_because
from argosy_metal.provider.cluster_membership import forget_node, leave_cluster, noted_node
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.silence import is_silence
from argosy_metal.redfish import RedfishError


async def count_deletion(hall: Hall, claim: Claim, leash: Leash) -> None:
    """Count one more machine that is taken down, once its server was seen. Nothing is changed on it before.

    Raises TooManyDeletionsError, and MachineError for a server whose BMC shows nothing, which takes no place.
    """
    if hall.deletions.has_begun(claim.server_id):
        return
    hall.deletions.assert_place(claim.server_id)
    try:
        async with hall.machine(claim, leash) as (machine, _):
            await machine.look()
    except MachineError as error:
        # Whatever else is wrong with what runs there, it can be taken down.
        if isinstance(error, InterruptedMachineError) or isinstance(error.__cause__, RedfishError):
            raise
    hall.deletions.count(claim.server_id)


def is_given_up(claim: Claim, error: BaseException) -> bool:
    """Whether a deletion that has ended so is over: a person gave the server up, and its BMC does not answer.

    A BMC that answers is worked with, whatever was said of it.
    """
    return abandoned_because(claim) is not None and is_silence(error)


def unreached(error: ArgosyError) -> ArgosyError:
    """What has ended a deletion, with the way out where the BMC does not answer."""
    if not isinstance(error, MachineError) or not is_silence(error):
        return error
    return MachineNotReadyError(
        error.claim,
        error.found,
        f"{error.next_step}; if it will never answer again, take the server off the power, then: argosy metal"
        f" abandon ENV {error.claim.server_id} --reason TEXT",
    )


def tell_given_up(hall: Hall, claim: Claim, request: ResourceRequest, left: str) -> None:
    """Warn of what was left undone."""
    hall.log.warn(
        request.urn,
        f"{claim.server_id} ({claim.slot}) was given up ({abandoned_because(claim)}) and its BMC does not"
        f" answer: {left}",
    )


async def leave_cluster_unreached(hall: Hall, claim: Claim, leash: Leash, request: ResourceRequest) -> Claim:
    """Take the Node of a server that was given up out of its cluster, as far as that goes; its claim.

    Whoever gave the server up took it off the power, so that nothing can run on it any more.
    """
    try:
        return await leave_cluster(hall, claim, leash, noted_node(claim))
    except NodeError as error:
        tell_given_up(hall, claim, request, f"its node may be left in the cluster ({error})")
        return await forget_node(Journal(hall.store, claim))
