"""What must hold before money is spent. Each rule yields faults; all of them are asked, whatever one says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from argosy.catalog import Catalog, closest_names
from argosy.errors import Fault
from argosy.spec.places import Places
from argosy.spec.words import counted
from argosy_aws.purchases.block_checks import BLOCK_RULES
from argosy_aws.purchases.costs import costs, total_usd, usd
from argosy_aws.purchases.limits import load_limits
from argosy_aws.purchases.models import PurchaseSpec
from argosy_aws.purchases.order import Order, shown_moment
from argosy_aws.purchases.reservation_checks import RESERVATION_RULES
from argosy_aws.purchases.zone_checks import ZONE_RULES


def check_purchases(spec: PurchaseSpec, places: Places, catalog: Catalog) -> list[Fault]:
    """Everything that is wrong with a purchase file of the right shape."""
    order = Order(spec, places, catalog)
    rules = (*ZONE_RULES, *_FILE_RULES, *BLOCK_RULES, *RESERVATION_RULES)
    return [fault for rule in rules for fault in rule(order)]


def _buys_something(order: Order) -> Iterator[Fault]:
    if not any(True for _ in order.items()):
        yield order.fault(
            given="a file that buys nothing",
            expected="at least one entry in capacity_blocks or reservations",
            fix="add what is bought, or delete the file",
        )


def _one_meaning_per_name(order: Order) -> Iterator[Fault]:
    for name in sorted(set(order.spec.capacity_blocks) & set(order.spec.reservations)):
        yield order.fault(
            "reservations",
            name,
            given=f"{name}, which is a Capacity Block's name too",
            expected="a name of its own, since the stack prints ids by name",
            fix="rename one of them",
        )


def _one_purchase_per_id(order: Order) -> Iterator[Fault]:
    for field in ("offering", "bought"):
        named = sorted(
            (id_, item.kind, item.name)
            for item in order.items()
            if (id_ := getattr(item.spec, field, None)) is not None
        )
        for first, second in pairwise(named):
            if first[0] == second[0]:
                yield order.fault(
                    *second[1:],
                    field,
                    given=f"{second[0]}, as in {first[1]}.{first[2]}",
                    expected="an id that stands here once: it is one purchase",
                    fix="delete the entry that is too many",
                )


def _known_types(order: Order) -> Iterator[Fault]:
    known = [entry.name for entry in order.catalog.instance_types.values() if entry.provider == "aws"]
    for item in order.items():
        if item.type is None:
            near = closest_names(item.spec.instance_type, known)
            yield item.fault(
                "instance_type",
                given=repr(item.spec.instance_type),
                expected="an instance type of the catalogue",
                fix=f"did you mean {near[0]}?" if near else "`argosy catalog instance-types` lists them",
            )


def _no_whole_ultraservers(order: Order) -> Iterator[Fault]:
    for item in order.items():
        if item.spec.instance_type in load_limits().ultraserver_types and item.spec.bought is None:
            yield item.fault(
                "instance_type",
                given=item.spec.instance_type,
                expected="a type that is sold by the instance; this one is sold by the UltraServer",
                fix="buy it with `aws ec2 purchase-capacity-block` (offerings: --ultraserver-type and "
                "--ultraserver-count), then write bought: with the cr- id in place of offering:",
            )


def _ends_after_it_starts(order: Order) -> Iterator[Fault]:
    for item in order.items():
        begin, end = item.spec.starts or order.spec.approved.at, item.spec.ends
        if end is not None and end <= begin:
            since = "starts" if item.spec.starts else "the approval, before which nothing is made"
            yield item.fault(
                "ends",
                given=shown_moment(end),
                expected=f"a moment after {shown_moment(begin)} ({since})",
                fix="correct the date",
            )


def _within_budget(order: Order) -> Iterator[Fault]:
    committed = costs(order.spec)
    total = total_usd(committed)
    if total > order.spec.budget_usd:
        parts = " + ".join(f"{cost.name} {usd(cost.usd)}" for cost in committed)
        yield order.fault(
            "budget_usd",
            given=usd(order.spec.budget_usd),
            expected=f"at least {usd(total)}, which is what stands below ({counted(len(committed), 'item')}: "
            f"{parts})",
            fix="buy less, or have the higher sum approved",
        )


_FILE_RULES = (
    _buys_something,
    _one_meaning_per_name,
    _one_purchase_per_id,
    _known_types,
    _no_whole_ultraservers,
    _ends_after_it_starts,
    _within_budget,
)
