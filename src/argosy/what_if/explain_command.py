"""`argosy explain ENV [POOL]`: Say why each pool holds what it holds, and what one more unit would save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet
    from argosy.what_if.explain import Explanation, PoolReport


def explain(
    env: Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")],
    pool: Annotated[
        str | None, typer.Argument(metavar="[POOL]", help="One pool, as SITE/POOL; left out: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say why each pool holds what it holds, and what one more unit would save.

    For each pool of the lock, once it is proven: its nodes and the bounds of the fleet file, the floor that
    one node less would break (or the words that hold it), and the nodes that its kind has to spare. Pools of
    one kind stand in for each other and have their spare in common. What one more unit saves is claimed by
    the planner's linear program, not proven.
    """
    import json

    from argosy.planner.lock import load_lock
    from argosy.planner.verify import verify_plan
    from argosy.resolve import load_fleet
    from argosy.what_if.explain import explain_lock

    fleet, catalog = load_fleet(env)
    if pool is not None:
        _check_known(fleet, pool)
    lock = load_lock(fleet)
    verify_plan(fleet, lock, catalog)
    told = explain_lock(fleet, catalog, lock, None if pool is None else [pool])
    if as_json:
        typer.echo(json.dumps(as_plain(lock.fleet, told), indent=2, ensure_ascii=False))
    else:
        for line in lines(told):
            typer.echo(line)


def _check_known(fleet: LoadedFleet, pool: str) -> None:
    from argosy.errors import Fault, FleetError
    from argosy.spec.hints import nearest
    from argosy.spec.words import shown_text

    pools = sorted(
        f"{name}/{member}" for name, site in fleet.spec.sites.items() for member in site.node_pools
    )
    if pool not in pools:
        close = nearest(pool, pools)
        given, expected = f"the pool {shown_text(pool)}", f"one of {', '.join(pools)}"
        fix = f"did you mean {close}?" if close else "name a pool as SITE/POOL"
        raise FleetError([Fault("argument", 0, 0, "", given, expected, fix)])


def lines(told: Explanation) -> list[str]:
    """The table for people, then what one more unit would save."""
    rows = [["pool", "nodes", "bounds", "spare", "why not less"], *(_row(pool) for pool in told.pools)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    spare = "spare: whole nodes of the pool's kind that nothing uses: nothing lost, and in the worst scenario"
    lent = [f"{pool.id}: {pool.lent} nodes run jobs that may be stopped" for pool in told.pools if pool.lent]
    worth = ["claimed by the linear program, at today's prices:", *(f"  {one}" for one in told.worths)]
    return [*table, spare, *lent, *(worth if told.worths else [])]


def _row(pool: PoolReport) -> list[str]:
    bounds = str(pool.low) if pool.low == pool.high else f"{pool.low}-{pool.high}"
    spare = f"{next(iter(pool.spare.values()), 0)}, {pool.least_spare}"
    return [pool.id, str(pool.nodes), bounds, spare, str(pool.why or "holds nothing")]


def as_plain(fleet: str, told: Explanation) -> dict[str, Any]:
    """The same for programs."""
    return {
        "fleet": fleet,
        "pools": [_pool_as_plain(pool) for pool in told.pools],
        "claimed": {
            "one_more_unit": [
                {"path": w.path, "unit": w.unit, "saves_usd_per_month": f"{w.usd_per_month:.2f}"}
                for w in told.worths
            ]
        },
    }


def _pool_as_plain(pool: PoolReport) -> dict[str, Any]:
    import dataclasses

    why = None
    if pool.why is not None:
        why = {
            "step": pool.why.step,
            "bound": pool.why.bound,
            "breaks": [dataclasses.asdict(short) for short in pool.why.breaks],
            "limits": list(pool.why.limits),
            "text": str(pool.why),
        }
    return {
        "pool": pool.id,
        "nodes": pool.nodes,
        "min": pool.low,
        "max": pool.high,
        "why_not_less": why,
        "kind": pool.kind,
        "spare_of_kind": [
            {"scenario": scenario, "within": within, "nodes": nodes}
            for (scenario, within), nodes in pool.spare.items()
        ],
        "lent_nodes": pool.lent,
    }
