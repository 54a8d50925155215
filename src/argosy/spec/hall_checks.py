"""What a bare-metal hall, its pools and its inventory must agree on, also with the other halls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from argosy.spec.bmc_address import bmc_address
from argosy.spec.hints import nearest
from argosy.spec.install_checks import check_install
from argosy.spec.models import HallSpec, NodeRange
from argosy.spec.path_checks import check_paths
from argosy.spec.power_checks import check_power
from argosy.spec.uplink_checks import check_uplinks

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.inventory import InventorySpec
    from argosy.spec.loader import LoadedFleet


def check_halls(fleet: LoadedFleet) -> Iterator[Fault]:
    """Faults of all halls and of their inventories."""
    halls = {name: site for name, site in fleet.spec.sites.items() if isinstance(site, HallSpec)}
    for name, hall in halls.items():
        inventory = fleet.inventories[name]
        twice = list(_check_unique_names(fleet, name, hall))
        yield from twice
        yield from check_paths(fleet, name, hall)
        yield from _check_inventory(fleet, name, hall, inventory)
        yield from _check_out_of_service(fleet, name, inventory)
        yield from _check_stock(fleet, name, hall, inventory)
        if not twice:
            yield from check_power(fleet, name, hall, inventory)
            yield from check_uplinks(fleet, name, hall)
            yield from check_install(fleet, name, hall)
    yield from _check_each_once(fleet)


def _check_unique_names(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    feeds = [feed.name for feed in hall.power.feeds]
    units = [unit.name for unit in hall.power.units]
    uplinks = [uplink.name for uplink in hall.uplinks]
    for at, before, names in (
        (f"sites.{site}.power.feeds", [], feeds),
        (f"sites.{site}.power.units", feeds, units),
        (f"sites.{site}.uplinks", [], uplinks),
    ):
        for index, name in _repeated(names, before):
            yield fleet.fault(
                f"{at}[{index}].name",
                given=f"the name {name!r} a second time",
                expected="a name of its own",
                fix="rename one of the two",
            )


def _repeated(names: Iterable[str], before: Iterable[str]) -> Iterator[tuple[int, str]]:
    seen = set(before)
    for index, name in enumerate(names):
        if name in seen:
            yield index, name
        seen.add(name)


def _check_inventory(
    fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec
) -> Iterator[Fault]:
    if inventory.site != site:
        yield fleet.fault(
            "site",
            site=site,
            given=f"the inventory of {inventory.site!r}, named by the site {site!r}",
            expected=f"the inventory of {site!r}",
            fix=f"write `site: {site}` here, or name another file at sites.{site}.inventory",
        )
    feeds = [feed.name for feed in hall.power.feeds]
    for index, server in enumerate(inventory.servers):
        for position, feed in enumerate(server.feeds):
            at = f"servers[{index}].feeds[{position}]"
            if feed not in feeds:
                yield fleet.fault(
                    at,
                    site=site,
                    given=f"the feed {feed!r} of server {server.serial}",
                    expected=f"a feed of the hall: {', '.join(sorted(set(feeds)))}",
                    fix=_meant(feed, feeds) or f"add it to sites.{site}.power.feeds",
                )
            elif feed in server.feeds[:position]:
                yield fleet.fault(
                    at,
                    site=site,
                    given=f"the feed {feed!r} of server {server.serial} a second time",
                    expected="each feed once",
                    fix="name the other feed, or delete it",
                )


def _check_out_of_service(fleet: LoadedFleet, site: str, inventory: InventorySpec) -> Iterator[Fault]:
    known = {server.serial for server in inventory.servers}
    for serial in inventory.out_of_service:
        if serial not in known:
            yield fleet.fault(
                f"out_of_service.{serial}",
                site=site,
                given=f"{serial!r}, which is no server of {site}",
                expected="the serial number of a server below `servers`",
                fix=_meant(serial, known) or "delete it; a server that is gone needs no entry",
            )


def _check_stock(fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec) -> Iterator[Fault]:
    stock = Counter(inventory.server_type_of(server) for server in inventory.servers)
    wanted: dict[str, list[str]] = {}
    needed: Counter[str] = Counter()
    spares: Counter[str] = Counter()
    for name, pool in hall.node_pools.items():
        if pool.server_type is not None:
            nodes = pool.nodes.min if isinstance(pool.nodes, NodeRange) else pool.nodes
            needed[pool.server_type] += nodes + pool.spares
            spares[pool.server_type] += pool.spares
            wanted.setdefault(pool.server_type, []).append(name)
    for server_type, pools in wanted.items():
        have, need = stock[server_type], needed[server_type]
        if not have:
            continue  # whether the type is known at all, only the catalogue can say (`argosy.catalog`)
        if need > have:
            yield fleet.fault(
                f"sites.{site}.node_pools.{pools[-1]}.nodes",
                given=f"{need} {server_type} servers in all, spares included, for {', '.join(pools)}",
                expected=f"at most the {have} of the inventory",
                fix=f"take {need - have} off, or add servers to {hall.inventory}",
            )
        elif need - spares[server_type] > have - (out := inventory.out_of_type(server_type)):
            yield fleet.fault(
                f"sites.{site}.node_pools.{pools[-1]}.nodes",
                given=f"{need - spares[server_type]} {server_type} servers for {', '.join(pools)}, spares not"
                " included",
                expected=f"at most the {have - out} of the inventory that are in service",
                fix=f"mend some of the {out} in `out_of_service` of {hall.inventory} and take them off it",
            )


def _check_each_once(fleet: LoadedFleet) -> Iterator[Fault]:
    seen: dict[tuple[str, str], str] = {}
    for site, inventory in fleet.inventories.items():
        for index, server in enumerate(inventory.servers):
            for key, value in (("serial", server.serial), ("bmc", bmc_address(server.bmc))):
                owner = seen.setdefault((key, value), f"servers[{index}] of {site}")
                if owner != f"servers[{index}] of {site}":
                    yield fleet.fault(
                        f"servers[{index}].{key}",
                        site=site,
                        given=f"{value!r}, which {owner} has as well",
                        expected=f"each server once, with a {key} of its own",
                        fix="correct or delete one of the two",
                    )


def _meant(word: str, known: Iterable[str]) -> str | None:
    close = nearest(word, known)
    return f"did you mean {close}?" if close else None
