"""What AWS makes as an On-Demand Capacity Reservation, and how reservations are grouped."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.catalog import closest_names
from argosy.errors import Fault
from argosy_aws.purchases.kind_checks import not_sold, too_many_instances
from argosy_aws.purchases.limits import load_limits
from argosy_aws.purchases.models import Reservation
from argosy_aws.purchases.order import Order, shown_moment


def _can_be_reserved(order: Order) -> Iterator[Fault]:
    return not_sold(
        order,
        Reservation,
        "reserved",
        expected="a type that AWS reserves on demand",
        fix="buy it under capacity_blocks: instead",
    )


def _instances(order: Order) -> Iterator[Fault]:
    return too_many_instances(
        order,
        Reservation,
        load_limits().most_reserved_instances,
        of="reservation",
        fix="make several, and name them in a group",
    )


def _begins_now(order: Order) -> Iterator[Fault]:
    for item, reserved in order.to_buy(Reservation):
        if reserved.starts is not None:
            yield item.fault(
                "starts",
                given=shown_moment(reserved.starts),
                expected="no start: what is made here begins, and costs, as soon as it is made",
                fix=_how_to_reserve_ahead(reserved.instance_type),
            )


def _how_to_reserve_ahead(instance_type: str) -> str:
    families = load_limits().future_dated_families
    if instance_type[:1] in families:
        return (
            "delete it; or make it with `aws ec2 create-capacity-reservation --start-date …`, and write "
            "bought: with the cr- id beside starts:"
        )
    return (
        f"delete it; AWS reserves only {', '.join(sorted(families)).upper()} types for a later date: buy a "
        "Capacity Block"
    )


def _somebody_looks_again(order: Order) -> Iterator[Fault]:
    until = order.spec.counted_until
    endless = [item for item, reserved in order.entries(Reservation) if reserved.ends is None]
    if endless and until is None:
        for item in endless:
            yield item.fault(
                "ends",
                given="no end",
                expected="one, or counted_until: at the top of the file, so that its cost can be told",
                fix="write ends:, or counted_until: with the day on which it is looked at again",
            )
    if until is not None and until <= order.spec.approved.at:
        yield order.fault(
            "counted_until",
            given=shown_moment(until),
            expected=f"a moment after the approval of {shown_moment(order.spec.approved.at)}",
            fix="correct the date",
        )


def _counted_after_it_starts(order: Order) -> Iterator[Fault]:
    """A reservation for later whose hours would all lie behind what is counted: as if it cost nothing."""
    until = order.spec.counted_until
    for item, reserved in order.entries(Reservation):
        if until is not None and reserved.ends is None and reserved.starts and reserved.starts >= until:
            yield item.fault(
                "starts",
                given=f"{shown_moment(reserved.starts)}, with no end",
                expected=f"a moment before counted_until, {shown_moment(until)}, so that its cost is counted",
                fix="write ends:, or a later counted_until: at the top of the file",
            )


def _one_zone_per_placement_group(order: Order) -> Iterator[Fault]:
    zones: dict[str, str] = {}
    for item, reserved in order.to_buy(Reservation):
        group = reserved.placement_group
        if group is not None and zones.setdefault(group, reserved.zone) != reserved.zone:
            yield item.fault(
                "placement_group",
                given=f"{group}, which lies in {zones[group]} already",
                expected=f"a cluster placement group of {reserved.zone}: one lies in one zone",
                fix="name another group",
            )


def _members_exist(order: Order) -> Iterator[Fault]:
    for name, group in order.spec.groups.items():
        for index, member in enumerate(group.reservations):
            where = ("groups", name, "reservations", index)
            if member in order.spec.capacity_blocks:
                yield order.fault(
                    *where,
                    given=f"{member}, a Capacity Block",
                    expected="names from reservations: nodes on a block and nodes on a reservation cannot "
                    "share a pool",
                    fix="delete it; a pool names its block by the cr- id",
                )
            elif member not in order.spec.reservations:
                near = closest_names(member, order.spec.reservations)
                yield order.fault(
                    *where,
                    given=repr(member),
                    expected="a name from reservations",
                    fix=f"did you mean {near[0]}?" if near else "add the reservation, or delete the name",
                )
            elif member in group.reservations[:index]:
                yield order.fault(
                    *where, given=f"{member} again", expected="each name once", fix="delete one of them"
                )


def _names_that_groups_may_have(order: Order) -> Iterator[Fault]:
    # Resource Groups API, CreateGroup: a name cannot begin with the vendor's own.
    for name in order.spec.groups:
        if name.startswith("aws"):
            yield order.fault(
                "groups",
                name,
                given=repr(name),
                expected="a name that does not begin with aws, which AWS keeps for itself",
                fix="rename the group",
            )


RESERVATION_RULES = (
    _can_be_reserved,
    _instances,
    _begins_now,
    _somebody_looks_again,
    _counted_after_it_starts,
    _one_zone_per_placement_group,
    _members_exist,
    _names_that_groups_may_have,
)
