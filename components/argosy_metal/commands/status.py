"""`argosy metal status ENV`: every planned machine, as the claims store has it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import typer

from argosy.cli.load import load_fleet
from argosy.errors import ArgosyError
from argosy.planner.lock import load_lock
from argosy.planner.models import Lock
from argosy.spec.loader import LoadedFleet
from argosy_metal.claims import Claim, Phase, read_claims
from argosy_metal.commands.halls import halls_of

SPARE = "spare"
UNCLAIMED = "unclaimed"


class NotAllRunningError(ArgosyError):
    """Some planned machines do not run. `argosy metal recover ENV` or `pulumi up` goes on with them."""

    exit_code = 1


@dataclass(frozen=True)
class Row:
    """One planned server."""

    hall: str
    slot: str
    serial: str
    rack: str
    phase: str
    """A phase of the claims store, `spare` for a claimed spare, or `unclaimed`."""
    image: str
    """First digits of the image's sha256."""
    owner: str

    @property
    def is_well(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase in (Phase.RUNNING.value, SPARE)


def show_status(env: str, *, as_json: bool) -> None:
    """Print the table, or JSON; raise NotAllRunningError unless every planned machine runs."""
    fleet, _ = load_fleet(env)
    rows = status_rows(fleet, load_lock(fleet))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print_table(rows)
    waiting = sum(not row.is_well for row in rows)
    if waiting:
        raise NotAllRunningError(
            f"{waiting} of {len(rows)} are not running; to go on: argosy metal recover {env}"
        )


def status_rows(fleet: LoadedFleet, lock: Lock) -> list[Row]:
    """Every server that the lock gives to a slot or holds as a spare, by hall and slot."""
    rows: list[Row] = []
    for site, hall in halls_of(fleet).items():
        claims = {
            claim.serial: claim for claim in read_claims(fleet.root / hall.claims.path) if claim.site == site
        }
        racks = {server.serial: server.rack for server in fleet.inventories[site].servers}
        for pool in sorted(hall.node_pools):
            plan = lock.pools[f"{site}/{pool}"]
            planned = [(slot, serial, False) for slot, serial in plan.slots.items()]
            planned += [(slot, serial, True) for slot, serial in plan.spares.items()]
            for slot, serial, spare in sorted(planned):
                rows.append(
                    _row(site, f"{pool}/{slot}", serial, racks.get(serial, ""), claims.get(serial), spare)
                )
    return rows


def _row(hall: str, slot: str, serial: str, rack: str, claim: Claim | None, spare: bool) -> Row:
    if claim is None or claim.slot != slot:
        # Held for another slot, or by another stack: this slot has nothing.
        return Row(hall, slot, serial, rack, UNCLAIMED, "", claim.owner if claim else "")
    phase = SPARE if spare and claim.phase is Phase.CLAIMED else claim.phase.value
    return Row(hall, slot, serial, rack, phase, (claim.image_sha256 or "")[:12], claim.owner)


def _print_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("hall", "slot", "serial", "rack", "phase", "image", "owner"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(row.hall, row.slot, row.serial, row.rack, row.phase, row.image, row.owner)
    Console(width=None if _is_terminal() else 160).print(table)
    typer.echo(f"{sum(row.is_well for row in rows)} of {len(rows)} running")


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
