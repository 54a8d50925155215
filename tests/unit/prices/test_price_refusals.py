"""What stands against choosing by price, and which prices are old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from argosy.catalog import Catalog
from argosy.prices import STALE_DAYS, refusals, stale
from argosy.spec.loader import LoadedFleet

Fleet = Callable[..., LoadedFleet]
Row = Callable[..., str]

RANGE = "{min: 0, max: 4}"


def told(fleet: LoadedFleet, catalog: Catalog) -> list[str]:
    return [str(fault) for fault in refusals(fleet, catalog)]


def test_list_prices_and_sunk_prices_may_decide(fleet: Fleet, catalog: Catalog) -> None:
    assert [] == told(fleet(), catalog)


def test_an_estimate_may_not_decide(fleet: Fleet, catalog: Catalog) -> None:
    [fault] = told(fleet(nodes=RANGE), catalog)

    assert "dev.yaml:" in fault
    assert " sites.gcp-use4.node_pools.flex.nodes: given a range to choose from by an estimate: " in fault
    assert "from general knowledge; no document read" in fault
    assert fault.endswith(
        "add a `contract` row for gcp/a3-highgpu-8g (flex) to a prices file, named by `prices: prices.yaml`,"
        " or write `accept_estimates: true`"
    )


def test_an_estimate_that_is_accepted_may_decide(fleet: Fleet, catalog: Catalog) -> None:
    assert [] == told(fleet(nodes=RANGE, accept_estimates=True), catalog)


def test_a_contract_takes_the_estimate_s_place(fleet: Fleet, catalog: Catalog, price_row: Row) -> None:
    contract = price_row("70", node_type="gcp/a3-highgpu-8g", capacity_type="flex")

    assert [] == told(fleet(contract, nodes=RANGE), catalog)


def test_an_estimate_decides_nothing_where_the_size_is_given(fleet: Fleet, catalog: Catalog) -> None:
    assert [] == told(fleet(nodes="{min: 4, max: 4}"), catalog)
    assert [] == told(fleet(nodes="4"), catalog)


def test_an_estimate_of_the_prices_file_is_refused_as_well_and_for_owned_nodes(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    owned = price_row("3", "estimate", node_type="metal/dgx-h200", capacity_type="owned")
    faults = told(fleet(price_row("50", "estimate"), owned), catalog)

    assert ["sites.aws-use1.node_pools.market.nodes", "sites.oslo.node_pools.train.nodes"] == [
        fault.split()[1].rstrip(":") for fault in faults
    ]
    assert "50 USD per hour (the estimate)" in faults[0]
    assert "to prices.yaml, or" in faults[0]


def test_an_estimate_of_what_is_paid_for_already_decides_nothing(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    assert [] == told(fleet(price_row("20", "estimate", capacity_type="reserved")), catalog)


def test_a_pool_without_any_price_is_refused_even_when_estimates_are_accepted(
    fleet: Fleet, catalog: Catalog
) -> None:
    made = fleet(nodes=RANGE, accept_estimates=True)
    node_type = catalog.instance_types["gcp/a3-highgpu-8g"].model_copy(update={"price_usd_per_hour": None})
    unpriced = Catalog(
        catalog.accelerators, {**catalog.instance_types, node_type.key: node_type}, catalog.server_types
    )

    [fault] = told(made, unpriced)

    assert "given a range, but no price of gcp/a3-highgpu-8g (flex) to choose by" in fault


def test_owned_nodes_without_a_price_cost_their_energy_and_are_not_refused(
    fleet: Fleet, catalog: Catalog
) -> None:
    assert [] == told(fleet(usd_per_kwh="0.08"), catalog)


def test_a_row_of_an_unknown_node_type_is_refused_where_it_stands(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    [fault] = told(fleet(price_row("50", node_type="aws/p5en.48xlrge")), catalog)

    assert fault.startswith("prices.yaml:3:17 prices[0].node_type: given 'aws/p5en.48xlrge', which is not in")
    assert "closest: 'p5en.48xlarge'" in fault


def test_a_price_is_stale_from_the_day_after_its_ninetieth(
    fleet: Fleet, catalog: Catalog, price_row: Row
) -> None:
    flex = price_row("70", node_type="gcp/a3-highgpu-8g", capacity_type="flex")
    spot, bare = price_row("20", capacity_type="spot"), price_row("9", node_type="gcp/a2-highgpu-1g")
    made = fleet(price_row("50"), spot, flex, bare)
    seen = dt.date(2026, 10, 1)

    assert [] == stale(made, catalog, seen + dt.timedelta(days=STALE_DAYS))
    assert 4 == len(stale(made, catalog, seen + dt.timedelta(days=STALE_DAYS + 1)))


def test_a_stale_price_is_named_once_with_its_age_its_source_and_all_its_pools(
    fleet: Fleet, catalog: Catalog
) -> None:
    warnings = stale(fleet(), catalog, dt.date(2026, 11, 20))

    assert sorted(warnings) == warnings
    assert warnings[0].startswith(
        "The list price of aws/p5en.48xlarge (on-demand) for aws-use1/market is of 2026-07-20, "
        "123 days before 2026-11-20: look it up again (AWS price list"
    )


def test_before_a_price_was_true_it_is_not_stale(fleet: Fleet, catalog: Catalog) -> None:
    assert [] == stale(fleet(), catalog, dt.date(2026, 1, 1))
