"""Slots are bound like a package lock: spread at first, kept from then on."""

from __future__ import annotations

from typing import Any

import pytest

from argosy.planner.models import PoolPlan
from argosy.planner.slots import PoolWish, bind_slots, slot_names, slot_order
from argosy.spec.inventory import InventorySpec

TRAIN = PoolWish("oslo/train", "dgx-h200", 3, 1)


def inventory(*servers: dict[str, Any]) -> InventorySpec:
    credentials = {"username": "env:BMC_USERNAME", "password": "env:BMC_PASSWORD"}
    return InventorySpec.model_validate(
        {
            "version": 1,
            "site": "oslo",
            "server_type": "dgx-h200",
            "credentials": credentials,
            "servers": servers,
        }
    )


def server(serial: str, rack: str, *feeds: str, **more: str) -> dict[str, Any]:
    bmc = f"https://{serial}.example"
    return {"serial": serial, "bmc": bmc, "rack": rack, "feeds": feeds or ("a", "b"), **more}


SIX = [server(f"S{n}", f"r{n // 2 + 1}") for n in range(6)]


def test_servers_spread_over_racks_before_a_rack_gives_a_second() -> None:
    bound = bind_slots(inventory(*SIX), [TRAIN], {})["oslo/train"]

    assert {"slot-01": "S0", "slot-02": "S2", "slot-03": "S4"} == bound.slots
    assert {"spare-01": "S1"} == bound.spares


def test_servers_with_one_feed_spread_over_feeds() -> None:
    servers = [server("S1", "r1", "a"), server("S2", "r1", "a"), server("S3", "r1", "b")]

    assert {"slot-01": "S1", "slot-02": "S3"} == bind_slots(
        inventory(*servers), [PoolWish("oslo/p", "dgx-h200", 2, 0)], {}
    )["oslo/p"].slots


def test_a_server_on_two_feeds_goes_before_one_on_a_single_feed() -> None:
    servers = [server("S1", "r1", "a"), server("S2", "r1", "a", "b")]

    assert {"slot-01": "S2"} == bind_slots(inventory(*servers), [PoolWish("oslo/p", "dgx-h200", 1, 0)], {})[
        "oslo/p"
    ].slots


def test_the_order_of_the_inventory_does_not_matter() -> None:
    assert bind_slots(inventory(*SIX), [TRAIN], {}) == bind_slots(inventory(*SIX[::-1]), [TRAIN], {})


def test_bound_slots_stay_when_a_better_spread_appears() -> None:
    before = PoolPlan(nodes=2, slots={"slot-01": "S0", "slot-02": "S1"})
    after = bind_slots(inventory(*SIX), [TRAIN], {"oslo/train": before})["oslo/train"]

    assert {"slot-01": "S0", "slot-02": "S1", "slot-03": "S2"} == after.slots


def test_a_server_that_left_the_inventory_is_replaced_and_the_others_stay() -> None:
    before = {"oslo/train": PoolPlan(nodes=3, slots={"slot-01": "GONE", "slot-02": "S4", "slot-03": "S5"})}
    after = bind_slots(inventory(*SIX), [TRAIN], before)["oslo/train"]

    assert {"slot-01": "S0", "slot-02": "S4", "slot-03": "S5"} == after.slots


def test_a_server_that_became_another_type_is_replaced() -> None:
    servers = [*SIX[:5], server("S5", "r3", server_type="dgx-h100")]
    before = {"oslo/train": PoolPlan(nodes=3, slots={"slot-01": "S5"})}

    assert "S5" not in bind_slots(inventory(*servers), [TRAIN], before)["oslo/train"].slots.values()


def test_a_server_that_two_slots_name_stays_in_the_first() -> None:
    before = {"oslo/train": PoolPlan(nodes=3, slots={"slot-01": "S5", "slot-02": "S5"})}
    after = bind_slots(inventory(*SIX), [TRAIN], before)["oslo/train"]

    assert "S5" == after.slots["slot-01"]
    assert 4 == len({*after.slots.values(), *after.spares.values()})


def test_a_smaller_pool_gives_up_its_last_slots() -> None:
    before = bind_slots(inventory(*SIX), [TRAIN], {})
    after = bind_slots(inventory(*SIX), [PoolWish("oslo/train", "dgx-h200", 2, 1)], before)["oslo/train"]

    assert {"slot-01": "S0", "slot-02": "S2"} == after.slots
    assert before["oslo/train"].spares == after.spares


def test_spares_are_bound_after_every_pool_has_its_nodes() -> None:
    greedy, late = PoolWish("oslo/a", "dgx-h200", 1, 3), PoolWish("oslo/b", "dgx-h200", 2, 0)
    bound = bind_slots(inventory(*SIX[:3]), [greedy, late], {})

    assert (1, 2, 0) == (
        len(bound["oslo/a"].slots),
        len(bound["oslo/b"].slots),
        len(bound["oslo/a"].spares),
    )


@pytest.mark.parametrize("kind", ["slot", "spare"])
def test_slots_sort_by_number_where_a_pool_has_over_a_hundred(kind: str) -> None:
    names = slot_names(kind, 1_001)

    assert names == sorted(sorted(names), key=slot_order)
    assert names != sorted(names)


R1, R2, R3 = (("r1", ("a", "b")), ("r2", ("a", "b")), ("r3", ("a", "b")))
"""The cells of SIX."""


def test_nodes_stand_in_the_cells_that_the_plan_wants() -> None:
    wish = PoolWish("oslo/train", "dgx-h200", 3, 1, {R1: 0, R2: 2, R3: 1})
    bound = bind_slots(inventory(*SIX), [wish], {})["oslo/train"]

    assert {"S2", "S3", "S4"} == {*bound.slots.values()}
    assert {"spare-01": "S0"} == bound.spares


def test_a_slot_moves_only_when_its_cell_wants_fewer() -> None:
    before = {"oslo/train": PoolPlan(nodes=3, slots={"slot-01": "S1", "slot-02": "S0", "slot-03": "S5"})}
    wish = PoolWish("oslo/train", "dgx-h200", 3, 0, {R1: 1, R2: 1, R3: 1})

    assert {"slot-01": "S1", "slot-02": "S2", "slot-03": "S5"} == (
        bind_slots(inventory(*SIX), [wish], before)["oslo/train"].slots
    )


def test_a_spare_yields_to_a_node_where_its_cell_has_no_other_server() -> None:
    two = inventory(server("S1", "r1"), server("S2", "r2"))
    before = {"oslo/train": PoolPlan(nodes=1, slots={"slot-01": "S1"}, spares={"spare-01": "S2"})}
    wish = PoolWish("oslo/train", "dgx-h200", 1, 1, {R1: 0, R2: 1})
    after = bind_slots(two, [wish], before)["oslo/train"]

    assert ({"slot-01": "S2"}, {"spare-01": "S1"}) == (after.slots, after.spares)


def test_a_spare_stays_one_while_there_is_another_server_for_a_new_node() -> None:
    before = {"oslo/train": PoolPlan(nodes=1, slots={"slot-01": "S0"}, spares={"spare-01": "S2"})}
    wish = PoolWish("oslo/train", "dgx-h200", 2, 1, {R1: 1, R2: 1, R3: 0})
    after = bind_slots(inventory(*SIX), [wish], before)["oslo/train"]

    assert ({"slot-01": "S0", "slot-02": "S3"}, {"spare-01": "S2"}) == (after.slots, after.spares)


def test_a_spare_that_is_wanted_no_more_is_a_server_like_the_others() -> None:
    before = {"oslo/train": PoolPlan(nodes=1, slots={"slot-01": "S0"}, spares={"spare-01": "S2"})}

    assert {"slot-01": "S0", "slot-02": "S2"} == (
        bind_slots(inventory(*SIX), [PoolWish("oslo/train", "dgx-h200", 2, 0)], before)["oslo/train"].slots
    )
