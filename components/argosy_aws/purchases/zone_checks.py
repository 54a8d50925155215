"""Where it is bought: the region, and what this account calls its zones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from argosy.catalog import closest_names
from argosy.errors import Fault
from argosy.spec.words import listed
from argosy_aws.facts import load_facts
from argosy_aws.purchases.order import Order

# `-atl2` of use1-atl2-az1, `-atl-2` of us-east-1-atl-2a: a Local Zone, in which some blocks lie.
_LOCAL_ID, _LOCAL_NAME = r"-[a-z]{3}[0-9]+", r"-[a-z]{3}-[0-9]+"


def _known_region(order: Order) -> Iterator[Fault]:
    regions, region = load_facts().zones, order.spec.region
    if region not in regions:
        near = closest_names(region, regions)
        yield order.fault(
            "region",
            given=repr(region),
            expected=f"an AWS region: {', '.join(regions)}",
            fix=f"write {near[0]}" if near else "name one of them",
        )


def _zones_of_the_region(order: Order) -> Iterator[Fault]:
    region = order.spec.region
    if region not in load_facts().zones:
        return
    for zone, name in order.spec.zones.items():
        if not _is_id(zone, region):
            yield order.fault(
                "zones",
                zone,
                given=repr(zone),
                expected=f"a zone id of {region}: {listed(load_facts().zones[region])}, or a Local Zone's",
                fix="write the ZoneId that `aws ec2 describe-availability-zones` shows",
            )
        if not re.fullmatch(f"{re.escape(region)}({_LOCAL_NAME})?[a-z]", name):
            yield order.fault(
                "zones",
                zone,
                given=repr(name),
                expected=f"the name that this account has for the zone, e.g. {region}a",
                fix="write the ZoneName that `aws ec2 describe-availability-zones` shows beside the id",
            )


def _one_id_per_name(order: Order) -> Iterator[Fault]:
    names = Counter(order.spec.zones.values())
    for zone, name in order.spec.zones.items():
        if names[name] > 1:
            yield order.fault(
                "zones",
                zone,
                given=f"{name}, which stands here {names[name]} times",
                expected="another name for every zone",
                fix="write the ZoneName that `aws ec2 describe-availability-zones` shows beside the id",
            )


def _zone_has_a_name(order: Order) -> Iterator[Fault]:
    for item in order.items():
        if item.spec.zone not in order.spec.zones:
            yield item.fault(
                "zone",
                given=repr(item.spec.zone),
                expected="a zone id that stands under zones:, with the name that this account has for it",
                fix=f"add e.g. `{item.spec.zone}: {order.spec.region}a` to zones:",
            )


def _is_id(zone: str, region: str) -> bool:
    regular = load_facts().zones[region]
    prefix = regular[0].rpartition("-")[0]
    return zone in regular or re.fullmatch(f"{re.escape(prefix)}{_LOCAL_ID}-az[0-9]+", zone) is not None


ZONE_RULES = (_known_region, _zones_of_the_region, _one_id_per_name, _zone_has_a_name)
