"""The verifier by itself: what a server hangs on, and how many of its supplies a failure leaves alive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from argosy.catalog import Catalog
from argosy.planner.verify_power import wrong_power

if TYPE_CHECKING:
    from conftest import World

Plain = dict[str, Any]
Verdict = Callable[..., list[str]]

TWO: Mapping[str, Sequence[str]] = {"pdu-a": "a", "pdu-b": "b"}
FOUR: Mapping[str, Sequence[str]] = {"pdu-a1": "a", "pdu-a2": "a", "pdu-b1": "b", "pdu-b2": "b"}
BARE: Plain = {"role": "inference", "server_type": "dgx-h200", "nodes": 4}


def power(pdus: Mapping[str, Sequence[str]], pdu_kw: int = 100) -> Plain:
    """PDUs and the feeds that each hangs on; every rack hangs on all of them."""
    return {
        "pue": Decimal("1.2"),
        "feeds": [{"name": feed, "rated_kw": 1000} for feed in "ab"],
        "units": [
            {"name": name, "kind": "pdu", "rated_kw": pdu_kw, "derate": 1, "parents": list(feeds)}
            for name, feeds in pdus.items()
        ],
        "racks": {rack: list(pdus) for rack in ("r1", "r2")},
    }


@pytest.fixture
def wrong(world: Callable[[], World]) -> Verdict:
    """What the verifier says, sorted, of four servers that were planned for a stronger hall."""

    def hall(chain: Plain, pool: Plain, feeds: str) -> World:
        servers = [
            {
                "serial": f"N{n}",
                "bmc": f"https://n{n}.example",
                "rack": f"r{n // 2 + 1}",
                "feeds": list(feeds),
            }
            for n in range(4)
        ]
        return world().hall("north", servers, site={"power": chain}, serve=pool).serve("chat", 4)

    def verdict(chain: Plain, feeds: str = "ab", cap: int | None = None, **supplies: int) -> list[str]:
        lock = hall(power(TWO), BARE, feeds).plan()
        made = hall(chain, BARE | ({} if cap is None else {"power_cap_watts": cap}), feeds)
        return sorted(wrong_power(made.fleet(), lock, with_supplies(made.catalog, supplies)))

    return verdict


def with_supplies(catalog: Catalog, supplies: Mapping[str, int]) -> Catalog:
    """The catalogue with other supplies in a DGX H200, which has six, needs four, and three to boot."""
    key, known = "metal/dgx-h200", catalog.server_types["metal/dgx-h200"]
    assert known.power_supplies is not None
    changed = known.model_copy(update={"power_supplies": known.power_supplies.model_copy(update=supplies)})
    return Catalog(catalog.accelerators, catalog.instance_types, {**catalog.server_types, key: changed})


def downs(*failures: str) -> list[str]:
    return sorted(
        f"north: server N{n} goes down once {failed} is lost" for failed in failures for n in range(4)
    )


def test_a_server_hangs_on_those_units_of_its_rack_alone_that_lead_to_its_feeds(wrong: Verdict):
    found = wrong(power(TWO, pdu_kw=48), feeds="a")

    # 4 x 10.2 kW x 1.2 = 48.96 kW, all of it on pdu-a.
    assert "north: pdu-a would carry 48,960 W, of the 48,000 W that it may" in found
    assert downs("a", "pdu-a") == [told for told in found if "goes down" in told]
    assert not any("pdu-b would" in told for told in found)


def test_of_supplies_that_are_not_spread_evenly_the_dark_inlets_are_taken_to_have_the_most(wrong: Verdict):
    # Six on four inlets are 2, 2, 1, 1: a feed takes two of these, and may leave two of the four needed.
    assert downs("a", "b") == wrong(power(FOUR))
    assert [] == wrong(power(FOUR), needed=2)


def test_without_a_cap_the_vendors_count_decides_however_strong_the_supplies_are(wrong: Verdict):
    # Three supplies of 5 kW are left, more than the 10.2 kW of a server, which needs four of them.
    assert downs("a", "b", "pdu-a", "pdu-b") == wrong(power(TWO), watts=5000)
    assert [] == wrong(power(TWO), watts=5000, cap=10_199)


def test_supplies_that_carry_a_capped_server_and_do_not_boot_it_are_too_few(wrong: Verdict):
    # A feed takes two inlets, and may leave two supplies of 3.3 kW, which carry 6 kW.
    assert downs("a", "b") == wrong(power(FOUR), cap=6000)
    assert [] == wrong(power(FOUR), cap=6000, needed_to_boot=2)
