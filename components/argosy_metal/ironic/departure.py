"""Taking a machine down through Ironic: undeployed, wiped as it was demanded, proven, let go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from argosy_metal.claims import Phase
from argosy_metal.ironic.decide import Step, take_down_step
from argosy_metal.ironic.node import Node
from argosy_metal.ironic.work import IronicWork
from argosy_metal.lifecycle.departure import withdraw
from argosy_metal.lifecycle.driver import Wipe
from argosy_metal.lifecycle.wiping import owes_wipe


async def take_down(work: IronicWork) -> None:
    """Whatever was interrupted. The node stays in Ironic, `available`, as it was found."""
    claim = work.journal.claim
    if claim.phase is not Phase.CLAIMED and not claim.may_be_on_by_us:
        # Nothing of ours has run, so nothing has to be wiped.
        await work.journal.write(wipe=None)
    await _drive(work, _take_step(work, keep_mark=False))
    await work.journal.forget_machine()


async def drop(work: IronicWork) -> None:
    """Take down an attempt that another one follows at once; the wipe that is owed stays owed."""
    await _drive(work, _take_step(work, keep_mark=True))
    await work.journal.forget_machine()


async def _drive(work: IronicWork, take: Callable[[], Awaitable[bool]]) -> None:
    if work.journal.claim.phase is not Phase.CLAIMED:
        await withdraw(work)
    await work.drive(take)


def _take_step(work: IronicWork, *, keep_mark: bool) -> Callable[[], Awaitable[bool]]:
    async def take() -> bool:
        """One step; True if none is left."""
        sight = await work.sight()
        claim, node = work.journal.claim, sight.node
        if node is None:
            if claim.may_be_on_by_us:
                raise work.stuck(None)
            return True
        owes = not keep_mark and owes_wipe(claim.wipe, claim.wipe_proof)
        step = take_down_step(sight, owes_wipe=owes)
        if step is Step.FORGET or (step is Step.LET_GO and keep_mark):
            return True
        if claim.may_be_on_by_us and claim.phase not in (Phase.LEAVING, Phase.WIPING):
            await work.journal.write(phase=Phase.LEAVING)
        await _do(work, step, node)
        return step is Step.LET_GO

    return take


async def _do(work: IronicWork, step: Step, node: Node) -> None:
    match step:
        case Step.CLEAN:
            await _wipe(work)
        case Step.SETTLE:
            await work.do(lambda: work.server.maintain(on=False))
        case _:
            await work.common_step(step, node)


async def _wipe(work: IronicWork) -> None:
    await work.journal.write(phase=Phase.WIPING)
    work.hands.leash.check()
    await work.journal.assert_may_act()
    proof = await work.hands.wiper.wipe(Wipe.of(work.journal.claim.wipe))
    await work.journal.write(wipe_proof=proof)
