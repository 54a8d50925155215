"""`argosy metal status ENV`: every planned machine, as the claims store has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import typer

from argosy.catalog import Catalog
from argosy.errors import ArgosyError, LockError, ShortfallError
from argosy.planner.lock import load_lock
from argosy.planner.models import Lock, PoolPlan
from argosy.planner.slots import slot_order
from argosy.planner.verify import verify_plan
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet
from argosy_metal.claims import Claim, Phase
from argosy_metal.commands.halls import halls_of
from argosy_metal.commands.owners import claims_of, project_name, recover_command
from argosy_metal.commands.printable import printable
from argosy_metal.hall_plan import CONTROL_PLANE, control_plane_slots
from argosy_metal.lifecycle.abandonment import is_left_behind
from argosy_metal.settings import HallSettings

SPARE = "spare"
UNCLAIMED = "unclaimed"
_LONGEST_LINE = 1000


class NotAllRunningError(ArgosyError):
    """Some planned servers are not ready; the message names the commands that go on with them."""

    exit_code = 1


@dataclass(frozen=True)
class Row:
    """One planned server."""

    hall: str
    slot: str
    serial: str
    rack: str
    is_spare: bool
    """Planned to be held without a machine on it."""
    phase: str
    """A phase of the claims store, `spare` for a claimed spare, or `unclaimed`."""
    image: str
    """First digits of the image's sha256."""
    owner: str
    is_own: bool = False
    """Whether the owner is a stack of this fleet."""

    @property
    def is_done(self) -> bool:
        """Whether its owner has nothing left to do."""
        return self.phase == (SPARE if self.is_spare else Phase.RUNNING.value)

    @property
    def is_well(self) -> bool:
        """Whether it is ready for this fleet."""
        return self.is_own and self.is_done


def show_status(env: str, *, as_json: bool, stack: str | None = None) -> None:
    """Print the table, or JSON; raise NotAllRunningError unless every planned server is ready.

    A server counts for its stack alone: ENV, or ENV-SITE for a stack of one site, or `stack`.
    Of a lock that `argosy check` refuses, nothing is brought up or released: what `check` says is told then.
    """
    fleet, catalog = load_fleet(env)
    claims = claims_of(fleet)
    lock = load_lock(fleet)
    refusal = _refusal(fleet, lock, catalog)
    rows = status_rows(fleet, lock, claims, stack)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print_table(rows)
        typer.echo(_summary(rows))
    for line in (
        *_no_longer_planned(rows, claims, refusal),
        *_abandoned(env, claims),
        *_out_of_service(fleet),
    ):
        typer.echo(_shown(line), err=as_json)
    if not all(row.is_well for row in rows):
        raise NotAllRunningError(_refused(rows, refusal) if refusal else _how_to_go_on(env, fleet, rows))
    if refusal:
        typer.echo(f"`pulumi up` refuses this lock: {refusal}", err=as_json)


def status_rows(
    fleet: LoadedFleet, lock: Lock, claims: Sequence[Claim], stack: str | None = None
) -> list[Row]:
    """Every server of a hall's own control plane, and every one that the lock gives to a slot or a spare."""
    held = {(claim.site, claim.serial): claim for claim in claims}
    rows: list[Row] = []
    for site, hall in halls_of(fleet).items():
        racks = {server.serial: server.rack for server in fleet.inventories[site].servers}
        for slot, serial in _control_plane(fleet, site).items():
            place = (site, f"{CONTROL_PLANE}/{slot}", serial, racks.get(serial, ""), False)
            rows.append(_row(*place, held.get((site, serial)), _own_stacks(fleet, site, stack)))
        for pool in sorted(hall.node_pools):
            # A pool that is new in the fleet file is in no lock yet.
            plan = lock.pools.get(f"{site}/{pool}", PoolPlan(nodes=0))
            planned = [(slot, serial, False) for slot, serial in plan.slots.items()]
            planned += [(slot, serial, True) for slot, serial in plan.spares.items()]
            for slot, serial, spare in sorted(planned, key=lambda row: (row[2], slot_order(row[0]))):
                place = (site, f"{pool}/{slot}", serial, racks.get(serial, ""), spare)
                rows.append(_row(*place, held.get((site, serial)), _own_stacks(fleet, site, stack)))
    return rows


def _control_plane(fleet: LoadedFleet, site: str) -> dict[str, str]:
    """The servers of the hall's own control plane, which no lock holds."""
    cluster = fleet.site_settings(site, HallSettings).cluster
    return control_plane_slots(cluster.bootstrap) if cluster and cluster.bootstrap else {}


def _own_stacks(fleet: LoadedFleet, site: str, stack: str | None) -> frozenset[str]:
    """Owners that bring up this site of this fleet: the stack that is named, or those usually named so."""
    names = {stack.rpartition("/")[2]} if stack else {fleet.name, f"{fleet.name}-{site}"}
    return frozenset(f"{project_name(fleet.root)}/{name}" for name in names)


def _row(
    hall: str, slot: str, serial: str, rack: str, spare: bool, claim: Claim | None, own: frozenset[str]
) -> Row:
    if claim is None or claim.slot != slot:
        # Held for another slot: this slot has nothing. Whose it is matters if it is not ours.
        others = claim.owner if claim and claim.owner not in own else ""
        return Row(hall, slot, serial, rack, spare, UNCLAIMED, "", others)
    phase = SPARE if spare and claim.phase is Phase.CLAIMED else claim.phase.value
    image = (claim.image_sha256 or "")[:12]
    return Row(hall, slot, serial, rack, spare, phase, image, claim.owner, claim.owner in own)


def _summary(rows: list[Row]) -> str:
    """`15 of 16 running, 1 spare held; as recorded: …`: no store knows that a hall has gone dark."""
    machines = [row for row in rows if not row.is_spare]
    spares = [row for row in rows if row.is_spare]
    running, held = (sum(row.is_well for row in part) for part in (machines, spares))
    count = f"{held}" if held == len(spares) else f"{held} of {len(spares)}"
    noun = "spare" if len(spares) == 1 else "spares"
    held_too = f", {count} {noun} held" if spares else ""
    return f"{running} of {len(machines)} running{held_too}; as recorded: `pulumi refresh` asks the servers"


def _refusal(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> str:
    """What `argosy check` says of the lock; empty if it is proven."""
    try:
        verify_plan(fleet, lock, catalog)
    except (LockError, ShortfallError) as error:
        return str(error)
    return ""


def _refused(rows: list[Row], refusal: str) -> str:
    waiting = sum(not row.is_well for row in rows)
    return f"{waiting} of {len(rows)} servers are not ready, and `pulumi up` refuses this lock: {refusal}"


def _no_longer_planned(rows: list[Row], claims: Sequence[Claim], refusal: str) -> Iterator[str]:
    """One line per stack that holds servers of these halls which the lock gives to no pool."""
    planned = {(row.hall, row.serial) for row in rows}
    unplanned = [claim for claim in claims if (claim.site, claim.serial) not in planned]
    left = Counter(claim.owner for claim in unplanned if not is_left_behind(claim))
    for owner, servers in sorted(left.items()):
        are, them = ("1 server is", "it") if servers == 1 else (f"{servers} servers are", "them")
        up = f"`pulumi up --stack {owner.rpartition('/')[2]}` releases {them}"
        yield f"{are} claimed by {owner} but {'not in this lock' if refusal else f'no longer planned; {up}'}"


def _abandoned(env: str, claims: Sequence[Claim]) -> Iterator[str]:
    """One line per server that was given up for dead: nobody is granted it until somebody takes it back."""
    for claim in claims:
        if is_left_behind(claim):
            back = f"argosy metal abandon {env} {claim.server_id} --take-back"
            yield f"{claim.server_id} was abandoned by {claim.owner}; once it is known to be well: {back}"


def _out_of_service(fleet: LoadedFleet) -> Iterator[str]:
    """One line per server that the inventories keep out of every plan."""
    for site in halls_of(fleet):
        for serial, out in sorted(fleet.inventories[site].out_of_service.items()):
            was = f", was {out.slot}" if out.slot else ""
            yield f"{site}/{serial} is out of service{was}: {out.reason}"


def _how_to_go_on(env: str, fleet: LoadedFleet, rows: list[Row]) -> str:
    """How many servers are not ready, and every command that is needed."""
    if not any(row.owner for row in rows):
        return "nothing is claimed yet; bring it up with `pulumi up`"
    waiting = [row for row in rows if not row.is_well]
    under_way = [row for row in waiting if row.phase != UNCLAIMED and not row.is_done]
    given_up = [row for row in under_way if row.phase == Phase.QUARANTINED.value]
    commands = [
        recover_command(env, fleet, owner)
        for owner in sorted({row.owner for row in under_way if row not in given_up})
    ]
    # No further attempt is made on these: another server has to take the slot, or a person mends this one.
    commands += [f"argosy metal replace {env} {row.hall}/{row.slot} --reason TEXT" for row in given_up]
    # Where a run was interrupted, its recovery claims the rest of the hall as well.
    if {row.hall for row in waiting if row.phase == UNCLAIMED} - {row.hall for row in under_way}:
        commands.append("pulumi up")
    for owner in sorted({row.owner for row in waiting if row.is_done}):
        stack = owner.rpartition("/")[2]
        commands.append(f"stack {owner} has servers of this plan; to count them: --stack {stack}")
    told = f"{len(waiting)} of {len(rows)} servers are not ready; to go on:"
    shown = [_shown(command) for command in commands]
    return f"{told} {shown[0]}" if len(shown) == 1 else "\n  ".join([told, *shown])


def _shown(line: str) -> str:
    return printable(line, _LONGEST_LINE)


def _print_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("hall", "slot", "serial", "rack", "phase", "image", "owner"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        cells = (row.hall, row.slot, row.serial, row.rack, row.phase, row.image, row.owner)
        # As text: rich would take `[…]` in it for markup.
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(width=None if _is_terminal() else 160).print(table)


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
