"""The files of prices and of serving rates that a fleet file names."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.beside_checks import check_beside
from argosy.spec.loader import Beside, LoadedFleet, load_spec, meaning_sha256

FLEET = """\
version: 1
name: dev
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {instance_type: g5.48xlarge, zone: use1-az4, role: inference, nodes: 1,
              capacity: {type: on-demand}}
"""
PRICES = """\
version: 1
prices:
  - {node_type: aws/g5.48xlarge, region: us-east-1, capacity_type: on-demand, usd_per_hour: 16.29,
     confidence: contract, source: Order 4711, as_of: 2026-07-20}
"""
RATES = """\
version: 1
rates:
  - {model: llama-3.1-8b, accelerator: A10G, precision: fp8, input_tokens: 1800, output_tokens: 350,
     output_tokens_per_second: 900, at: saturation, source: Our own test, as_of: 2026-07-20}
"""


@pytest.fixture
def fleets(tmp_path: Path) -> Path:
    """The fleets' folder of a project, beside which lies a file that is none of its business."""
    fleets = tmp_path / "project" / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: lab\n")
    (tmp_path / "shadow").write_text("hunter2:secret\n")
    (fleets / "prices.yaml").write_text(PRICES)
    (fleets / "rates.yaml").write_text(RATES)
    return fleets


def load(fleets: Path, *lines: str) -> LoadedFleet:
    (fleets / "dev.yaml").write_text(FLEET + "".join(f"{line}\n" for line in lines))
    return load_spec("./dev.yaml", fleets)


def told(fleets: Path, *lines: str) -> str:
    with pytest.raises(FleetError) as refused:
        load(fleets, *lines)
    assert "hunter2" not in str(refused.value)
    return str(refused.value)


def test_a_fleet_that_names_no_such_file_has_none(fleets: Path):
    assert (None, None) == (load(fleets).prices, load(fleets).rates)


def test_prices_and_rates_are_read_from_the_files_that_are_named(fleets: Path):
    fleet = load(fleets, "prices: prices.yaml", "rates: rates.yaml")

    assert fleet.prices is not None
    assert fleet.rates is not None
    [price], [rate] = fleet.prices.prices, fleet.rates.rates
    assert ("aws/g5.48xlarge", Decimal("16.29"), dt.date(2026, 7, 20)) == (
        price.node_type,
        price.usd_per_hour,
        price.as_of,
    )
    assert ("A10G", Decimal(900), dt.date(2026, 7, 20)) == (
        rate.accelerator,
        rate.output_tokens_per_second,
        rate.as_of,
    )


def test_what_the_files_say_is_no_part_of_the_fleet_file_s_meaning_but_their_paths_are(fleets: Path):
    before = load(fleets, "prices: prices.yaml")
    (fleets / "prices.yaml").write_text(PRICES.replace("16.29", "12"))
    (fleets / "others.yaml").write_text(PRICES)

    assert load(fleets, "prices: prices.yaml").sha256 == before.sha256
    assert load(fleets, "prices: prices.yaml") != before
    assert load(fleets, "prices: others.yaml").sha256 != before.sha256


def test_the_meaning_of_one_price_can_be_hashed_for_whoever_rests_on_it(fleets: Path):
    prices = load(fleets, "prices: prices.yaml").prices
    assert prices is not None
    [price] = prices.prices

    assert meaning_sha256(price) == meaning_sha256(price.model_copy())
    assert meaning_sha256(price) != meaning_sha256(price.model_copy(update={"as_of": dt.date(2026, 7, 21)}))


@pytest.mark.parametrize("key", ["prices", "rates", "server_types"])
def test_a_file_outside_the_project_is_refused_unread(key: str, fleets: Path):
    (fleets / "link.yaml").symlink_to("../../../shadow")

    assert f"{key}: given '../../../shadow', which lies outside the project" in told(
        fleets, f"{key}: ../../../shadow"
    )
    assert f"write e.g. {key.replace('_', '-')}.yaml" in told(fleets, f"{key}: link.yaml")


def test_the_file_of_another_kind_is_refused_by_what_it_holds(fleets: Path):
    assert "rates.yaml:1:1 prices: given no `prices`; expected a list with at least one entry" in told(
        fleets, "prices: rates.yaml"
    )


def test_an_empty_file_is_told_so(fleets: Path):
    (fleets / "prices.yaml").write_text("# later\n")

    assert told(fleets, "prices: prices.yaml").startswith("prices.yaml:1:1: given an empty file")


def test_faults_point_into_the_file_that_they_are_about(fleets: Path):
    fleet = load(fleets, "prices: prices.yaml", "rates: rates.yaml")

    def said(path: str, document: Beside | None = None) -> str:
        return str(fleet.fault(path, given="a", expected="b", fix="c", document=document))

    assert "prices.yaml:3:93 prices[0].usd_per_hour: given a; expected b; c" == said(
        "prices[0].usd_per_hour", "prices"
    )
    assert said("rates[0]", "rates").startswith("rates.yaml:3:5 rates[0]: ")
    assert said("prices").startswith("dev.yaml:10:9 prices: ")


def test_a_date_in_quotes_is_a_date(fleets: Path):
    (fleets / "prices.yaml").write_text(PRICES.replace("2026-07-20", '"2026-07-20"'))

    assert load(fleets, "prices: prices.yaml").prices is not None


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("2026-7-20", "write 2026-07-20"),
        ("20260720", "write 2026-07-20"),
        ('"20260720"', "write 2026-07-20"),
        ("2026-07-20T00:00:00Z", "write 2026-07-20"),
        ("2026-02-30", "write a day that is on the calendar"),
        ("0", "write a day that is on the calendar"),
        ("0000-01-01", "write a day that is on the calendar"),
        ("[2026-07-20]", "remove the brackets"),
        ("true", "write a day that is on the calendar"),
        ('""', "write a day that is on the calendar"),
        ("", "write a value, or delete a key that is not needed"),
    ],
)
def test_what_is_no_date_is_refused_with_what_was_meant(written: str, fix: str, fleets: Path):
    (fleets / "prices.yaml").write_text(PRICES.replace("2026-07-20", written))
    message = told(fleets, "prices: prices.yaml")

    assert "prices[0].as_of: given " in message
    assert "; expected a date, e.g. 2026-07-20; " in message
    assert message.endswith(fix)


def test_a_price_of_tomorrow_is_refused_until_tomorrow(fleets: Path):
    fleet = load(fleets, "prices: prices.yaml", "rates: rates.yaml")

    assert [] == list(check_beside(fleet, dt.date(2026, 7, 20)))
    assert ["prices[0].as_of", "rates[0].as_of"] == [
        fault.path for fault in check_beside(fleet, dt.date(2026, 7, 19))
    ]


def test_rows_that_differ_in_one_part_of_what_they_are_about_are_two(fleets: Path):
    row = PRICES.partition("prices:\n")[2]
    others = [
        row.replace("us-east-1", "us-west-2"),
        row.replace("region: us-east-1, ", ""),
        row.replace("contract", "list"),
        row.replace("on-demand", "spot"),
        row.replace("g5.48xlarge", "p5.48xlarge"),
    ]
    (fleets / "prices.yaml").write_text(PRICES + "".join(others))

    assert load(fleets, "prices: prices.yaml").prices is not None
    (fleets / "prices.yaml").write_text(PRICES + "".join(others) + others[1])
    assert "prices[6]: given the same as prices[2] a second time" in told(fleets, "prices: prices.yaml")
