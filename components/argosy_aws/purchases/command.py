"""`argosy aws purchases FILE`: check a purchase file without an engine, and show what it commits to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from argosy.errors import FleetError

if TYPE_CHECKING:
    from argosy_aws.purchases.costs import Cost
    from argosy_aws.purchases.load import LoadedPurchases


def purchases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A purchase file.")],
    offerings: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON",
            help="What `aws ec2 describe-capacity-block-offerings` said; the blocks must be in it.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a purchase file, and print what it commits to against its budget. Buys nothing, asks nobody.

    Whether a block starts early or late enough (30 minutes to 8 weeks ahead) is AWS's to say: no clock is
    asked. Exit code 2: the file has faults, the sum above its budget among them.
    """
    import json

    from argosy.catalog import load_catalog
    from argosy_aws.purchases.costs import costs
    from argosy_aws.purchases.load import load_purchases
    from argosy_aws.purchases.offerings import offering_faults, read_offerings

    loaded = load_purchases(file, load_catalog())
    if offerings is not None and (faults := list(offering_faults(loaded, read_offerings(offerings)))):
        raise FleetError(faults)
    committed = costs(loaded.spec)
    shown = (
        json.dumps(_as_json(loaded, committed), indent=2) if as_json else "\n".join(_table(loaded, committed))
    )
    typer.echo(shown)


def _as_json(loaded: LoadedPurchases, committed: list[Cost]) -> dict[str, Any]:
    from argosy_aws.purchases.costs import total_usd
    from argosy_aws.purchases.order import shown_moment

    return {
        "budget_usd": f"{loaded.spec.budget_usd:.2f}",
        "total_usd": f"{total_usd(committed):.2f}",
        "purchases": {
            cost.name: {
                "type": cost.kind,
                "instance_type": cost.item.instance_type,
                "instances": cost.item.instances,
                "zone": cost.item.zone,
                "counted_from": shown_moment(cost.counted_from),
                "counted_until": shown_moment(cost.counted_until),
                "usd": f"{cost.usd:.2f}",
                "bought": cost.item.bought,
            }
            for cost in committed
        },
    }


def _table(loaded: LoadedPurchases, committed: list[Cost]) -> list[str]:
    from argosy_aws.purchases.costs import total_usd, usd
    from argosy_aws.purchases.order import shown_moment

    rows = [
        (
            cost.name,
            cost.kind,
            f"{cost.item.instances} x {cost.item.instance_type}",
            cost.item.zone,
            f"{shown_moment(cost.counted_from)} to {shown_moment(cost.counted_until)}",
            cost.item.bought or "to buy",
            usd(cost.usd),
        )
        for cost in committed
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    approved = loaded.spec.approved
    return [
        *(
            "  ".join(
                cell.rjust(width) if column == len(widths) - 1 else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ),
        f"total {usd(total_usd(committed))} of a budget of {usd(loaded.spec.budget_usd)}, "
        f"approved by {approved.by} ({approved.ticket})",
    ]
