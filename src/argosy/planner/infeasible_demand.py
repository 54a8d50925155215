"""Statements about demand, shares and survival that can take part in a conflict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from argosy.planner.infeasible_words import Change, Choice, Lever, Variant, Words
from argosy.spec.demand import KeepSpec
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.planner.offerings import PoolFacts
    from argosy.spec.demand import InferenceDemand, SurvivalSpec, TrainingDemand
    from argosy.spec.loader import LoadedFleet

CHECKPOINT, RESIDENCY, SHARE, SURVIVE, DEMAND = 6, 8, 10, 11, 12
"""Ranks, above those of what stands in sites."""


def demand_words(fleet: LoadedFleet, pools: Sequence[PoolFacts]) -> Iterator[Words]:
    """Every statement outside `sites`."""
    countries = sorted({pool.country for pool in pools if pool.country})
    for place, job in enumerate(fleet.spec.demand.training):
        yield from _job(place, job, countries)
    for place, service in enumerate(fleet.spec.demand.inference):
        yield from _service(place, service, countries)
    if fleet.spec.max_share is not None:
        yield _share(fleet.spec.max_share.provider)
    for place, line in enumerate(fleet.spec.survive):
        yield _survive(place, line)


def hundredths(value: int) -> Decimal:
    """A share in the words of the fleet file: 75 is 0.75, 100 is 1."""
    return Decimal(value) / 100


def _floor(share: Decimal) -> int:
    """Whole hundredths of a share, rounded down."""
    return int(share * 100)


def _job(place: int, job: TrainingDemand, countries: Sequence[str]) -> Iterator[Words]:
    at, name = ("demand", "training", place), f"training/{job.name}"
    path = f"demand.training[{place}]"
    says = f"job {job.name} takes {counted(job.nodes, 'node')} of {' or '.join(job.accelerator)}"
    # A smaller job asks for less of its pool, and for more of the others: the floor of training counts nodes.
    nodes = Lever(
        job.nodes,
        1,
        lambda v, n: v.edit((*at, "nodes"), n),
        lambda n: f"nodes {job.nodes} → {n}",
        scanned=True,
    )
    yield Words(f"{path}.nodes", says, DEMAND, lambda v: _take_out(v, name), (nodes,))
    if job.residency:
        keys = (*at, "residency")
        yield _residency(keys, f"{path}.residency", job.residency, countries, lambda v: v.edit(keys, ()))
    if job.checkpoint_gb is not None:
        size = int(job.checkpoint_gb)
        smaller = Lever(
            size,
            1,
            lambda v, n: v.edit((*at, "checkpoint_gb"), Decimal(n)),
            lambda n: f"checkpoint_gb {job.checkpoint_gb:f} → {n}",
        )
        often = f"{job.checkpoint_gb:f} GB every {job.checkpoint_minutes} minutes"
        yield Words(
            f"{path}.checkpoint_gb",
            f"checkpoints of {job.name}: {often} to {', '.join(job.replicated_to) or 'nowhere'}",
            CHECKPOINT,
            lambda v: v.edit((*at, "checkpoint_gb"), None),
            (smaller,),
        )


def _take_out(variant: Variant, workload: str) -> Variant:
    return dataclasses.replace(variant, without=variant.without | {workload})


def _service(place: int, service: InferenceDemand, countries: Sequence[str]) -> Iterator[Words]:
    path, name = f"demand.inference[{place}]", f"inference/{service.name}"
    at, kinds = ("demand", "inference", place), " or ".join(service.accelerator)
    key = "nodes" if service.nodes is not None else "requests_per_month"
    asked = service.nodes or service.requests_per_month or 1
    # Requests are counted in hundredths of what is asked, or the search would be long.
    grain = 1 if service.nodes is not None else max(1, asked // 100)

    def to(variant: Variant, value: int) -> Variant:
        return variant.edit((*at, key), min(asked, value * grain))

    lever = Lever(-(-asked // grain), 1, to, lambda n: f"{key} {asked:,} → {n * grain:,}")
    takes = counted(asked, "node") if key == "nodes" else f"{asked:,} requests a month"
    says = f"service {service.name} takes {takes} of {kinds}"
    yield Words(f"{path}.{key}", says, DEMAND, lambda v: _take_out(v, name), (lever,))
    for region, allowed in service.residency.items():
        keys = (*at, "residency", region)
        drop = _no_residency(place, region)
        yield _residency(keys, f"{path}.residency.{region}", allowed, countries, drop)


def _no_residency(place: int, region: str) -> Change:
    def drop(variant: Variant) -> Variant:
        keys = ("demand", "inference", place, "residency")
        service = variant.fleet.spec.demand.inference[place]
        return variant.edit(keys, {r: lands for r, lands in service.residency.items() if r != region})

    return drop


def _residency(
    keys: tuple[str | int, ...], path: str, allowed: Sequence[str], countries: Sequence[str], drop: Change
) -> Words:
    everywhere = (*allowed, *(country for country in countries if country not in allowed))
    ways = [
        Choice(lambda v, c=country: v.edit(keys, (*allowed, c)), f"{country} as well")
        for country in everywhere[len(allowed) :]
    ]
    ways.append(
        Choice(lambda v: v.edit(keys, everywhere), f"{', '.join(everywhere[len(allowed) :])} as well", True)
    )
    # A site that names no country lies in none: only without the statement is it allowed.
    ways.append(Choice(drop, "leave it out", True))
    return Words(path, f"in {' or '.join(allowed)} alone", RESIDENCY, drop, tuple(ways))


def _share(share: Decimal) -> Words:
    keys = ("max_share", "provider")

    def to(variant: Variant, value: int) -> Variant:
        return variant.edit(keys, hundredths(value))

    lever = Lever(_floor(share), 100, to, lambda n: f"provider {share:f} → {hundredths(n):f}")
    says = f"no provider holds more than {share:f} of all accelerators"
    return Words("max_share.provider", says, SHARE, lambda v: v.edit(("max_share",), None), (lever,))


def _survive(place: int, line: SurvivalSpec) -> Words:
    keys = ("survive", place)
    keep = line.keep
    floors = {"inference": keep.inference, "training": keep.training, **keep.workloads}
    given = [(name, share) for name, share in floors.items() if share or name in keep.workloads]
    kept = ", ".join(f"{name} {share:f}" for name, share in given)
    time = "" if line.within == "0" else f" within {line.within}"
    return Words(
        f"survive[{place}]",
        f"lose {line.lose}, keep {kept}{time}",
        SURVIVE,
        lambda v: v.edit((*keys, "keep"), KeepSpec(workloads=dict.fromkeys(keep.workloads, Decimal(0)))),
        tuple(_floor_ways((*keys, "keep"), line)),
        "survive",
    )


def _floor_ways(at: tuple[str | int, ...], line: SurvivalSpec) -> Iterator[Lever | Choice]:
    keep = line.keep
    for kind, share in (("inference", keep.inference), ("training", keep.training)):
        if share:
            yield _one_floor((*at, kind), kind, share)
    for name, share in sorted(keep.workloads.items()):
        if share:
            yield _one_floor((*at, "workloads", name), name, share)
    for later in ("15m", "4h")[("0", "15m", "4h").index(line.within) :]:
        change = f"within {line.within} → {later}"
        yield Choice(lambda v, later=later: v.edit((at[0], at[1], "within"), later), change)
    highest = max(keep.inference, keep.training, *keep.workloads.values())

    def cap(variant: Variant, value: int) -> Variant:
        most = hundredths(value)
        lower = KeepSpec(
            training=min(keep.training, most),
            inference=min(keep.inference, most),
            workloads={name: min(share, most) for name, share in keep.workloads.items()},
        )
        return variant.edit(at, lower)

    yield Lever(_floor(highest), 0, cap, lambda n: f"every floor at most {hundredths(n):f}", True)


def _one_floor(keys: tuple[str | int, ...], name: str, share: Decimal) -> Lever:
    def to(variant: Variant, value: int) -> Variant:
        return variant.edit(keys, hundredths(value))

    return Lever(_floor(share), 0, to, lambda n: f"{name} {share:f} → {hundredths(n):f}")
