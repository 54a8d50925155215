"""`argosy metal recover ENV`: the one command after a killed `pulumi up`.

The stack must be one that the fleet's servers belong to, and no live run may hold it. What a killed run left
behind ends; its writes are fenced off; the stack's lock is released; `refresh` clears pending operations and
looks at every server, since a killed `destroy` may have powered off what the state has as running; `up`
adopts every claim and goes on from the recorded phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet
from argosy_metal.budgets import ALL_DELETIONS, DELETIONS_VARIABLE
from argosy_metal.commands.halls import has_simulated_halls, simulator_of
from argosy_metal.commands.live_runs import refuse_beside_a_live_run, refuse_beside_a_run_elsewhere
from argosy_metal.commands.locks import lock_holders
from argosy_metal.commands.owners import claims_of, project_name, recover_command
from argosy_metal.commands.processes import end_orphans
from argosy_metal.commands.pulumi_cli import PulumiCli, RecoveryError
from argosy_metal.commands.stores import stores_of
from argosy_metal.simulator import daemon

_DOWN_OPTIONS = ("--yes", "--skip-preview", "--continue-on-error", "--suppress-outputs")
_ORPHAN_PATIENCE_SECONDS = 15.0
"""A provider looks for its parent four times a second, and finishes the request in hand first."""


def recover_fleet(
    env: str, stack: str | None, policy_packs: Sequence[Path] = (), *, down: bool = False
) -> None:
    """Recover the stack of a fleet, its `up` judged by the policy packs; with `down`, destroy it instead.

    Raises RecoveryError, with exit code 1, if something is left to do, LiveRunError beside a run at work.
    """
    fleet, _ = load_fleet(env)
    # `--down` is a person's word that every machine may go.
    allowed = {DELETIONS_VARIABLE: ALL_DELETIONS} if down else None
    pulumi = PulumiCli(fleet.root, stack or fleet.name, allowed)
    refuse_beside_a_live_run(fleet.root, pulumi.stack)
    _refuse_another_stack(env, fleet, pulumi)
    refuse_beside_a_run_elsewhere(fleet, _owner(fleet, pulumi))
    # Before anything is ended or fenced off: a run that lives elsewhere must be able to go on.
    _refuse_a_lock_that_may_be_held(pulumi)
    for process in end_orphans(fleet.root, _ORPHAN_PATIENCE_SECONDS):
        typer.echo(f"ended what the killed run left: {process.program} (pid {process.pid})")
    _fence(fleet, pulumi)
    if has_simulated_halls(fleet):
        daemon.start_detached(*simulator_of(fleet))
    again = recover_command(env, fleet, _owner(fleet, pulumi))
    if down:
        _settle(pulumi, f"{again} --down", "destroy", _DOWN_OPTIONS)
    else:
        _settle(pulumi, again, "up", _up_options(policy_packs))


def _refuse_another_stack(env: str, fleet: LoadedFleet, pulumi: PulumiCli) -> None:
    """An `up` of a stack that the servers do not belong to would declare what nobody meant to declare."""
    claims = claims_of(fleet)
    owners = {claim.owner for claim in claims if claim.owner.startswith(f"{project_name(fleet.root)}/")}
    own = _owner(fleet, pulumi)
    others = [recover_command(env, fleet, owner) for owner in sorted(owners - {own})]
    if not pulumi.stack_exists():
        missing = f"stack {pulumi.stack} does not exist, so there is nothing to recover"
        create = f"pulumi stack select --create {pulumi.stack} && pulumi up --stack {pulumi.stack}"
        raise RecoveryError(_listed(missing, others) if others else f"{missing}; bring it up: {create}")
    if own in owners or not others:
        return
    # A stack of one hall may have been killed before its first claim, whoever owns the other halls.
    scope = pulumi.config("argosy:scope")
    if scope is None or any(claim.site == scope and claim.owner in owners for claim in claims):
        raise RecoveryError(_listed(f"stack {pulumi.stack} owns no server of this fleet", others))


def _listed(found: str, others: Sequence[str]) -> str:
    return "\n  ".join([f"{found}; the stacks that own its servers are recovered by:", *others])


def _owner(fleet: LoadedFleet, pulumi: PulumiCli) -> str:
    return f"{project_name(fleet.root)}/{pulumi.stack_name}"


def _fence(fleet: LoadedFleet, pulumi: PulumiCli) -> None:
    """From here on no earlier run of the stack can write."""
    owner = _owner(fleet, pulumi)
    with stores_of(fleet) as stores:
        for store in stores:
            if store.fence(owner):
                typer.echo(f"fenced off earlier runs of {owner}")


def _settle(pulumi: PulumiCli, again: str, command: str, options: Sequence[str]) -> None:
    _release_lock(pulumi)
    looked = _refresh(pulumi)
    ended = pulumi.try_run(command, *options, "--stack", pulumi.stack)
    if pulumi.pending_operations():
        looked = _refresh(pulumi)
    if left := pulumi.pending_operations():
        raise RecoveryError(f"still pending: {', '.join(left)}; run again: {again}")
    if ended != 0:
        raise RecoveryError(
            f"`pulumi {command}` has failed for the reasons above; the state is clean: {again}"
            " goes on when they are mended"
        )
    if looked != 0:
        raise RecoveryError(f"not everything could be looked at, see above; when that is mended: {again}")
    typer.echo(f"recovered: stack {pulumi.stack} has no pending operations")


def _refresh(pulumi: PulumiCli) -> int:
    """The exit code. A server that cannot be looked at must not keep the others from coming up."""
    options = ("--yes", "--skip-preview", "--suppress-outputs", "--clear-pending-creates")
    return pulumi.try_run("refresh", *options, "--stack", pulumi.stack)


def _up_options(policy_packs: Sequence[Path]) -> list[str]:
    options = ["--yes", "--continue-on-error", "--suppress-outputs"]
    if not policy_packs:
        return [*options, "--skip-preview"]
    # With policies there is a preview: what they judge as a whole must be judged before a server is touched.
    return options + [option for pack in policy_packs for option in ("--policy-pack", str(pack))]


def _refuse_a_lock_that_may_be_held(pulumi: PulumiCli) -> None:
    holders = lock_holders(pulumi.backend_url(), pulumi.stack_name) or []
    if alive := [str(holder) for holder in holders if holder.may_live]:
        raise RecoveryError(
            f"stack {pulumi.stack} is locked by {', '.join(alive)}; if it is gone, recover on its own"
            f" computer, or release the lock: pulumi cancel --stack {pulumi.stack}"
        )


def _release_lock(pulumi: PulumiCli) -> None:
    """Release a lock whose holder is proven to be gone; a shared backend's lock is for people to judge."""
    holders = lock_holders(pulumi.backend_url(), pulumi.stack_name)
    if holders is None:
        typer.echo("who may hold a lock on this backend cannot be told from here, so none is released")
    elif holders:
        pulumi.run("cancel", "--yes", "--stack", pulumi.stack)
