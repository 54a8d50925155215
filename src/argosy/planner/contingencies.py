"""Which failures a fleet must survive: every scenario that the lines of `survive` stand for.

| line | one scenario per |
|---|---|
| `any provider` | provider, with all its sites; the halls that no cloud runs count as one provider, `metal` |
| `any two providers` | pair of providers |
| `any site` | site |
| `any zone` | zone of a cloud, over all sites in it; a hall is a zone of its own |
| `any rack` | rack that holds a server of a type that a pool of the hall uses |
| `any feed` | feed of a hall |
| `any uplink` | uplink of a hall; uplinks in one conduit fail together, across halls as well |
| `any carrier` | carrier, with all its uplinks into all halls |
| `any entry` | entry into a hall, with all its uplinks |
| `any power supplier` | supplier of power, with all its feeds into all halls |
| `any power unit` | power unit of a hall, such as a UPS or a rack PDU |
| `any risk group` | risk group of the fleet file, with everything that it lists |
| `spot` | one scenario: all spot capacity is gone at once |

Every other line names one domain, in the words of `argosy.spec.domains`.

`nothing lost`, which must serve everything, always comes first. Lines that lead to the same scenario with the
same time are one scenario, in which each workload has the highest of its floors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from argosy.spec.domains import Loss
from argosy.spec.losses import LOSSES, Domains, all_domains, named_loss, union
from argosy.spec.words import listed

if TYPE_CHECKING:
    from argosy.spec.demand import DemandSpec, SurvivalSpec
    from argosy.spec.loader import LoadedFleet

__all__ = [
    "MINUTES",
    "NOMINAL",
    "Loss",
    "Scenario",
    "Within",
    "all_domains",
    "enumerate_scenarios",
    "named_loss",
    "union",
]

NOMINAL = "nothing lost"

Within = Literal["0", "15m", "4h"]
MINUTES: Mapping[Within, int] = {"0": 0, "15m": 15, "4h": 240}
"""What `within` says, in minutes."""


@dataclass(frozen=True)
class Scenario:
    """A failure and the floors that must hold `within` its time."""

    id: str
    within: Within
    training: Fraction
    inference: Fraction
    workloads: Mapping[str, Fraction] = field(hash=False)
    """Floors of single workloads, by `training/NAME` or `inference/NAME`; they go before that of the kind."""
    loss: Loss
    statements: tuple[int, ...] = ()
    """Which lines of `survive` lead here: their indexes, sorted."""

    @property
    def minutes(self) -> int:
        """Time until the floors must hold."""
        return MINUTES[self.within]

    @property
    def key(self) -> tuple[str, Within]:
        """What tells scenarios of one fleet apart."""
        return self.id, self.within

    def floor(self, workload: str) -> Fraction:
        """Share of a workload that must be kept: its own floor, or that of its kind."""
        of_its_kind = self.training if workload.startswith("training/") else self.inference
        return self.workloads.get(workload, of_its_kind)


def enumerate_scenarios(fleet: LoadedFleet) -> tuple[Scenario, ...]:
    """Every scenario of the fleet's `survive`, `nothing lost` first, then by id and time.

    A line may match nothing. Raises ValueError for a line that is none of the table above and names no
    domain, and for a floor of a workload that the demand lacks: `argosy.spec.checks` lets neither pass.
    """
    domains = Domains(fleet)
    merged: dict[tuple[str, Within], Scenario] = {}
    for index, line in enumerate(fleet.spec.survive):
        for scenario in _scenarios(index, line, fleet.spec.demand, domains):
            other = merged.get(scenario.key)
            merged[scenario.key] = scenario if other is None else _stricter(other, scenario)
    nominal = Scenario(NOMINAL, "0", Fraction(1), Fraction(1), {}, Loss())
    return (nominal, *sorted(merged.values(), key=lambda scenario: (scenario.id, scenario.minutes)))


def _scenarios(index: int, line: SurvivalSpec, demand: DemandSpec, domains: Domains) -> Iterator[Scenario]:
    training, inference = Fraction(line.keep.training), Fraction(line.keep.inference)
    workloads = _workload_floors(line, demand)
    for name, loss in dict(_losses(line.lose, domains)).items():
        yield Scenario(name, line.within, training, inference, workloads, loss, (index,))


def _workload_floors(line: SurvivalSpec, demand: DemandSpec) -> dict[str, Fraction]:
    if not line.keep.workloads:
        return {}
    ids = {job.name: f"training/{job.name}" for job in demand.training}
    ids |= {service.name: f"inference/{service.name}" for service in demand.inference}
    unknown = sorted(line.keep.workloads.keys() - ids.keys())
    if unknown:
        raise ValueError(f"`keep.workloads` names {listed(unknown)}, which the demand lacks")
    return {ids[name]: Fraction(share) for name, share in sorted(line.keep.workloads.items())}


def _stricter(one: Scenario, other: Scenario) -> Scenario:
    """One scenario that keeps what both keep."""
    return replace(
        one,
        training=max(one.training, other.training),
        inference=max(one.inference, other.inference),
        workloads=dict(_stricter_floors(one, other)),
        statements=tuple(sorted({*one.statements, *other.statements})),
    )


def _stricter_floors(one: Scenario, other: Scenario) -> Iterator[tuple[str, Fraction]]:
    """Floors of single workloads that keep what both scenarios keep."""
    for workload in sorted(one.workloads.keys() | other.workloads.keys()):
        own = [s.workloads[workload] for s in (one, other) if workload in s.workloads]
        if not workload.startswith("training/"):
            # A line without a floor for the service asks as much of it as of its kind.
            yield workload, max(one.floor(workload), other.floor(workload))
        elif max(own) > 0 or len(own) == 2:
            yield workload, max(own)
        # A job that one line lets go and the other does not name runs if its kind's floor asks for it.


def _losses(lose: str, domains: Domains) -> Iterable[tuple[str, Loss]]:
    if lose == "any two providers":
        return _each_two_providers(domains)
    if lose in LOSSES:
        return domains.of(lose.removeprefix("any ")).values()
    found = domains.find(lose)
    if found is None:
        # A line without scenarios would be taken for survived.
        raise ValueError(f"`lose: {lose}` stands for no scenario, and names nothing that this fleet can lose")
    return [found]


def _each_two_providers(domains: Domains) -> Iterator[tuple[str, Loss]]:
    for (first, (_, one)), (second, (_, other)) in combinations(sorted(domains.of("provider").items()), 2):
        yield f"lose providers {first} and {second}", union((one, other))
