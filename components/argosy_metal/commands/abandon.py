"""`argosy metal abandon ENV SITE/SERIAL --reason TEXT`: a server whose BMC is dead is given up, knowingly.

A word of a person in the claims store, and nothing else: no server is touched. The next `pulumi up` may then
let go of what the state has on it without its BMC. `--take-back` is the way back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import typer

from argosy.errors import ArgosyError
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet
from argosy_metal.claims import Claim, ClaimStore
from argosy_metal.commands.halls import halls_of
from argosy_metal.commands.live_runs import refuse_beside_a_live_run, refuse_beside_a_run_elsewhere
from argosy_metal.commands.owners import project_name
from argosy_metal.commands.stores import stores_of
from argosy_metal.lifecycle import owes_wipe
from argosy_metal.lifecycle.abandonment import abandoned_because, abandoning, is_left_behind, taking_back
from argosy_metal.settings import HallSettings


class NotAbandonableError(ArgosyError):
    """The server cannot be given up, or taken back; the message says what would do."""


def abandon_server(env: str, server: str, reason: str) -> None:
    """Note with the claim that the server is given up. Raises NotAbandonableError or LiveRunError."""
    if not reason.strip() or not reason.isprintable():
        raise NotAbandonableError("give the reason in one line: --reason TEXT")
    fleet, _ = load_fleet(env)
    _assert_out_of_service(env, fleet, server)

    def give_up(claim: Claim, store: ClaimStore) -> None:
        store.change(claim, **abandoning(claim, reason.strip()))
        typer.echo(f"{server} ({claim.slot}, phase {claim.phase.value}) is given up: {reason.strip()}")
        typer.echo(
            f"take it off the power now, if that is not done; then `pulumi up --stack {_stack(claim)}` lets"
            " go of it where its BMC does not answer. What runs on it is neither powered off nor wiped."
        )

    _with_claim(fleet, server, give_up)


def take_back_server(env: str, server: str, wiped: str | None) -> None:
    """Let the server be used again; `wiped`: a person's word on how its drives were wiped.

    Raises NotAbandonableError, also if a wipe is owed that nobody vouches for, or LiveRunError.
    """
    fleet, _ = load_fleet(env)

    def take_back(claim: Claim, store: ClaimStore) -> None:
        if abandoned_because(claim) is None:
            raise NotAbandonableError(f"{server} ({claim.slot}) is not given up, so it is not taken back")
        if not is_left_behind(claim):
            store.change(claim, **taking_back(claim))
            typer.echo(f"{server} ({claim.slot}) is not given up any more")
            return
        if owes_wipe(claim.wipe, claim.wipe_proof) and not (wiped or "").strip():
            raise NotAbandonableError(
                f"{server} owes the wipe `{claim.wipe}`, and nobody has seen it done; have its drives wiped"
                " or destroyed, and say how: --wiped TEXT"
            )
        store.release(claim)
        word = f"; its drives: {wiped.strip()}" if wiped else ""
        typer.echo(f"{server} is free again{word}; take it off `out_of_service`, and run `argosy plan {env}`")

    _with_claim(fleet, server, take_back)


def _with_claim(fleet: LoadedFleet, server: str, work: Callable[[Claim, ClaimStore], None]) -> None:
    """Work on the claim of a server as a run of its own, beside no other one of its stack."""
    site, _, serial = server.partition("/")
    if site not in halls_of(fleet) or not serial:
        halls = ", ".join(halls_of(fleet))
        raise NotAbandonableError(f"{server!r} is no server of this fleet; write SITE/SERIAL; halls: {halls}")
    with stores_of(fleet, f"abandon {uuid.uuid4().hex}") as stores:
        held = [(claim, store) for store in stores if (claim := store.find(site, serial)) is not None]
        if not held:
            raise NotAbandonableError(f"{server} is claimed by nobody, so there is nothing to do")
        claim, store = held[0]
        if claim.owner.rpartition("/")[0] != project_name(fleet.root):
            raise NotAbandonableError(f"{server} is owned by {claim.owner}; do this in that project")
        refuse_beside_a_live_run(fleet.root, _stack(claim))
        refuse_beside_a_run_elsewhere(fleet, claim.owner)
        work(claim, store)


def _assert_out_of_service(env: str, fleet: LoadedFleet, server: str) -> None:
    """Only what no plan uses any more may be given up, and where this engine's BMC is what is dead."""
    site, _, serial = server.partition("/")
    inventory = fleet.inventories.get(site)
    if inventory is None:
        return
    if fleet.site_settings(site, HallSettings).engine == "ironic":
        raise NotAbandonableError(
            f"{server}: the engine of {site} is Ironic, which asks the BMC; give its node up there"
        )
    if serial not in inventory.out_of_service:
        raise NotAbandonableError(
            f"{server} is in service; put it out of service first, so that no plan uses it:"
            f" argosy metal replace {env} {site}/POOL/SLOT --reason TEXT"
        )


def _stack(claim: Claim) -> str:
    return claim.owner.rpartition("/")[2]
