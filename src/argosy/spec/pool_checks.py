"""What the fields of one node pool must agree on, on a cloud and in a hall."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.commitment_checks import check_commitment, check_multiple
from argosy.spec.models import CapacitySpec, HallSpec, NodePoolSpec, NodeRange

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def check_pools(fleet: LoadedFleet) -> Iterator[Fault]:
    """Faults of all node pools."""
    for site_name, site in fleet.spec.sites.items():
        check_kind = _check_hall_pool if isinstance(site, HallSpec) else _check_cloud_pool
        for pool_name, pool in site.node_pools.items():
            at = f"sites.{site_name}.node_pools.{pool_name}"
            yield from _check_sizes(fleet, at, pool)
            yield from check_multiple(fleet, at, pool)
            yield from check_commitment(fleet, at, pool)
            yield from check_kind(fleet, at, pool)


def _check_sizes(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    least = pool.nodes.min if isinstance(pool.nodes, NodeRange) else pool.nodes
    if isinstance(pool.nodes, NodeRange) and pool.nodes.min > pool.nodes.max:
        yield fleet.fault(
            f"{at}.nodes",
            given=f"min {pool.nodes.min} above max {pool.nodes.max}",
            expected="min at most max",
            fix="swap them",
        )
    quota = pool.capacity.quota_nodes if pool.capacity else None
    if quota is not None and least > quota:
        yield fleet.fault(
            f"{at}.capacity.quota_nodes",
            given=f"a quota of {quota} nodes for a pool of at least {least}",
            expected="a quota that the pool fits in",
            fix=f"write nodes: {quota}, or raise the quota with the vendor first",
        )


def _check_cloud_pool(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    yield from _check_type(fleet, at, pool, wanted="instance_type", other="server_type", where="on a cloud")
    yield from _check_zones(fleet, at, pool)
    bare_metal = {"spares": pool.spares, "image": pool.image, "power_cap_watts": pool.power_cap_watts}
    for key, given in bare_metal.items():
        if given:
            yield fleet.fault(
                f"{at}.{key}",
                given=f"`{key}` on a cloud",
                expected=f"`{key}` in bare-metal halls only",
                fix="delete it",
            )
    if pool.capacity is None:
        yield fleet.fault(
            at,
            given="no `capacity`",
            expected="how the cloud sells the nodes: reserved, block, on-demand, spot or flex",
            fix="add e.g. `capacity: {type: on-demand}`",
        )
    else:
        yield from _check_capacity(fleet, f"{at}.capacity", pool.capacity)


def _check_type(
    fleet: LoadedFleet, at: str, pool: NodePoolSpec, *, wanted: str, other: str, where: str
) -> Iterator[Fault]:
    if getattr(pool, other) is not None:
        has_both = getattr(pool, wanted) is not None
        yield fleet.fault(
            f"{at}.{other}",
            given=f"`{other}` {where}",
            expected=f"`{wanted}` alone" if has_both else f"`{wanted}`",
            fix=f"delete `{other}`" if has_both else f"rename it to `{wanted}`",
        )
    elif getattr(pool, wanted) is None:
        yield fleet.fault(at, given=f"no `{wanted}`", expected="what a node is", fix=f"add `{wanted}: …`")


def _check_zones(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    if pool.zone is not None and pool.zones:
        yield fleet.fault(
            f"{at}.zones",
            given="`zone` and `zones`",
            expected="one of them",
            fix="keep `zone` for a pool that needs a fabric, else `zones`",
        )
    elif pool.zone is None and not pool.zones:
        yield fleet.fault(
            at,
            given="neither `zone` nor `zones`",
            expected="where the nodes stand",
            fix="add `zone: …`, or `zones: […]` to spread them",
        )
    for index, zone in enumerate(pool.zones):
        if zone in pool.zones[:index]:
            yield fleet.fault(
                f"{at}.zones[{index}]",
                given=f"the zone {zone!r} a second time",
                expected="each zone once",
                fix="delete it",
            )


def _check_capacity(fleet: LoadedFleet, at: str, capacity: CapacitySpec) -> Iterator[Fault]:
    kind = capacity.type
    if kind == "owned":
        yield fleet.fault(
            f"{at}.type",
            given="owned capacity on a cloud",
            expected="reserved, block, on-demand, spot or flex",
            fix="say how the nodes are bought",
        )
    if kind in ("reserved", "block") and capacity.reservation is None:
        yield fleet.fault(
            at,
            given=f"{kind} capacity without `reservation`",
            expected="the reservation's id, as the vendor writes it",
            fix="add `reservation: …`",
        )
    if kind == "block" and capacity.ends is None:
        yield fleet.fault(
            at,
            given="a capacity block without `ends`",
            expected="when the block ends, with its UTC offset",
            fix="add e.g. `ends: 2027-03-01T11:30Z`",
        )
    if kind in ("on-demand", "spot") and capacity.reservation is not None:
        yield fleet.fault(
            f"{at}.reservation",
            given=f"a reservation for {kind} capacity",
            expected="one with reserved or block capacity only",
            fix="write `type: reserved`, or delete it",
        )


def _check_hall_pool(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    yield from _check_type(fleet, at, pool, wanted="server_type", other="instance_type", where="in a hall")
    for key, given in (("zone", pool.zone), ("zones", pool.zones)):
        if given:
            yield fleet.fault(
                f"{at}.{key}",
                given=f"`{key}` in a hall",
                expected=f"`{key}` on clouds only, since the inventory says where servers stand",
                fix="delete it",
            )
    if pool.image is None:
        yield fleet.fault(
            at,
            given="no `image`",
            expected="what the machines install",
            fix="add `image: {url: https://…, sha256: …}`",
        )
    if pool.capacity is not None and pool.capacity.type != "owned":
        yield fleet.fault(
            f"{at}.capacity.type",
            given=f"{pool.capacity.type} capacity in a hall",
            expected="owned, which every hall's servers are",
            fix="delete `capacity`",
        )
