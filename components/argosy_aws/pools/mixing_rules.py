"""Which further instance types a pool's nodes may be: only ones that a job cannot tell from the first."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.catalog import InstanceType, closest_names
from argosy.errors import Fault
from argosy_aws.cards.nics import choose_max_pods, choose_network_interfaces
from argosy_aws.settings import AwsPoolSettings
from argosy_component.cloud_pools import CloudPool


def unfit_mix(pool: CloudPool) -> Iterator[Fault]:
    """Further types of a pool that is not spot, that are not known, or that differ from its own type.

    All nodes of a pool come from one launch template, so one layout of network cards must be right for all.
    """
    also = pool.settings(AwsPoolSettings).also
    if also and pool.capacity != "spot":
        yield pool.fault(
            "settings.also",
            given=f"further instance types for {pool.capacity} capacity",
            expected="them with spot capacity only, of which AWS may have one type and not the other",
            fix="delete it, or write a pool for each type",
        )
        return
    for index, name in enumerate(also):
        yield from _unfit(pool, index, name, also)


def _unfit(pool: CloudPool, index: int, name: str, also: tuple[str, ...]) -> Iterator[Fault]:
    field, other, own = f"settings.also[{index}]", pool.type_named(name), pool.type
    if own is None:
        return
    if name == own.name or name in also[:index]:
        yield pool.fault(field, given=f"{name!r} a second time", expected="each type once", fix="delete it")
    elif other is None:
        known = [key.partition("/")[2] for key in pool.catalog.instance_types if key.startswith("aws/")]
        near = closest_names(name, known)
        yield pool.fault(
            field,
            given=f"{name!r}, which is not in the catalogue",
            expected="one of the catalogue's instance types",
            fix=f"did you mean {near[0]}?" if near else "list all: argosy catalog instance-types",
        )
    elif "spot" not in other.capacity_types:
        yield pool.fault(
            field,
            given=f"{name}, which is not sold as spot",
            expected="types that are",
            fix="delete it",
        )
    elif differences := _differences(own, other):
        yield pool.fault(
            field,
            given=f"{name}, whose {differences} are not those of {own.name}",
            expected="types that one launch template fits and no job can tell apart",
            fix=f"write a pool of its own for {name}",
        )


def _differences(own: InstanceType, other: InstanceType) -> str:
    pairs = {
        "accelerators": (
            (own.accelerator, own.accelerators),
            (other.accelerator, other.accelerators),
        ),
        "processors": ((own.arch, own.vcpus), (other.arch, other.vcpus)),
        "GiB of memory": (own.memory_gib, other.memory_gib),
        "local disks": (own.local_ssd is None, other.local_ssd is None),
        "network cards": (choose_network_interfaces(own), choose_network_interfaces(other)),
        "pods per node": (choose_max_pods(own), choose_max_pods(other)),
    }
    return ", ".join(name for name, (one, another) in pairs.items() if one != another)
