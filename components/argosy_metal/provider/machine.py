"""`baremetal:index:Machine`: what runs on a claimed server. Takes minutes, resumable at any point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from argosy_metal.budgets import RolloutHaltedError
from argosy_metal.claims import Claim, ForeignClaimError, Phase
from argosy_metal.kubernetes.nodes import NodeError
from argosy_metal.lifecycle import (
    BootMethod,
    InterruptedMachineError,
    Journal,
    Leash,
    MachineNotReadyError,
    Wipe,
    WipePolicy,
)
from argosy_metal.lifecycle.decide import OFF
from argosy_metal.lifecycle.explained import explained
from argosy_metal.provider.checks import Failure
from argosy_metal.provider.cluster_membership import leave_cluster, noted_node
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.machine_inputs import (
    OBJECTS,
    OBSERVED,
    PROPERTIES,
    check_machine,
    machine_changes,
    wanted_of,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Found, Outputs
from argosy_metal.provider.secrets import resolve_content
from argosy_metal.provider.taking_down import (
    count_deletion,
    is_given_up,
    leave_cluster_unreached,
    tell_given_up,
    unreached,
)
from argosy_metal.provider.values import UNKNOWN

MACHINE = "baremetal:index:Machine"


class Machines:
    """Installs, observes and takes down machines."""

    properties = PROPERTIES

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall
        self._left: dict[str, tuple[Outputs, str]] = {}
        """By URN: machines that were to be replaced and are still there, and why."""
        self._named: set[str] = set()
        """Servers on which the program has a machine."""

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes, and what cannot work together; a machine is online unless the program says otherwise."""
        inputs, failures = check_machine(news, by_ironic=self._is_by_ironic())
        self._named.add(str(inputs.get("serverId")))
        return inputs, failures

    def _is_by_ironic(self) -> bool:
        try:
            return self._hall().config.ironic is not None
        except NotPossibleError:
            return False  # not configured yet, as for a schema or a preview of a hall that is not there

    def diff(self, request: ResourceRequest) -> Difference:
        """Another server or content is another machine; an unfinished or powered-off one is updated."""
        news, olds = request.news, request.olds
        changes = {
            name: change for name, change in self.properties.changes(request).items() if name not in OBJECTS
        }
        changes |= machine_changes(news, olds)
        if Change.REPLACE in changes.values() and "serverId" not in changes:
            # What is taken down later comes back on the same server.
            self._hall().rollouts.expect(str(news["serverId"]))
        observed = _unfinished(news, olds)
        return Difference(changes | dict.fromkeys(observed, Change.UPDATE), observed)

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Bring the machine up, from wherever an interrupted run of this stack left it."""
        if request.preview:
            return "", {**request.news, **dict.fromkeys(OBSERVED, UNKNOWN)}
        server_id = str(request.news["serverId"])
        if request.urn in self._left:
            outputs, reason = self._left.pop(request.urn)
            raise PartialFailureError(server_id, outputs, [reason])
        return server_id, await self._bring_up(server_id, request)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Go on with an unfinished machine, or change its power."""
        if request.preview:
            return {**request.news, **dict.fromkeys(OBSERVED, UNKNOWN)}
        return await self._bring_up(request.resource_id, request)

    async def read(self, request: ResourceRequest) -> Found:
        """What is on the server now. A BMC that does not answer is an error, never "gone".

        Other hardware than was claimed is an error too, and so is another installation than ours where ours
        is recorded as running: "gone" would have the machine made anew.
        """
        claim = await self._hall().claim_of(request.resource_id)
        if claim is None and request.olds:
            await self._hall().assert_known(request)
        if claim is None or claim.image_sha256 is None:
            return Found()
        if claim.owner != request.owner:
            if request.olds:
                return Found()
            raise ForeignClaimError(claim, f"stack {request.owner}")
        async with self._hall().machine(claim, self._hall().leash(request)) as (machine, _):
            seen = await machine.look()
        if seen.doubt is not None:
            raise seen.doubt
        if claim.phase is Phase.RUNNING and seen.boot_id is None:
            # Ironic's node was given to someone else, or undeployed: what the state describes does not exist.
            return Found()
        inputs = dict(request.old_inputs) or _imported_inputs(claim, online=seen.power != OFF)
        return Found(claim.server_id, _outputs(inputs, claim, seen.boot_id or "", seen.power), inputs)

    async def delete(self, request: ResourceRequest) -> None:
        """Take the machine down, as many as the hall's budgets allow. The claim stays, and what is not ours.

        One that a person gave up, and whose BMC does not answer, goes as it is.

        Raises NotPossibleError if the claims store has never granted what the state describes.
        """
        hall = self._hall()
        claim = await hall.claim_of(request.resource_id)
        if claim is None or claim.owner != request.owner:
            await hall.assert_known(request)
            return
        leash = hall.leash(request)
        try:
            await self._within_budget(hall, claim, request, leash)
            # Not with the NodeJoin's deletion: the engine would drain all Nodes of a pool at once, before the
            # first of its machines is replaced.
            claim = await leave_cluster(hall, claim, leash, noted_node(claim))
            async with hall.machine(claim, leash) as (machine, _):
                await machine.take_down()
        except (RolloutHaltedError, MachineNotReadyError, NodeError) as error:
            hall.rollouts.end(request.resource_id, runs=False)
            comes_back = self._comes_back(hall, request.resource_id)
            if is_given_up(claim, error) and not comes_back:
                await leave_cluster_unreached(hall, claim, leash, request)
                tell_given_up(hall, claim, request, "its machine was neither powered off nor wiped")
                return
            if isinstance(error, InterruptedMachineError) or not comes_back:
                raise unreached(error) from error.__cause__
            self._leave(request, await hall.claim_of(request.resource_id) or claim, str(error))
            return
        except BaseException:
            hall.rollouts.end(request.resource_id, runs=False)
            raise
        if claim.phase in (Phase.FAILED, Phase.QUARANTINED) and not self._comes_back(hall, claim.server_id):
            hall.log.warn(request.urn, _unfit(claim))

    def _comes_back(self, hall: Hall, server_id: str) -> bool:
        """Whether what is taken down here is replaced on its server.

        A comparison has said so; but `pulumi up --replace` asks for none (pulumi,
        pkg/resource/deploy/step_generator.go), and then it does if the program still names a machine there.
        """
        return hall.rollouts.is_expected(server_id) or server_id in self._named

    def _leave(self, request: ResourceRequest, claim: Claim, reason: str) -> None:
        """What stays is told when the engine asks for the successor, which it does at once.

        A replacement whose deletion fails would leave the CLI waiting without end (pulumi issue 16373).
        """
        named = reason if claim.server_id in reason else f"{claim.server_id} ({claim.slot}): {reason}"
        self._left[request.urn] = {**request.olds, "phase": claim.phase.value}, named

    async def _within_budget(self, hall: Hall, claim: Claim, request: ResourceRequest, leash: Leash) -> None:
        """Wait, or refuse, before a machine that may be of use is taken down."""
        if claim.phase is Phase.CLAIMED:
            return
        if not self._comes_back(hall, request.resource_id):
            await count_deletion(hall, claim, leash)
        elif claim.phase is Phase.RUNNING:
            pool = claim.slot.partition("/")[0]
            journal = Journal(hall.store, claim)
            await explained(journal, lambda: hall.rollouts.begin(request.resource_id, pool, leash))

    async def _bring_up(self, server_id: str, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        claim = await hall.own_claim(server_id, request.owner)
        wanted = wanted_of(news, lambda reference: resolve_content(reference, hall.config.root))
        runs = False
        try:
            async with hall.machine(claim, hall.leash(request)) as (machine, journal):
                try:
                    running = await machine.bring_up(wanted, online=news["online"])
                except MachineNotReadyError as error:
                    # The server is ours and may be half-way: the engine must record it, and go on from there.
                    outputs = _outputs(news, journal.claim, "", "")
                    raise PartialFailureError(server_id, outputs, [str(error)]) from error
            runs = True
        finally:
            hall.rollouts.end(server_id, runs=runs)
        return _outputs(news, journal.claim, running.boot_id, running.power)


def _outputs(inputs: Outputs, claim: Claim, boot_id: str, power: str) -> dict[str, Any]:
    return {
        **inputs,
        "phase": claim.phase.value,
        "imageDigest": f"sha256:{claim.image_sha256}" if claim.phase is Phase.RUNNING else "",
        "installId": claim.install_id or "",
        "bootId": boot_id,
        "power": power,
    }


def _imported_inputs(claim: Claim, *, online: bool) -> dict[str, Any]:
    """What a program would have given for what is there. User data and hints are nowhere to be read."""
    inputs: dict[str, Any] = {
        "serverId": claim.server_id,
        "image": {"url": claim.image_url, "sha256": claim.image_sha256},
        "online": online,
    }
    if claim.boot_method not in (None, BootMethod.VIRTUAL_MEDIA):
        inputs["boot"] = {"method": claim.boot_method}
    wipe = Wipe.of(claim.wipe)
    if wipe.policy is not WipePolicy.NONE:
        inputs["wipe"] = {"policy": wipe.policy.value} | ({"method": wipe.method} if wipe.method else {})
    return inputs


def _unfinished(news: Outputs, olds: Outputs) -> frozenset[str]:
    """What was observed and is not as it should be."""
    if olds.get("phase") != Phase.RUNNING.value:
        return frozenset({"phase"})
    return frozenset({"power"} if bool(news.get("online")) == (olds.get("power") == OFF) else ())


def _unfit(claim: Claim) -> str:
    return (
        f"{claim.server_id} ({claim.slot}) was {claim.phase.value} when it was taken down, and goes back to"
        " the pool; if it is broken, keep it out:"
        f" argosy metal replace ENV {claim.site}/{claim.slot} --reason TEXT"
    )
