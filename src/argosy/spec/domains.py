"""What can be lost: every single domain of a fleet, by the words that name it.

| words | what is lost | scenario |
|---|---|---|
| a provider's name | all its sites; all halls are one provider, `metal` | `lose provider aws` |
| a site's name | that site | `lose site oslo` |
| a risk group's name | the sites, feeds and uplinks that it lists | `lose risk group east-coast` |
| `zone PROVIDER/ZONE` | that zone of a cloud, over all sites; `zone HALL` | `lose zone aws/use1-az4` |
| `rack SITE/RACK` | a rack with a server of a type that a pool of the hall uses | `lose rack oslo/r1` |
| `feed SITE/FEED` | that feed | `lose feed oslo/a` |
| `uplink SITE/UPLINK` | that uplink, and with it every other in its conduit | `lose uplink oslo/sky-1` |
| `conduit NAME` | every uplink in it, over all halls | `lose conduit east-duct` |
| `carrier NAME` | every uplink of that carrier, over all halls | `lose carrier nordic-fibre` |
| `entry SITE/ENTRY` | every uplink that enters the building there | `lose entry oslo/east-wall` |
| `power supplier NAME` | every feed of that supplier, over all halls | `lose power supplier oslo-grid` |
| `power unit SITE/UNIT` | that UPS, PDU or other unit of the hall | `lose power unit oslo/pdu-a` |
| `spot` | all spot capacity at once | `lose spot` |

A conduit with one uplink goes by that uplink's name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from argosy.spec.models import HallSpec

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet

_T = TypeVar("_T")


@dataclass(frozen=True)
class Loss:
    """Everything that one scenario takes away."""

    sites: frozenset[str] = frozenset()
    zones: frozenset[tuple[str, str]] = frozenset()
    """(provider, zone)."""
    racks: frozenset[tuple[str, str]] = frozenset()
    """(site, rack)."""
    feeds: frozenset[tuple[str, str]] = frozenset()
    """(site, feed)."""
    units: frozenset[tuple[str, str]] = frozenset()
    """(site, power unit)."""
    uplinks: frozenset[tuple[str, str]] = frozenset()
    """(site, uplink)."""
    spot: bool = False


Named = Mapping[str, tuple[str, Loss]]
"""The words for a domain to the id of its scenario and to what it takes away."""


def _grouped(pairs: Iterable[tuple[str | None, _T]]) -> dict[str, frozenset[_T]]:
    groups: dict[str, set[_T]] = defaultdict(set)
    for name, member in pairs:
        if name is not None:
            groups[name].add(member)
    return {name: frozenset(members) for name, members in groups.items()}


def _halls(fleet: LoadedFleet) -> Iterator[tuple[str, HallSpec]]:
    return ((name, site) for name, site in fleet.spec.sites.items() if isinstance(site, HallSpec))


def _providers(fleet: LoadedFleet) -> Named:
    sites = _grouped((site.provider, name) for name, site in fleet.spec.sites.items())
    return {name: (f"lose provider {name}", Loss(sites=lost)) for name, lost in sites.items()}


def _sites(fleet: LoadedFleet) -> Named:
    return {name: (f"lose site {name}", Loss(sites=frozenset({name}))) for name in fleet.spec.sites}


def _zones(fleet: LoadedFleet) -> Named:
    pools = ((site, pool) for site in fleet.spec.sites.values() for pool in site.node_pools.values())
    zones = {(site.provider, zone) for site, pool in pools for zone in (pool.zone, *pool.zones) if zone}
    lost = {f"zone {provider}/{zone}": Loss(zones=frozenset({(provider, zone)})) for provider, zone in zones}
    lost |= {f"zone {hall}": Loss(sites=frozenset({hall})) for hall, _ in _halls(fleet)}
    return _by_their_words(lost)


def _racks(fleet: LoadedFleet) -> Named:
    racks: set[tuple[str, str]] = set()
    for site, hall in _halls(fleet):
        used = {pool.server_type for pool in hall.node_pools.values()}
        inventory = fleet.inventories[site]
        racks |= {
            (site, server.rack) for server in inventory.servers if inventory.server_type_of(server) in used
        }
    return _by_their_words(
        {f"rack {site}/{rack}": Loss(racks=frozenset({(site, rack)})) for site, rack in racks}
    )


def _feeds(fleet: LoadedFleet) -> Named:
    feeds = [(site, feed.name) for site, hall in _halls(fleet) for feed in hall.power.feeds]
    return _by_their_words(
        {f"feed {site}/{feed}": Loss(feeds=frozenset({(site, feed)})) for site, feed in feeds}
    )


def _uplinks(fleet: LoadedFleet) -> Named:
    links = [(site, link) for site, hall in _halls(fleet) for link in hall.uplinks]
    conduits = _grouped((link.conduit, (site, link.name)) for site, link in links)
    named: dict[str, tuple[str, Loss]] = {}
    for site, link in links:
        lost = conduits[link.conduit] if link.conduit else frozenset({(site, link.name)})
        words = f"uplink {site}/{link.name}"
        name = f"lose {words}" if len(lost) == 1 else f"lose conduit {link.conduit}"
        named[words] = name, Loss(uplinks=lost)
        if link.conduit:
            named[f"conduit {link.conduit}"] = named[words]
    return named


def _carriers(fleet: LoadedFleet) -> Named:
    links = _grouped(
        (link.carrier, (site, link.name)) for site, hall in _halls(fleet) for link in hall.uplinks
    )
    return _by_their_words({f"carrier {name}": Loss(uplinks=lost) for name, lost in links.items()})


def _entries(fleet: LoadedFleet) -> Named:
    links = [(site, link) for site, hall in _halls(fleet) for link in hall.uplinks]
    entries = _grouped(
        (f"{site}/{link.entry}" if link.entry else None, (site, link.name)) for site, link in links
    )
    return _by_their_words({f"entry {name}": Loss(uplinks=lost) for name, lost in entries.items()})


def _power_units(fleet: LoadedFleet) -> Named:
    units = [(site, unit.name) for site, hall in _halls(fleet) for unit in hall.power.units]
    return _by_their_words(
        {f"power unit {site}/{unit}": Loss(units=frozenset({(site, unit)})) for site, unit in units}
    )


def _power_suppliers(fleet: LoadedFleet) -> Named:
    feeds = _grouped(
        (feed.supplier, (site, feed.name)) for site, hall in _halls(fleet) for feed in hall.power.feeds
    )
    return _by_their_words({f"power supplier {name}": Loss(feeds=lost) for name, lost in feeds.items()})


def _risk_groups(fleet: LoadedFleet) -> Named:
    return {
        name: (
            f"lose risk group {name}",
            Loss(
                sites=frozenset(group.sites),
                feeds=frozenset(map(_in_hall, group.feeds)),
                uplinks=frozenset(map(_in_hall, group.uplinks)),
            ),
        )
        for name, group in fleet.spec.risk_groups.items()
    }


def _in_hall(words: str) -> tuple[str, str]:
    site, _, name = words.partition("/")
    return site, name


def _spot(_fleet: LoadedFleet) -> Named:
    return _by_their_words({"spot": Loss(spot=True)})


def _by_their_words(losses: Mapping[str, Loss]) -> Named:
    return {words: (f"lose {words}", loss) for words, loss in losses.items()}


KINDS: Mapping[str, Callable[[LoadedFleet], Named]] = {
    "provider": _providers,
    "site": _sites,
    "zone": _zones,
    "rack": _racks,
    "feed": _feeds,
    "uplink": _uplinks,
    "carrier": _carriers,
    "entry": _entries,
    "power supplier": _power_suppliers,
    "power unit": _power_units,
    "risk group": _risk_groups,
    "spot": _spot,
}
"""Kind to all domains of it: each stands for the line `any KIND`, and `spot` for itself."""
