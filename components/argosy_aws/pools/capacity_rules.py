"""What a pool says of its capacity that AWS would not take."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CapacitySpec
from argosy_aws.facts import load_facts
from argosy_aws.settings import AwsPoolSettings
from argosy_component.cloud_pools import CloudPool

_RESERVATION = re.compile(r"^cr-[0-9a-f]{8,17}$")
_GROUP = re.compile(r"^arn:aws[a-z-]*:resource-groups:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):group/\S+$")
_HELD = {"block": "Capacity Block", "reserved": "reservation"}


def unfit_reservation(pool: CloudPool) -> Iterator[Fault]:
    """A reservation that is neither an id of one nor, where that is legal, a group of them."""
    kind, given = _HELD.get(pool.capacity), pool.reservation
    if kind is None or _RESERVATION.match(given or ""):
        return
    group = _GROUP.match(given or "") if pool.capacity == "reserved" else None
    if group is None:
        yield _unfit(pool, "no reservation" if given is None else repr(given))
    elif group["region"] != pool.site.region:
        yield _unfit(pool, f"a group of reservations in {group['region']}")
    elif group["account"] != pool.site.account:
        yield _unfit(pool, f"a group of reservations of account {group['account']}")


def _unfit(pool: CloudPool, given: str) -> Fault:
    expected = f"the id of the {_HELD[pool.capacity]}, e.g. cr-0123456789abcdef0"
    if pool.capacity == "reserved":
        expected += ", or the ARN of a resource group of the site's account and region"
    return pool.fault(
        "capacity.reservation",
        given=given,
        expected=expected,
        fix="write the id that AWS gave the purchase; a fleet file buys nothing",
    )


def shared_reservations(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """Pools of the site that name a block or reservation that another pool of the fleet names too.

    Each would be planned with the whole of it, and the nodes of one of them would never come. A block has one
    pool; of a reservation, every pool must say its share.
    """
    for held, pools in _by_reservation(fleet).items():
        if len(pools) == 1:
            continue
        block = any(capacity.type == "block" for _, _, capacity in pools)
        for number, (owner, pool, capacity) in enumerate(pools):
            if owner != site:
                continue
            others = (f"{name} of {place}" for place, name, _ in pools if (place, name) != (owner, pool))
            path, shown = f"sites.{owner}.node_pools.{pool}.capacity", f"{held}, like {', '.join(others)}"
            if block and number:
                yield fleet.fault(
                    f"{path}.reservation",
                    given=shown,
                    expected="a Capacity Block that no other pool names, since it would count twice",
                    fix="write the id of this pool's own block, or make one pool of them",
                )
            elif not block and capacity.nodes is None:
                yield fleet.fault(
                    f"{path}.nodes",
                    given=f"no `nodes` for {shown}",
                    expected="each pool's share of a reservation that several name, or it would count twice",
                    fix="write capacity.nodes in every pool that names it: what the pool may take of it",
                )


def _by_reservation(fleet: LoadedFleet) -> Mapping[str, list[tuple[str, str, CapacitySpec]]]:
    """Reservation to the pools of AWS sites that name it: site, pool and capacity, as they are written."""
    found: dict[str, list[tuple[str, str, CapacitySpec]]] = {}
    for site, spec in fleet.spec.sites.items():
        for name, pool in spec.node_pools.items() if spec.provider == "aws" else ():
            capacity = pool.capacity
            if capacity is not None and capacity.type in _HELD and capacity.reservation is not None:
                found.setdefault(capacity.reservation, []).append((site, name, capacity))
    return found


def several_zones(pool: CloudPool) -> Iterator[Fault]:
    """A reservation or block in several zones. Only a group may hold reservations of several."""
    grouped = pool.capacity == "reserved" and _GROUP.match(pool.reservation or "")
    if pool.capacity in _HELD and len(pool.zones) > 1 and not grouped:
        yield pool.fault(
            "zones",
            given=f"{len(pool.zones)} zones",
            expected="one zone, since a reservation stands in one",
            fix="write zone: with the reservation's zone, and one pool per reservation",
        )


def misplaced_group(pool: CloudPool) -> Iterator[Fault]:
    """A placement group for capacity that was not reserved in one.

    A block has its own place, and forcing nodes of another reservation into a group makes launches fail.
    """
    if pool.settings(AwsPoolSettings).placement_group is not None and pool.capacity != "reserved":
        yield pool.fault(
            "settings.placement_group",
            given=f"a placement group for {pool.capacity} capacity",
            expected="one with reserved capacity only: the group that the reservation was made in",
            fix="delete it",
        )


def _drain_words(settings: AwsPoolSettings) -> str:
    left_out = "" if "drain_minutes" in settings.model_fields_set else "no `drain_minutes`, which stands for "
    return f"{left_out}{settings.drain_minutes} minutes"


def unfit_drain(pool: CloudPool) -> Iterator[Fault]:
    """`drain_minutes` without a block, or in which no node would be drained before AWS takes it."""
    settings = pool.settings(AwsPoolSettings)
    minutes = settings.drain_minutes
    if pool.capacity != "block":
        if "drain_minutes" in settings.model_fields_set:
            yield pool.fault(
                "settings.drain_minutes",
                given=f"`drain_minutes` for {pool.capacity} capacity",
                expected="`drain_minutes` with block capacity only, which ends by itself",
                fix="delete it",
            )
        return
    system = load_facts().rack_scale.get(pool.type.accelerator) if pool.type else None
    if system is not None and minutes <= system.taken_minutes_before:
        yield pool.fault(
            "settings.drain_minutes",
            given=_drain_words(settings),
            expected=f"more than {system.taken_minutes_before}, since EC2 takes these nodes so long before"
            " the end of their block",
            fix=f"write settings: {{drain_minutes: {system.taken_minutes_before + 30}}}",
        )


def never_runs(pool: CloudPool) -> Iterator[Fault]:
    """A block that is drained before it begins."""
    capacity, minutes = pool.spec.capacity, pool.settings(AwsPoolSettings).drain_minutes
    if capacity is None or capacity.type != "block" or capacity.starts is None or capacity.ends is None:
        return
    if capacity.starts < capacity.ends <= capacity.starts + dt.timedelta(minutes=minutes):
        yield pool.fault(
            "capacity.ends",
            given=f"a block that ends within the {minutes} minutes in which it is drained",
            expected="a block that lasts longer",
            fix="correct `starts` and `ends`, or write a smaller settings.drain_minutes",
        )


def broken_rack(pool: CloudPool) -> Iterator[Fault]:
    """A block that would hold a part of a rack-scale system."""
    system = load_facts().rack_scale.get(pool.type.accelerator) if pool.type else None
    held = pool.spec.capacity.nodes if pool.spec.capacity else None
    if system is not None and held is not None and held % system.nodes:
        whole = -(-held // system.nodes) * system.nodes
        yield pool.fault(
            "capacity.nodes",
            given=f"a block of {held} nodes",
            expected=f"a multiple of {system.nodes}, since whole systems are sold",
            fix=f"write nodes: {whole}, or what the purchase says",
        )
