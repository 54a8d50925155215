"""Which price holds for a pool's nodes, and what one more of them costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from argosy.catalog import Catalog
from argosy.prices import Price, energy_usd_per_hour, marginal_usd_per_hour, price_of, price_table
from argosy.spec.loader import LoadedFleet

Fleet = Callable[..., LoadedFleet]
Row = Callable[..., str]


def paid(fleet: LoadedFleet, catalog: Catalog, pool: str = "market") -> str:
    """What a node of a pool in AWS costs, as text."""
    price = price_of(fleet, "aws-use1", pool, catalog)
    assert price is not None
    return str(price.usd_per_hour)


def test_without_a_prices_file_the_catalogue_s_price_on_demand_holds(fleet: Fleet, catalog: Catalog) -> None:
    price = price_of(fleet(), "aws-use1", "market", catalog)

    assert price is not None
    assert "list" == price.confidence
    assert dt.date(2026, 7, 20) == price.as_of
    assert price.source.startswith("AWS price list")
    assert catalog.instance_type("aws", "p5en.48xlarge").price_usd_per_hour == price.usd_per_hour


def test_an_estimate_of_the_catalogue_is_called_one(fleet: Fleet, catalog: Catalog) -> None:
    price = price_of(fleet(), "gcp-use4", "flex", catalog)

    assert price is not None
    assert "estimate" == price.confidence


def test_for_spot_and_flex_the_price_on_demand_is_named_an_upper_bound(
    fleet: Fleet, catalog: Catalog
) -> None:
    spot, flex = (price_of(fleet(), *pool, catalog) for pool in (("aws-use1", "spot"), ("gcp-use4", "flex")))

    assert spot is not None
    assert flex is not None
    assert spot.source.startswith("on-demand list price, an upper bound for spot: ")
    assert flex.source.startswith("on-demand list price, an upper bound for flex: ")


def test_a_contract_goes_before_a_list_and_a_list_before_an_estimate(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    contract, listed, guess = price_row("50"), price_row("40", "list"), price_row("30", "estimate")

    assert "50" == paid(fleet(guess, listed, contract), catalog)
    assert "40" == paid(fleet(guess, listed), catalog)
    assert "30" == paid(fleet(guess), catalog)


def test_a_row_says_its_confidence_source_and_day(fleet: Fleet, catalog: Catalog, price_row: Row) -> None:
    price = price_of(fleet(price_row("41.5")), "aws-use1", "market", catalog)

    assert Price(Decimal("41.5"), "contract", "the contract", dt.date(2026, 10, 1)) == price


def test_the_exact_region_goes_before_everywhere_and_the_site_before_its_region(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    everywhere, region = price_row("30"), price_row("40", region="us-east-1")
    site = price_row("50", region="aws-use1")

    assert "30" == paid(fleet(everywhere), catalog)
    assert "40" == paid(fleet(everywhere, region), catalog)
    assert "50" == paid(fleet(everywhere, region, site), catalog)


def test_confidence_goes_before_the_region(fleet: Fleet, catalog: Catalog, price_row: Row) -> None:
    assert "50" == paid(fleet(price_row("40", "list", region="us-east-1"), price_row("50")), catalog)


def test_rows_of_another_region_type_or_capacity_say_nothing(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    made = fleet(
        price_row("1", region="us-west-2"),
        price_row("2", node_type="aws/p5.48xlarge"),
        price_row("3", capacity_type="spot"),
    )

    assert paid(made, catalog) == str(catalog.instance_type("aws", "p5en.48xlarge").price_usd_per_hour)
    assert "3" == paid(made, catalog, "spot")


def test_of_reserved_capacity_only_a_row_states_a_price_and_one_more_node_costs_nothing(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    stated = fleet(price_row("20", capacity_type="reserved"))

    assert price_of(fleet(), "aws-use1", "held", catalog) is None
    assert "20" == paid(stated, catalog, "held")
    assert marginal_usd_per_hour(stated, "aws-use1", "held", catalog) == 0


def test_one_more_node_on_the_market_costs_its_price(fleet: Fleet, catalog: Catalog, price_row: Row) -> None:
    assert marginal_usd_per_hour(fleet(price_row("50")), "aws-use1", "market", catalog) == 50


def test_one_more_node_of_which_nobody_states_a_price_costs_nobody_knows_what(
    fleet: Fleet, catalog: Catalog
) -> None:
    unpriced = Catalog(catalog.accelerators, {}, catalog.server_types)

    assert price_of(fleet(), "aws-use1", "market", unpriced) is None
    assert marginal_usd_per_hour(fleet(), "aws-use1", "market", unpriced) is None


def test_an_owned_node_costs_its_energy_with_cooling(fleet: Fleet, catalog: Catalog) -> None:
    made = fleet(usd_per_kwh="0.08")

    assert catalog.server_type("dgx-h200").node_power_kw == Decimal("10.2")
    assert Decimal("10.2") * Decimal("1.25") * Decimal("0.08") == marginal_usd_per_hour(
        made, "oslo", "train", catalog
    )


def test_energy_without_a_price_of_energy_and_on_a_cloud_costs_nothing(
    fleet: Fleet, catalog: Catalog
) -> None:
    assert energy_usd_per_hour(fleet(), "oslo", "train", catalog) == 0
    assert energy_usd_per_hour(fleet(usd_per_kwh="0.08"), "aws-use1", "market", catalog) == 0


def test_a_row_for_owned_nodes_comes_on_top_of_their_energy(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    owned = price_row("3", node_type="metal/dgx-h200", capacity_type="owned", region="oslo")
    made = fleet(owned, usd_per_kwh="0.10")

    assert marginal_usd_per_hour(made, "oslo", "train", catalog) == Decimal("4.275")


def test_the_table_has_every_pool_in_plain_values(fleet: Fleet, catalog: Catalog, price_row: Row) -> None:
    table = price_table(fleet(price_row("41.50")), catalog)

    assert sorted(table) == list(table)
    assert len(table) == 6
    assert table["aws-use1/market"] == {
        "node_type": "aws/p5en.48xlarge",
        "capacity_type": "on-demand",
        "usd_per_hour": "41.5",
        "marginal_usd_per_hour": "41.5",
        "confidence": "contract",
        "source": "the contract",
        "as_of": "2026-10-01",
    }
    assert table["aws-use1/held"]["usd_per_hour"] is None
    assert table["aws-use1/held"]["marginal_usd_per_hour"] == "0"
