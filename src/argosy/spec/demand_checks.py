"""What the fields of one workload, and the workloads together, must agree on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.spec.demand import InferenceDemand, TrainingDemand
from argosy.spec.hints import nearest
from argosy.spec.words import listed

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import SiteSpec

SIZING_KEYS = ("model", "requests_per_month", "input_tokens", "output_tokens", "ttft_ms", "tpot_ms")
"""What the size of a service is worked out from when `nodes` does not pin it."""


def check_demand(fleet: LoadedFleet) -> Iterator[Fault]:
    """Faults of all workloads."""
    first: dict[str, str] = {}
    for kind in ("training", "inference"):
        workloads: tuple[TrainingDemand | InferenceDemand, ...] = getattr(fleet.spec.demand, kind)
        for index, workload in enumerate(workloads):
            at = f"demand.{kind}[{index}]"
            yield from _check_accelerators(fleet, at, workload)
            if isinstance(workload, TrainingDemand):
                yield from _check_replicas(fleet, at, workload)
                yield from _check_checkpoints(fleet, at, workload)
                yield from _check_job_residency(fleet, at, workload)
            else:
                yield from _check_service(fleet, at, workload)
                yield from _check_factors(fleet, at, workload)
                yield from _check_regions(fleet, at, workload)
            if first.setdefault(workload.name, at) != at:
                yield fleet.fault(
                    f"{at}.name",
                    given=f"the name {workload.name!r}, which {first[workload.name]} has as well",
                    expected="a name of its own",
                    fix="rename one of the two",
                )


def _check_accelerators(
    fleet: LoadedFleet, at: str, workload: TrainingDemand | InferenceDemand
) -> Iterator[Fault]:
    for index, accelerator in enumerate(workload.accelerator):
        if accelerator in workload.accelerator[:index]:
            yield fleet.fault(
                f"{at}.accelerator[{index}]",
                given=f"{accelerator!r} a second time",
                expected="each accelerator once, best first",
                fix="delete it",
            )


def _check_replicas(fleet: LoadedFleet, at: str, job: TrainingDemand) -> Iterator[Fault]:
    for index, site in enumerate(job.replicated_to):
        if site not in fleet.spec.sites:
            close = nearest(site, fleet.spec.sites)
            yield fleet.fault(
                f"{at}.replicated_to[{index}]",
                given=f"{site!r}, which is not a site of this fleet",
                expected=f"one of {', '.join(sorted(fleet.spec.sites))}",
                fix=f"did you mean {close}?" if close else "name a site",
            )
        elif site in job.replicated_to[:index]:
            yield fleet.fault(
                f"{at}.replicated_to[{index}]",
                given=f"{site!r} a second time",
                expected="each site once",
                fix="delete it",
            )


def _check_service(fleet: LoadedFleet, at: str, service: InferenceDemand) -> Iterator[Fault]:
    missing = [key for key in SIZING_KEYS if getattr(service, key) is None]
    if service.nodes is None and missing:
        yield fleet.fault(
            at,
            given=f"neither `nodes` nor {', '.join(f'`{key}`' for key in missing)}",
            expected="`nodes`, or everything that a size is worked out from",
            fix="add `nodes: …`, or the keys that are missing",
        )
    total = sum(service.regions.values())
    if service.regions and total != 1:
        yield fleet.fault(
            f"{at}.regions",
            given=f"shares that add up to {total}",
            expected="shares that add up to 1",
            fix=f"{'add' if total < 1 else 'take off'} {abs(1 - total)}",
        )


def _check_checkpoints(fleet: LoadedFleet, at: str, job: TrainingDemand) -> Iterator[Fault]:
    if job.checkpoint_gb is not None and job.checkpoint_minutes is None:
        yield fleet.fault(
            f"{at}.checkpoint_gb",
            given=f"checkpoints of {job.checkpoint_gb} GB without `checkpoint_minutes`",
            expected="the time between two of them, since both decide what uplinks must carry",
            fix="add e.g. `checkpoint_minutes: 20`",
        )


def _check_job_residency(fleet: LoadedFleet, at: str, job: TrainingDemand) -> Iterator[Fault]:
    countries = _countries(fleet)
    if job.residency and countries.isdisjoint(job.residency):
        yield _no_site_in(fleet, f"{at}.residency", job.residency, "", countries)


def _check_factors(fleet: LoadedFleet, at: str, service: InferenceDemand) -> Iterator[Fault]:
    peaks = {"diurnal_factor": service.diurnal_factor, "burst_factor": service.burst_factor}
    for key, factor in peaks.items():
        if factor is not None and factor < 1:
            yield fleet.fault(
                f"{at}.{key}",
                given=f"{factor}, a peak below its own mean",
                expected="1 or more",
                fix="write 1, or the peak over the mean",
            )
    shares = {
        "utilisation": service.utilisation,
        "latency_derate": service.latency_derate,
        "availability": service.availability,
    }
    for key, share in shares.items():
        if share is not None and share == 0:
            yield fleet.fault(
                f"{at}.{key}",
                given=f"{share}, with which no number of nodes is enough",
                expected="a share above 0",
                fix="write a share above 0, or delete it to take the default",
            )


def _check_regions(fleet: LoadedFleet, at: str, service: InferenceDemand) -> Iterator[Fault]:
    for region in service.regions:
        if not _serving(fleet, region):
            served = sorted({name for site in fleet.spec.sites.values() for name in site.serves})
            close = nearest(region, served)
            yield fleet.fault(
                f"{at}.regions.{region}",
                given=f"the region {region!r}, which no site serves",
                expected=f"one of {', '.join(served)}",
                fix=f"did you mean {close}?" if close else f"add {region} to the `serves` of a site",
            )
    for region, allowed in service.residency.items():
        if service.regions and region not in service.regions:
            close = nearest(region, service.regions)
            yield fleet.fault(
                f"{at}.residency.{region}",
                given=f"the region {region!r}, which `regions` lacks",
                expected=f"one of {', '.join(sorted(service.regions))}",
                fix=f"did you mean {close}?" if close else "add its share to `regions`, or delete it",
            )
        elif _serving(fleet, region) and _countries(fleet, region).isdisjoint(allowed):
            where = f" that serves {region}"
            yield _no_site_in(fleet, f"{at}.residency.{region}", allowed, where, _countries(fleet, region))


def _serving(fleet: LoadedFleet, region: str | None) -> list[SiteSpec]:
    """Sites that answer users of the region in time; all sites for None."""
    return [
        site for site in fleet.spec.sites.values() if region is None or region in (site.serves or {region})
    ]


def _countries(fleet: LoadedFleet, region: str | None = None) -> set[str]:
    return {site.country for site in _serving(fleet, region) if site.country}


def _no_site_in(
    fleet: LoadedFleet, at: str, allowed: Sequence[str], where: str, countries: Collection[str]
) -> Fault:
    have = ", ".join(sorted(countries))
    return fleet.fault(
        at,
        given=f"{listed(allowed)}, where no site{where} is",
        expected=f"at least one of {have}" if have else "sites that name their `country`",
        fix="add a country with a site" if have else "add `country: …` to the sites",
    )
