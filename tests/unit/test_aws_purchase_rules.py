"""A purchase file is refused before money is spent: every rule has a file that breaks it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest

from argosy.errors import FleetError
from argosy_aws.purchases.costs import costs, total_usd
from argosy_aws.purchases.limits import load_limits

from .conftest import LoadOrder

Refused = Callable[..., str]


@pytest.fixture
def refused(load_order: LoadOrder) -> Refused:
    """The one fault of the example with a change."""

    def make(changes: dict[str, Any]) -> str:
        with pytest.raises(FleetError) as raised:
            load_order(changes)
        assert 1 == len(raised.value.faults), str(raised.value)
        return str(raised.value)

    return make


BLOCK = "capacity_blocks/train-january"


def test_the_example_is_sound(load_order: LoadOrder) -> None:
    assert Decimal("1828610.28") == total_usd(costs(load_order().spec))


def test_a_reservation_costs_from_its_approval_to_its_end(load_order: LoadOrder) -> None:
    loaded = load_order({"reservations/serve-az4/ends": "2026-12-15T09:00Z"})

    # 8 nodes for 24 hours at 30.13 USD.
    assert {"serve-az4": Decimal("5784.96")} == {
        cost.name: cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az4"
    }


def test_a_reservation_without_an_end_is_counted_until_it_is_looked_at_again(load_order: LoadOrder) -> None:
    loaded = load_order({"counted_until": "2026-12-15T09:00Z"})

    assert Decimal("2892.48") == next(cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az6")


def test_a_part_of_a_cent_is_rounded_up(load_order: LoadOrder) -> None:
    loaded = load_order({"reservations/serve-az4/ends": "2026-12-14T09:00:01Z"})

    # 8 nodes for a second at 30.13 USD an hour: 0.0669… USD.
    assert Decimal("0.07") == next(cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az4")


def test_a_sum_above_the_budget_is_refused_with_the_sum(refused: Refused) -> None:
    fault = refused({"budget_usd": 1_828_610})

    assert "budget_usd: given 1,828,610.00 USD; expected at least 1,828,610.28 USD" in fault
    assert "train-january 894,700.80 USD" in fault


def test_a_budget_that_is_met_to_the_cent_is_enough(load_order: LoadOrder) -> None:
    assert load_order({"budget_usd": 1828610.28})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"region": "us-east-9"}, "region: given 'us-east-9'"),
        (
            {"zones/use2-az1": "us-east-1a"},
            "zones.use2-az1: given 'use2-az1'; expected a zone id of us-east-1",
        ),
        ({"zones/use1-az1": "us-west-2a"}, "zones.use1-az1: given 'us-west-2a'; expected the name"),
        (
            {f"{BLOCK}/zone": "use1-az1"},
            "zone: given 'use1-az1'; expected a zone id that stands under zones:",
        ),
        ({f"{BLOCK}/instance_type": "p5en.48xlarg"}, "did you mean p5en.48xlarge?"),
        ({f"{BLOCK}/instance_type": "g6e.48xlarge"}, "expected a type that AWS sells in Capacity Blocks"),
        ({f"{BLOCK}/instances": 65}, "instances: given 65; expected at most 64 in one Capacity Block"),
        ({f"{BLOCK}/offering": None}, "offering: given neither offering nor bought"),
        ({f"{BLOCK}/ends": "2027-01-25T12:00Z"}, "ends: given 2027-01-25T12:00Z; expected 11:30 UTC"),
        ({f"{BLOCK}/ends": "2027-01-26T11:30Z"}, "ends: given 15 days; expected a length that is sold"),
        ({f"{BLOCK}/ends": "2027-07-19T11:30Z"}, "ends: given 189 days; expected a length that is sold"),
        ({f"{BLOCK}/ends": "2027-01-10T11:30Z"}, "expected a moment after 2027-01-11T11:30Z (starts)"),
        (
            {f"{BLOCK}/starts": "2026-12-14T09:00Z", f"{BLOCK}/ends": "2026-12-17T11:30Z"},
            "starts: given 2026-12-14T09:00Z; expected a moment after the approval",
        ),
        (
            {f"{BLOCK}/instance_type": "trn2u.48xlarge"},
            "buy it with `aws ec2 purchase-capacity-block`",
        ),
        (
            {"reservations/serve-az4/instances": 1001, "budget_usd": 100_000_000},
            "instances: given 1001; expected at most 1000 in one reservation",
        ),
        (
            {"reservations/serve-az4/starts": "2027-01-11T11:30Z"},
            "or make it with `aws ec2 create-capacity-reservation --start-date",
        ),
        (
            {"reservations/serve-az4/ends": "2026-12-14T08:00Z"},
            "expected a moment after 2026-12-14T09:00Z (the approval, before which nothing is made)",
        ),
        (
            {"reservations/serve-az4/ends": "2027-02-01T00:00Z", "counted_until": None},
            "reservations.serve-az6.ends: given no end",
        ),
        ({"counted_until": "2026-12-14T09:00Z"}, "counted_until: given 2026-12-14T09:00Z"),
        (
            {
                "reservations/serve-az4/placement_group": "close",
                "reservations/serve-az6/placement_group": "close",
            },
            "placement_group: given close, which lies in use1-az4 already",
        ),
        (
            {"groups/serve/reservations": ["serve-az5"]},
            "given 'serve-az5'; expected a name from reservations",
        ),
        ({"groups/serve/reservations": ["train-january"]}, "given train-january, a Capacity Block"),
        ({"groups/serve/reservations": ["serve-az4", "serve-az4"]}, "given serve-az4 again"),
        ({"groups/aws-serve": {"reservations": ["serve-az4"]}}, "a name that does not begin with aws"),
    ],
)
def test_what_would_waste_money_is_refused(refused: Refused, changes: dict[str, Any], expected: str) -> None:
    assert expected in refused(changes)


def test_a_name_for_two_zones_is_refused_at_both(load_order: LoadOrder) -> None:
    with pytest.raises(FleetError) as raised:
        load_order({"zones/use1-az6": "us-east-1c"})

    assert ["zones.use1-az4", "zones.use1-az6"] == [fault.path for fault in raised.value.faults]


def test_a_type_that_is_only_sold_in_blocks_is_not_reserved(load_order: LoadOrder) -> None:
    with pytest.raises(FleetError) as raised:
        load_order({"reservations/serve-az4/instance_type": "p6e-gb200.36xlarge"})

    assert "expected a type that AWS reserves on demand" in str(raised.value)


def test_a_p_type_cannot_be_reserved_for_a_later_date(refused: Refused) -> None:
    ahead = {"starts": "2027-01-11T11:30Z", "instance_type": "p5.48xlarge"}

    fault = refused({f"reservations/serve-az4/{key}": value for key, value in ahead.items()})

    assert (
        "delete it; AWS reserves only C, G, I, M, R, T types for a later date: buy a Capacity Block" in fault
    )


def test_blocks_that_hold_at_once_are_counted_together(load_order: LoadOrder) -> None:
    first = {"offering": "cb-0123456789abcdef0", **block("2027-01-11", "2027-01-25")}
    more = {f"more-{number}": {"offering": f"cb-{number:017x}", **first_of(first)} for number in range(4)}

    with pytest.raises(FleetError) as raised:
        load_order({"capacity_blocks": {"first": first, **more}, "budget_usd": 9_000_000})

    assert 5 == len(raised.value.faults)
    assert "given 320 in all blocks that hold at 2027-01-11T11:30Z; expected at most 256" in str(raised.value)


def test_blocks_that_follow_each_other_are_not_counted_together(load_order: LoadOrder) -> None:
    days = ["01-11", "01-18", "01-25", "02-01", "02-08", "02-15"]
    blocks = {
        f"week-{number}": {
            "offering": f"cb-{number:017x}",
            **block(f"2027-{days[number]}", f"2027-{days[number + 1]}"),
        }
        for number in range(5)
    }

    assert load_order({"capacity_blocks": blocks, "budget_usd": 9_000_000})


def block(starts: str, ends: str) -> dict[str, Any]:
    return {
        "upfront_fee_usd": 1000,
        "instance_type": "p5en.48xlarge",
        "instances": 64,
        "zone": "use1-az4",
        "starts": f"{starts}T11:30Z",
        "ends": f"{ends}T11:30Z",
    }


def first_of(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != "offering"}


def test_one_offering_is_bought_once(refused: Refused) -> None:
    twin = {"offering": "cb-0123456789abcdef0", **block("2027-01-11", "2027-01-25")}

    assert (
        "capacity_blocks.twin.offering: given cb-0123456789abcdef0, as in capacity_blocks.train"
        in refused({"capacity_blocks/twin": twin})
    )


def test_one_reservation_is_counted_once(refused: Refused) -> None:
    assert "given cr-0123456789abcdef0, as in capacity_blocks.train-january" in refused(
        {
            f"{BLOCK}/offering": None,
            f"{BLOCK}/bought": "cr-0123456789abcdef0",
            "reservations/serve-az4/bought": "cr-0123456789abcdef0",
        }
    )


def test_a_name_stands_for_one_purchase(refused: Refused) -> None:
    copy = {
        "instance_type": "g6e.48xlarge",
        "instances": 1,
        "zone": "use1-az4",
        "owner": "serving",
        "usd_per_hour": 1,
    }

    assert "given train-january, which is a Capacity Block's name too" in refused(
        {"reservations/train-january": copy}
    )


def test_a_file_that_buys_nothing_is_refused(refused: Refused) -> None:
    assert "given a file that buys nothing" in refused(
        {"capacity_blocks": {}, "reservations": {}, "groups": None}
    )


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("account", 111122223333, "expected"),
        ("account", "1111", "12 digits in quotes"),
        (f"{BLOCK}/offering", "cbo-1", "e.g. cb-0123456789abcdef0"),
        (f"{BLOCK}/bought", "cb-0123456789abcdef0", "e.g. cr-0123456789abcdef0"),
        (f"{BLOCK}/upfront_fee_usd", 0, "a number above 0"),
        ("approved", {"by": "me", "at": "2026-12-14T09:00Z"}, "given no `ticket`"),
        ("approved/by", "x;y", "Text that AWS takes as a tag"),
        ("reservations/serve-az4/owner", None, "given no `owner`"),
        (f"{BLOCK}/price", 1, "unknown key 'price'"),
        ("groups/serve/reservations", [], "expected"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused(
    refused: Refused, path: str, value: object, expected: str
) -> None:
    assert expected.casefold() in refused({path: value}).casefold()


def test_all_faults_are_told_at_once_with_their_lines(load_order: LoadOrder) -> None:
    with pytest.raises(FleetError) as raised:
        load_order({"budget_usd": 1, f"{BLOCK}/instances": 65, "groups/serve/reservations": ["nobody"]})

    assert 3 == len(raised.value.faults)
    assert all(fault.line and fault.file.endswith("2027-q1.yaml") for fault in raised.value.faults)


def test_what_was_bought_by_other_means_is_not_held_against_what_can_be_bought_here(
    load_order: LoadOrder,
) -> None:
    gb200 = {"bought": "cr-0123456789abcdef0", **block("2027-01-11", "2027-01-30")}
    ahead = {"bought": "cr-0123456789abcdef1", "starts": "2027-01-11T00:00Z"}
    loaded = load_order(
        {
            "zones/use1-dfw2-az1": "us-east-1-dfw-2a",
            "capacity_blocks/rack": gb200 | {"instance_type": "p6e-gb200.36xlarge", "zone": "use1-dfw2-az1"},
            **{f"reservations/serve-az4/{key}": value for key, value in ahead.items()},
        }
    )

    by_name = {cost.name: cost for cost in costs(loaded.spec)}
    assert "2027-01-11" == f"{by_name['serve-az4'].counted_from:%Y-%m-%d}"
    assert Decimal(1000) == by_name["rack"].usd


@pytest.mark.parametrize(
    ("days", "sold"),
    [
        (0.3, True),
        (1, True),
        (13.7, True),
        (14, True),
        (14.6, True),
        (15, False),
        (20.5, True),
        (21, True),
        (21.4, True),
        (22.5, False),
        (182, True),
        (183.5, False),
        (189, False),
    ],
)
def test_lengths_are_days_up_to_14_then_weeks_give_or_take_the_hour_of_the_start(
    days: float, sold: bool
) -> None:
    assert sold == load_limits().block.sells(dt.timedelta(days=days))


def test_the_limits_are_those_that_the_vendors_own_model_names() -> None:
    ec2: Any = botocore.session.Session().get_service_model("ec2")  # pyright: ignore[reportUnknownMemberType]
    limits = load_limits()

    def says(operation: str, field: str) -> str:
        return ec2.operation_model(operation).input_shape.members[field].documentation

    instances = says("DescribeCapacityBlockOfferings", "InstanceCount")
    assert f"up to {limits.block.most_instances} instances" in instances
    assert f"up to {limits.block.most_instances_at_once} instances across Capacity Blocks" in instances
    length = says("DescribeCapacityBlockOfferings", "CapacityDurationHours")
    assert f"up {limits.block.daily_until} days" in length
    assert f"7-day increments up to {limits.block.most_days} days" in length
    reserved = says("CreateCapacityReservation", "InstanceCount")
    assert f"1 - {limits.most_reserved_instances}" in reserved
    families = (
        says("CreateCapacityReservation", "InstanceType").partition("in the ")[2].partition(" instance")[0]
    )
    assert limits.future_dated_families == set(families.replace("and", "").replace(",", " ").lower().split())


def test_a_block_is_to_be_bought_or_was_bought(refused: Refused) -> None:
    assert "capacity_blocks.train-january.bought: given offering and bought" in refused(
        {f"{BLOCK}/bought": "cr-0123456789abcdef0"}
    )


@pytest.mark.parametrize("starts", ["2027-04-01T00:00Z", "2027-05-01T00:00Z"])
def test_a_reservation_that_starts_after_all_that_is_counted_is_refused(
    refused: Refused, starts: str
) -> None:
    ahead = {"bought": "cr-0123456789abcdef1", "starts": starts}
    changes = {f"reservations/serve-az4/{key}": value for key, value in ahead.items()}

    fault = refused(changes)
    assert f"reservations.serve-az4.starts: given {starts}, with no end" in fault
    assert "expected a moment before counted_until, 2027-04-01T00:00Z" in fault


def test_a_reservation_that_starts_later_is_counted_where_it_has_an_end(load_order: LoadOrder) -> None:
    ahead = {"bought": "cr-0123456789abcdef1", "starts": "2027-05-01T00:00Z", "ends": "2027-05-01T01:00Z"}
    loaded = load_order({f"reservations/serve-az4/{key}": value for key, value in ahead.items()})

    assert Decimal("241.04") == next(cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az4")


@pytest.mark.parametrize("path", ["approved/by", "approved/ticket", "reservations/serve-az4/owner"])
@pytest.mark.parametrize("value", ["aws:x", "AWS:x"])
def test_a_tag_that_aws_keeps_for_itself_is_refused(refused: Refused, path: str, value: str) -> None:
    assert "not beginning with aws:" in refused({path: value})
