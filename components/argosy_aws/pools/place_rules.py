"""Where the nodes of a pool may stand: zones that exist, and that offer the pool's type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from argosy.errors import Fault
from argosy_aws.facts import load_facts
from argosy_aws.network.local_zones import load_local_zones
from argosy_aws.settings import AwsPoolSettings
from argosy_component.cloud_pools import CloudPool

_ZONE_NAME = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")
# As many as `argosy_aws.network.subnets` has room for.
_ZONE_ID = re.compile(r"^([a-z0-9]+)-az[1-6]$")


def unknown_zones(pool: CloudPool) -> Iterator[Fault]:
    """Zones that the region does not have."""
    if pool.site.region not in load_facts().zones:
        return  # that has a fault of its own
    known = _zones_of(pool.site.region)
    stated = {zone for zone in _stated(pool) if _may_be_new(zone, known)}
    for zone in sorted(set(pool.zones) - set(known) - stated):
        why = "; a zone name means another zone in every account" if _ZONE_NAME.match(zone) else ""
        yield pool.fault(
            pool.zone_field,
            given=repr(zone),
            expected=f"a zone id of {pool.site.region}: {', '.join(known)}{why}",
            fix="write the id that `aws ec2 describe-availability-zones` shows beside the name",
        )


def not_offered(pool: CloudPool) -> Iterator[Fault]:
    """Types, of the pool or of its `also`, that a zone of the pool does not offer.

    Of a type that the data know nowhere nothing is said, nor of Local Zones, which they leave out. What AWS
    has added since is told by `settings.offered_in`, so that no data of one day stand in anyone's way.
    """
    if pool.type is not None:
        yield from _not_offered(pool, pool.type.name, pool.zone_field)
    # Of further types for other capacity another rule speaks.
    also = pool.settings(AwsPoolSettings).also if pool.capacity == "spot" else ()
    for index, name in enumerate(also):
        yield from _not_offered(pool, name, f"settings.also[{index}]")


def idle_offers(pool: CloudPool) -> Iterator[Fault]:
    """Zones of `offered_in` where the pool does not stand."""
    for index, zone in enumerate(_stated(pool)):
        if zone not in pool.zones:
            yield pool.fault(
                f"settings.offered_in[{index}]",
                given=f"{zone!r}, where the pool does not stand",
                expected=f"zones of the pool: {', '.join(pool.zones)}",
                fix="delete it",
            )


def _not_offered(pool: CloudPool, type_name: str, field: str) -> Iterator[Fault]:
    facts = load_facts()
    region, by_region = pool.site.region, facts.zones_that_offer(type_name)
    if by_region is None:
        return
    here = by_region.get(region, ())
    judged = set(facts.zones.get(region, ())) - set(here) - set(_stated(pool))
    for zone in sorted(judged.intersection(pool.zones)):
        since = facts.offerings_as_of.isoformat()
        yield pool.fault(
            field,
            given=f"{type_name} in {zone}",
            expected=f"{_places(region, by_region)} (as of {since})",
            fix=f"take one of them; if AWS has added {zone} since, write settings: {{offered_in: [{zone}]}}",
        )


def _places(region: str, by_region: Mapping[str, tuple[str, ...]]) -> str:
    if region in by_region:
        return f"a zone of {region} that offers it: {', '.join(by_region[region])}"
    return f"a region that offers it: {', '.join(sorted(by_region))}"


def _zones_of(region: str) -> tuple[str, ...]:
    """The zones of a region, and the Local Zones that are reached through one of them."""
    zones = load_facts().zones[region]
    return (*zones, *(zone for zone, local in sorted(load_local_zones().items()) if local.parent in zones))


def _stated(pool: CloudPool) -> tuple[str, ...]:
    return pool.settings(AwsPoolSettings).offered_in


def _may_be_new(zone: str, known: tuple[str, ...]) -> bool:
    """Whether this would be the id of a zone of the same region."""
    match, first = _ZONE_ID.match(zone), _ZONE_ID.match(known[0])
    return match is not None and first is not None and match[1] == first[1]
