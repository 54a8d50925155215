"""What the fields of one workload, and the workloads together, must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.hints import nearest
from argosy.spec.models import InferenceDemand, TrainingDemand

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

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
            else:
                yield from _check_service(fleet, at, workload)
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
