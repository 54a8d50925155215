"""What becomes of gpuhunt's CSV: prices of the node types that are known, and every fault at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from argosy.catalog import Catalog
from argosy.errors import FleetError
from argosy.prices.gpuhunt import Imported, import_gpuhunt

# As gpuhunt 0.1.34 writes it: the columns and their order, `True` and `False`, empty cells, JSON at the end.
HEADER = (
    "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags,"
    "cpu_arch,provider_data\r\n"
)
DAY = dt.date(2026, 11, 20)


def offer(
    name: str = "p5en.48xlarge",
    location: str = "us-east-1",
    price: str = "63.296",
    spot: str = "False",
    gpus: str = "8",
    flags: str = "",
) -> str:
    return f'{name},{location},{price},192,2048.0,{gpus},H200,141.0,{spot},,nvidia,{flags},x86,"{{}}"\r\n'


def read(catalog: Catalog, *offers: str, provider: str | None = "aws", header: str = HEADER) -> Imported:
    return import_gpuhunt(header + "".join(offers), "aws.csv", "gpuhunt, aws.csv", DAY, catalog, provider)


def told(catalog: Catalog, *offers: str, provider: str | None = "aws", header: str = HEADER) -> list[str]:
    with pytest.raises(FleetError) as refused:
        read(catalog, *offers, provider=provider, header=header)
    assert refused.value.exit_code == 2
    return str(refused.value).splitlines()


def test_an_offer_becomes_a_list_price_of_its_node_type_and_region(catalog: Catalog) -> None:
    [price] = read(catalog, offer()).prices

    assert price.model_dump() == {
        "node_type": "aws/p5en.48xlarge",
        "region": "us-east-1",
        "capacity_type": "on-demand",
        "usd_per_hour": Decimal("63.296"),
        "confidence": "list",
        "source": "gpuhunt, aws.csv",
        "as_of": DAY,
    }


def test_spot_is_a_price_of_its_own_and_rows_are_sorted_whatever_their_order(catalog: Catalog) -> None:
    offers = [offer(price="21.4", spot="True"), offer(location="eu-north-1"), offer(name="p5.48xlarge")]
    prices = read(catalog, *offers).prices

    assert prices == read(catalog, *reversed(offers)).prices
    assert [(price.node_type, price.region, price.capacity_type) for price in prices] == [
        ("aws/p5.48xlarge", "us-east-1", "on-demand"),
        ("aws/p5en.48xlarge", "eu-north-1", "on-demand"),
        ("aws/p5en.48xlarge", "us-east-1", "spot"),
    ]


def test_what_is_left_out_is_counted_with_the_reason(catalog: Catalog) -> None:
    imported = read(catalog, offer("p3.2xlarge"), offer("m5.large", gpus="0"), offer(gpus="4"), offer())

    assert 1 == len(imported.prices)
    assert imported.left_out == {
        "not a node type of the catalogue": 2,
        "not as many accelerators as the catalogue says": 1,
    }


def test_of_the_zones_of_a_google_region_the_dearest_stands_for_the_region(catalog: Catalog) -> None:
    cheap, dear = (
        offer("a3-megagpu-8g", f"us-central1-{zone}", price) for zone, price in (("a", "92.2"), ("b", "92.3"))
    )
    imported = read(catalog, dear, cheap, provider="gcp")

    assert imported == read(catalog, cheap, dear, provider="gcp")
    assert [("us-central1", Decimal("92.3"))] == [(p.region, p.usd_per_hour) for p in imported.prices]
    assert 1 == imported.left_out.total()


def test_calendar_mode_is_neither_on_demand_nor_spot(catalog: Catalog) -> None:
    calendar = offer("a3-megagpu-8g", "us-central1-a", "44", flags="gcp-a4 gcp-dws-calendar-mode")
    imported = read(catalog, calendar, provider="gcp")

    assert [] == imported.prices
    assert {"sold by calendar, neither on demand nor spot": 1} == imported.left_out


def test_flags_that_only_hide_offers_from_old_readers_change_nothing(catalog: Catalog) -> None:
    assert 1 == len(read(catalog, offer(flags="gcp-a4")).prices)


def test_a_column_may_name_the_provider(catalog: Catalog) -> None:
    header = "provider," + HEADER
    offers = ["aws," + offer(), "gcp," + offer("a3-megagpu-8g", "us-central1-a")]

    assert 2 == len(read(catalog, *offers, provider=None, header=header).prices)
    only = read(catalog, *offers, provider="gcp", header=header)
    assert ["gcp/a3-megagpu-8g"] == [price.node_type for price in only.prices]
    assert {"not an offer of gcp": 1} == only.left_out


def test_columns_are_found_by_name_in_any_order(catalog: Catalog) -> None:
    header = "spot,price,gpu_count,instance_name,location\n"

    assert 1 == len(read(catalog, "false,63.296,8,p5en.48xlarge,us-east-1\n", header=header).prices)


def test_a_price_with_an_exponent_is_written_out(catalog: Catalog) -> None:
    [price] = read(catalog, offer(price="6.5e+01")).prices

    assert Decimal(65) == price.usd_per_hour


def test_every_fault_of_every_line_is_told_at_once_also_of_offers_nobody_wants(catalog: Catalog) -> None:
    assert told(
        catalog,
        offer(),
        offer(price="-3", spot="yes"),
        offer("p3.2xlarge", price="free", gpus="two"),
        "a,b\r\n",
        offer(location=""),
    ) == [
        "aws.csv:3:1 price: given '-3'; expected US dollars per hour, above 0; mend the line, or delete it",
        "aws.csv:3:1 spot: given 'yes'; expected True or False; mend the line, or delete it",
        "aws.csv:4:1 gpu_count: given 'two'; expected a whole number; mend the line, or delete it",
        "aws.csv:4:1 price: given 'free'; expected US dollars per hour, above 0; mend the line, or delete it",
        "aws.csv:5:1: given 2 cells under 14 columns; expected a cell for every column; "
        "mend the line, or delete it",
        "aws.csv:6:1 location: given ''; expected a name of at most 100 characters; "
        "mend the line, or delete it",
    ]


@pytest.mark.parametrize(
    "price", ["", "0", "nan", "inf", "1e99", "1e-40", "1_0", "$3", "0x1", "1" * 40, "\uff19", " 3"]
)
def test_what_is_no_price_is_refused(price: str, catalog: Catalog) -> None:
    [fault] = told(catalog, offer(price=price))

    assert fault.startswith("aws.csv:2:1 price: given ")


def test_a_line_that_ends_inside_quotes_is_shown_where_it_begins(catalog: Catalog) -> None:
    faults = told(catalog, offer(), 'p5en.48xlarge,"us-east-1\r\n')

    assert faults[0].startswith("aws.csv:3:1: given text that is not CSV (")


def test_lines_are_counted_in_the_file_and_not_in_rows(catalog: Catalog) -> None:
    spread = offer(flags='"one\r\ntwo"')

    assert told(catalog, spread, "\r\n", offer(spot="?"))[0].startswith("aws.csv:5:1 spot: ")


def test_missing_and_doubled_columns_are_told_together(catalog: Catalog) -> None:
    assert [line.partition(";")[0] for line in told(catalog, header="price,price,location,spot\n")] == [
        "aws.csv:1:1: given no column `gpu_count`",
        "aws.csv:1:1: given no column `instance_name`",
        "aws.csv:1:1: given the column 'price' twice",
    ]


def test_without_a_provider_nothing_can_be_priced(catalog: Catalog) -> None:
    [fault] = told(catalog, offer(), provider=None)

    assert fault.endswith("give the provider, e.g. --provider aws")


def test_an_empty_file_is_called_so(catalog: Catalog) -> None:
    [fault] = told(catalog, header="")

    assert "aws.csv:1:1: given an empty file; expected gpuhunt's CSV; write it with gpuhunt" == fault


def test_what_looks_like_a_secret_is_not_shown(catalog: Catalog) -> None:
    [fault] = told(catalog, offer(price="AKIAIOSFODNN7EXAMPLE"))

    assert "AKIA" not in fault
