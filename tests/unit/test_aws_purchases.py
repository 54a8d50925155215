"""A purchase file is refused before money is spent: every rule has a file that breaks it."""

import ast
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest

from argosy.catalog import load_catalog
from argosy.errors import FleetError
from argosy.spec.document import read_document
from argosy_aws.purchases.costs import costs, total_usd
from argosy_aws.purchases.limits import load_limits
from argosy_aws.purchases.load import LoadedPurchases, load_purchases
from argosy_aws.purchases.offerings import OfferingsError, offering_faults, read_offerings

ROOT = Path(__file__).resolve().parents[2]
ARGOSY = Path(sys.executable).with_name("argosy")
ORDERS = ROOT / "stacks" / "purchases" / "aws" / "orders"
EXAMPLE = (ORDERS / "example.yaml").read_text(encoding="utf-8")
Load = Callable[..., LoadedPurchases]
Refused = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load the example with changes: dotted path to value, or to None for what is deleted."""

    def make(changes: dict[str, Any] | None = None) -> LoadedPurchases:
        content = read_document(EXAMPLE, "example.yaml").value
        for path, value in (changes or {}).items():
            *above, last = path.split("/")
            place = content
            for step in above:
                place = place.setdefault(step, {})
            if value is None:
                del place[last]
            else:
                place[last] = value
        file = tmp_path / "2027-q1.yaml"
        # JSON is YAML too.
        file.write_text(json.dumps(content, default=float, indent=1), encoding="utf-8")
        return load_purchases(file, load_catalog())

    return make


@pytest.fixture
def refused(load: Load) -> Refused:
    """The one fault of the example with a change."""

    def make(changes: dict[str, Any]) -> str:
        with pytest.raises(FleetError) as raised:
            load(changes)
        assert 1 == len(raised.value.faults), str(raised.value)
        return str(raised.value)

    return make


BLOCK = "capacity_blocks/train-january"


def test_the_example_is_sound(load: Load) -> None:
    assert Decimal("1828610.28") == total_usd(costs(load().spec))


def test_a_reservation_costs_from_its_approval_to_its_end(load: Load) -> None:
    loaded = load({"reservations/serve-az4/ends": "2026-12-15T09:00Z"})

    # 8 nodes for 24 hours at 30.13 USD.
    assert {"serve-az4": Decimal("5784.96")} == {
        cost.name: cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az4"
    }


def test_a_reservation_without_an_end_is_counted_until_it_is_looked_at_again(load: Load) -> None:
    loaded = load({"counted_until": "2026-12-15T09:00Z"})

    assert Decimal("2892.48") == next(cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az6")


def test_a_part_of_a_cent_is_rounded_up(load: Load) -> None:
    loaded = load({"reservations/serve-az4/ends": "2026-12-14T09:00:01Z"})

    # 8 nodes for a second at 30.13 USD an hour: 0.0669… USD.
    assert Decimal("0.07") == next(cost.usd for cost in costs(loaded.spec) if cost.name == "serve-az4")


def test_a_sum_above_the_budget_is_refused_with_the_sum(refused: Refused) -> None:
    fault = refused({"budget_usd": 1_828_610})

    assert "budget_usd: given 1,828,610.00 USD; expected at least 1,828,610.28 USD" in fault
    assert "train-january 894,700.80 USD" in fault


def test_a_budget_that_is_met_to_the_cent_is_enough(load: Load) -> None:
    assert load({"budget_usd": 1828610.28})


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


def test_a_name_for_two_zones_is_refused_at_both(load: Load) -> None:
    with pytest.raises(FleetError) as raised:
        load({"zones/use1-az6": "us-east-1c"})

    assert ["zones.use1-az4", "zones.use1-az6"] == [fault.path for fault in raised.value.faults]


def test_a_type_that_is_only_sold_in_blocks_is_not_reserved(load: Load) -> None:
    with pytest.raises(FleetError) as raised:
        load({"reservations/serve-az4/instance_type": "p6e-gb200.36xlarge"})

    assert "expected a type that AWS reserves on demand" in str(raised.value)


def test_a_p_type_cannot_be_reserved_for_a_later_date(refused: Refused) -> None:
    ahead = {"starts": "2027-01-11T11:30Z", "instance_type": "p5.48xlarge"}

    fault = refused({f"reservations/serve-az4/{key}": value for key, value in ahead.items()})

    assert (
        "delete it; AWS reserves only C, G, I, M, R, T types for a later date: buy a Capacity Block" in fault
    )


def test_blocks_that_hold_at_once_are_counted_together(load: Load) -> None:
    first = {"offering": "cb-0123456789abcdef0", **block("2027-01-11", "2027-01-25")}
    more = {f"more-{number}": {"offering": f"cb-{number:017x}", **first_of(first)} for number in range(4)}

    with pytest.raises(FleetError) as raised:
        load({"capacity_blocks": {"first": first, **more}, "budget_usd": 9_000_000})

    assert 5 == len(raised.value.faults)
    assert "given 320 in all blocks that hold at 2027-01-11T11:30Z; expected at most 256" in str(raised.value)


def test_blocks_that_follow_each_other_are_not_counted_together(load: Load) -> None:
    days = ["01-11", "01-18", "01-25", "02-01", "02-08", "02-15"]
    blocks = {
        f"week-{number}": {
            "offering": f"cb-{number:017x}",
            **block(f"2027-{days[number]}", f"2027-{days[number + 1]}"),
        }
        for number in range(5)
    }

    assert load({"capacity_blocks": blocks, "budget_usd": 9_000_000})


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
        {f"{BLOCK}/bought": "cr-0123456789abcdef0", "reservations/serve-az4/bought": "cr-0123456789abcdef0"}
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


def test_all_faults_are_told_at_once_with_their_lines(load: Load) -> None:
    with pytest.raises(FleetError) as raised:
        load({"budget_usd": 1, f"{BLOCK}/instances": 65, "groups/serve/reservations": ["nobody"]})

    assert 3 == len(raised.value.faults)
    assert all(fault.line and fault.file.endswith("2027-q1.yaml") for fault in raised.value.faults)


def test_what_was_bought_by_other_means_is_not_held_against_what_can_be_bought_here(load: Load) -> None:
    gb200 = {"bought": "cr-0123456789abcdef0", **block("2027-01-11", "2027-01-30")}
    ahead = {"bought": "cr-0123456789abcdef1", "starts": "2027-01-11T00:00Z"}
    loaded = load(
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


OFFERED: dict[str, Any] = {
    "CapacityBlockOfferingId": "cb-0123456789abcdef0",
    "InstanceType": "p5en.48xlarge",
    "AvailabilityZone": "us-east-1c",
    "InstanceCount": 64,
    "StartDate": "2027-01-11T11:30:00+00:00",
    "EndDate": "2027-01-25T11:30:00.000Z",
    "CapacityBlockDurationHours": 336,
    "UpfrontFee": "894700.800000",
    "CurrencyCode": "USD",
    "Tenancy": "default",
}


@pytest.fixture
def offered(tmp_path: Path) -> Callable[..., Path]:
    def make(**changes: object) -> Path:
        file = tmp_path / "offerings.json"
        file.write_text(json.dumps({"CapacityBlockOfferings": [OFFERED | changes]}), encoding="utf-8")
        return file

    return make


def test_a_block_that_is_what_aws_offered_passes(load: Load, offered: Callable[..., Path]) -> None:
    assert [] == list(offering_faults(load(), read_offerings(offered())))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"CapacityBlockOfferingId": "cb-0123456789abcdef1"}, "offering"),
        ({"InstanceType": "p5.48xlarge"}, "instance_type"),
        ({"AvailabilityZone": "us-east-1d"}, "zone"),
        ({"InstanceCount": 32}, "instances"),
        ({"StartDate": "2027-01-12T11:30:00+00:00"}, "starts"),
        ({"EndDate": None}, "ends"),
        ({"UpfrontFee": "894700.81"}, "upfront_fee_usd"),
        ({"UpfrontFee": None}, "upfront_fee_usd"),
        ({"CurrencyCode": "CNY"}, "upfront_fee_usd"),
    ],
)
def test_a_block_that_is_not_what_aws_offered_is_refused(
    load: Load, offered: Callable[..., Path], changes: dict[str, object], field: str
) -> None:
    faults = list(offering_faults(load(), read_offerings(offered(**changes))))

    assert [f"capacity_blocks.train-january.{field}"] == [fault.path for fault in faults]


def test_what_is_bought_already_needs_no_offer(load: Load, offered: Callable[..., Path]) -> None:
    loaded = load({f"{BLOCK}/bought": "cr-0123456789abcdef0"})

    assert [] == list(offering_faults(loaded, read_offerings(offered(InstanceCount=1))))


@pytest.mark.parametrize("text", ["", "[]", '{"CapacityBlockOfferings": [{}]}', '{"Offerings": []}'])
def test_offerings_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "offerings.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(OfferingsError, match="no answer of the AWS CLI"):
        read_offerings(file)


def argosy(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([ARGOSY, *command], capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_command_prints_what_is_bought_and_the_budget() -> None:
    done = argosy("aws", "purchases", ORDERS / "example.yaml")

    assert 0 == done.returncode, done.stderr
    assert "train-january  block     64 x p5en.48xlarge" in done.stdout
    assert "total 1,828,610.28 USD of a budget of 2,000,000.00 USD" in done.stdout


def test_the_command_prints_json() -> None:
    shown = json.loads(argosy("aws", "purchases", ORDERS / "example.yaml", "--json").stdout)

    assert ("1828610.28", "2000000.00") == (shown["total_usd"], shown["budget_usd"])
    assert "2027-01-25T11:30Z" == shown["purchases"]["train-january"]["counted_until"]


def test_the_command_refuses_a_file_above_its_budget(tmp_path: Path) -> None:
    file = tmp_path / "2027-q1.yaml"
    file.write_text(EXAMPLE.replace("budget_usd: 2000000", "budget_usd: 1000000"), encoding="utf-8")

    done = argosy("aws", "purchases", file)

    assert (2, "") == (done.returncode, done.stdout)
    assert "expected at least 1,828,610.28 USD" in done.stderr


def test_the_command_refuses_a_block_that_was_not_offered(offered: Callable[..., Path]) -> None:
    done = argosy("aws", "purchases", ORDERS / "example.yaml", "--offerings", offered(InstanceCount=32))

    assert 2 == done.returncode
    assert "given 64; expected 32, as offered" in done.stderr


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names)


def importers(root: Path) -> set[str]:
    """The files outside the purchases that import them."""
    files = (
        file
        for folder in ("src", "components", "policies", "stacks")
        for file in (root / folder).rglob("*.py")
        if "purchases" not in file.relative_to(root).parts
    )
    return {
        file.relative_to(root).as_posix()
        for file in files
        if any("purchases" in name for name in imports(file))
    }


def test_nothing_that_declares_a_fleet_can_buy() -> None:
    assert {"components/argosy_aws/commands.py"} == importers(ROOT)
    own = set(imports(ROOT / "components/argosy_aws/commands.py"))
    assert {"argosy_aws.purchases.command.purchases"} == {name for name in own if "purchases" in name}


def test_the_command_that_checks_cannot_buy_either() -> None:
    named = set(imports(ROOT / "components/argosy_aws/purchases/command.py"))

    assert not {name for name in named if "declare" in name or name.startswith("pulumi")}


@pytest.mark.parametrize(
    "line",
    [
        "from argosy_aws.purchases import declare",
        "def late():\n    import argosy_aws.purchases.declare",
        "from .purchases.declare import declare_purchases",
        "from . import purchases",
    ],
)
def test_an_import_of_the_purchases_would_be_found(tmp_path: Path, line: str) -> None:
    file = tmp_path / "components" / "argosy_aws" / "site.py"
    file.parent.mkdir(parents=True)
    file.write_text(line, encoding="utf-8")

    assert {"components/argosy_aws/site.py"} == importers(tmp_path)


def test_what_declares_a_site_loads_no_purchases() -> None:
    code = (
        "import sys, argosy_aws.site, argosy_aws.refusals, argosy_aws.descriptor\n"
        "import argosy_component.stack_program\n"
        "print([name for name in sys.modules if 'purchases' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout
