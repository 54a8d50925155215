"""The price of survival: what the fleet costs at each notch of the floor, and how much of it the largest
provider has.

At a notch no line of `survive` asks for more of inference than that; everything else stays as the fleet file
has it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from argosy.errors import ArgosyError
from argosy.planner.build import build_problem
from argosy.planner.solve import NoPlanError, solve

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.demand import SurvivalSpec
    from argosy.spec.loader import LoadedFleet

DEFAULT_FLOORS = tuple(Decimal(share) for share in ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "1"))


@dataclass(frozen=True)
class Notch:
    """The cheapest fleet that was found for one floor. Costs and gap are claimed, not proven."""

    floor: Decimal | None
    """Most that any line of `survive` asks for; None: nothing has to survive."""
    nodes: int | None
    """None where no plan keeps the floor."""
    cost: int = 0
    """In micro-dollars per hour, beyond what is paid for already."""
    gap: float = 0.0
    """How much more than the least that is at most, as a share."""
    largest: str = ""
    """Provider with the most accelerators."""
    share: float = 0.0
    """Its share of all accelerators."""


def price_of_survival(
    fleet: LoadedFleet, catalog: Catalog, floors: Sequence[Decimal] = DEFAULT_FLOORS
) -> tuple[Notch, ...]:
    """A notch per floor, ascending, after one in which nothing has to survive.

    Raises ArgosyError for a fleet without a line in `survive`.
    """
    if not fleet.spec.survive:
        raise ArgosyError("nothing has to survive: the fleet file has no line in `survive`")
    wanted: list[Decimal | None] = [None, *sorted(set(floors))]
    return tuple(_notch(at_floor(fleet, floor), catalog, floor) for floor in wanted)


def at_floor(fleet: LoadedFleet, floor: Decimal | None) -> LoadedFleet:
    """The fleet in which no line asks for more of inference than `floor`; None: without any line."""
    services = {service.name for service in fleet.spec.demand.inference}
    kept = () if floor is None else fleet.spec.survive
    lines = tuple(_lowered(line, floor or Decimal(0), services) for line in kept)
    return dataclasses.replace(fleet, spec=fleet.spec.model_copy(update={"survive": lines}))


def _lowered(line: SurvivalSpec, floor: Decimal, services: Set[str]) -> SurvivalSpec:
    own = {
        name: min(share, floor) if name in services else share for name, share in line.keep.workloads.items()
    }
    keep = line.keep.model_copy(update={"inference": min(line.keep.inference, floor), "workloads": own})
    return line.model_copy(update={"keep": keep})


def _notch(fleet: LoadedFleet, catalog: Catalog, floor: Decimal | None) -> Notch:
    problem = build_problem(fleet, catalog)
    try:
        solution = solve(problem)
    except NoPlanError:
        return Notch(floor, None)
    held = Counter[str]()
    for offering in problem.offerings:
        held[offering.provider] += offering.accelerators * solution.held[offering.id]
    largest = min(held, key=lambda provider: (-held[provider], provider))
    nodes = sum(solution.held.values())
    share = held[largest] / held.total() if nodes else 0.0
    return Notch(floor, nodes, solution.cost, solution.gap, largest, share)


def as_json(notch: Notch) -> dict[str, Any]:
    """The notch in plain values; money in dollars."""
    return {
        "floor": None if notch.floor is None else float(notch.floor),
        "nodes": notch.nodes,
        "cost_usd_per_hour": None if notch.nodes is None else notch.cost / 1_000_000,
        "gap_percent": round(notch.gap * 100, 3),
        "largest_provider": notch.largest or None,
        "largest_share": round(notch.share, 4),
    }
