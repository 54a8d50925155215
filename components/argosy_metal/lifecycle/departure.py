"""Taking a machine down: off, wiped as it was demanded, proven, forgotten. The claim stays."""

from __future__ import annotations

from argosy_metal.claims import Phase
from argosy_metal.lifecycle.decide import OFF, Step
from argosy_metal.lifecycle.driver import Wipe
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.provisioning import ProvisioningUnavailableError
from argosy_metal.lifecycle.wiping import owes_wipe
from argosy_metal.lifecycle.work import Work


async def take_down(work: Work) -> None:
    """Whatever was interrupted. A server that was never ours to switch on is not powered off or wiped."""
    was_permitted = await _clear(work)
    if was_permitted:
        await _wipe(work)
    await work.journal.forget_machine()


async def drop(work: Work) -> None:
    """Take down an attempt that another one follows at once; the wipe that is owed stays owed."""
    await _clear(work)
    await work.journal.forget_machine()


async def _clear(work: Work) -> bool:
    """Off, empty and nothing offered. Whether the server may have run something of ours."""
    claim = work.journal.claim
    if claim.phase is Phase.CLAIMED:
        return owes_wipe(claim.wipe, claim.wipe_proof)
    if claim.phase is Phase.WIPING:
        # It was off by then. If it is on, the wipe itself needs that, and may still go on.
        return True
    was_permitted = claim.may_be_on_by_us
    await _stop(work)
    await withdraw(work)
    if not was_permitted:
        await work.journal.write(wipe=None)
    return was_permitted


async def _stop(work: Work) -> None:
    claim, server = work.journal.claim, work.hands.server
    seen = await work.observe()
    if claim.may_be_on_by_us:
        if seen.power != OFF:
            await (work.assert_runs() if claim.phase is Phase.RUNNING else work.assert_ours())
        await work.journal.write(phase=Phase.LEAVING)
    if seen.holds_image:
        await work.act(Step.EJECT, server.eject, lambda now: not now.media_inserted)
    if seen.power != OFF and claim.may_be_on_by_us:
        await work.power_off(server.power_off)
    if seen.boots_image:
        await work.act(Step.RESET_BOOT, server.boot_normally, lambda now: not now.boots_image)


async def withdraw(work: Work) -> None:
    """What was offered to an installer that will never ask for it holds secrets."""
    claim = work.journal.claim
    if claim.install_id is None:
        return
    try:
        await work.hands.provisioning.withdraw(claim.install_id)
    except ProvisioningUnavailableError as error:
        raise work.not_ready(str(error), f"check the hall's provisioning service, then {GO_ON}") from error


async def _wipe(work: Work) -> None:
    """Only a server whose last report is ours is wiped, or one that is off and was begun with."""
    claim = work.journal.claim
    if not owes_wipe(claim.wipe, claim.wipe_proof):
        return
    has_begun = claim.phase is Phase.WIPING
    if not has_begun or (await work.observe()).power != OFF:
        await work.assert_ours()
    if not has_begun:
        await work.journal.write(phase=Phase.WIPING)
    work.hands.leash.check()
    await work.journal.assert_may_act()
    proof = await work.hands.wiper.wipe(Wipe.of(claim.wipe))
    await work.journal.write(wipe_proof=proof)
