"""`argosy drill ENV`: Lose parts of a fleet, and see what is kept and from when on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from argosy.planner.contingencies import Within

_TIMES = ("0", "15m", "4h")


def _time(given: str) -> str:
    if given not in _TIMES:
        raise typer.BadParameter(f"{given!r} is no time at which floors are known; write 0, 15m or 4h")
    return given


def drill(
    env: Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")],
    lose: Annotated[
        list[str],
        typer.Option(
            "--lose",
            metavar="WORDS",
            help="A provider, a site, a risk group, `feed SITE/FEED`, `zone PROVIDER/ZONE`, "
            "`rack SITE/RACK`, `uplink SITE/UPLINK`, `conduit NAME`, `carrier NAME`, "
            "`entry SITE/ENTRY`, `power supplier NAME`, `power unit SITE/UNIT` or `spot`. May be repeated: "
            "all are lost at once.",
        ),
    ],
    at: Annotated[
        str,
        typer.Option("--at", metavar="|".join(_TIMES), parser=_time, help="How long after the loss to look."),
    ] = "15m",
    readiness: Annotated[
        Path | None,
        typer.Option("--readiness", metavar="PATH", help="A file of times that you measured or declare."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Lose parts of a fleet, and see what is kept and from when on.

    Uses just what the lock holds; the lock is proven first. Exit codes: 0 no floor that applies is broken,
    1 one is, 2 the input is at fault. Floors that are kept are proven by the verifier; times and costs are
    claimed only.
    """
    import json

    from argosy.planner.contingencies import MINUTES
    from argosy.planner.lock import load_lock
    from argosy.planner.verify import verify_plan
    from argosy.resolve import load_fleet
    from argosy.what_if.drill import drill as run_drill
    from argosy.what_if.drill_json import drill_as_json
    from argosy.what_if.drill_readiness import read_readiness
    from argosy.what_if.drill_show import drill_lines

    fleet, catalog = load_fleet(env)
    times = read_readiness(readiness, fleet) if readiness else None
    lock = load_lock(fleet)
    verify_plan(fleet, lock, catalog)
    found = run_drill(fleet, lock, catalog, lose, MINUTES[cast("Within", at)], times)
    if as_json:
        typer.echo(json.dumps(drill_as_json(found), indent=2, ensure_ascii=False))
    else:
        for line in drill_lines(found):
            typer.echo(line)
    if not found.is_kept:
        raise typer.Exit(1)
