"""What the catalogue shows to be impossible in a hall, and the cap that would make it fit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from argosy.planner.site_faults import site_faults

if TYPE_CHECKING:
    from conftest import World

    from argosy.errors import Fault

Plain = dict[str, Any]
Judged = Callable[..., "list[Fault]"]

TRAY = {"role": "inference", "server_type": "gb200-nvl72-tray"}


@pytest.fixture
def judged(world: Callable[[], World]) -> Judged:
    def faults(kw: int, nodes: object = 4, start_up: Plain | None = None, **pool: object) -> list[Fault]:
        units = [{"name": f"pdu-{f}", "kind": "pdu", "rated_kw": kw, "parents": [f]} for f in "ab"]
        chain = {
            "pue": Decimal("1.25"),
            "feeds": [{"name": f, "rated_kw": 1000} for f in "ab"],
            "units": units,
            "racks": {"r1": ["pdu-a", "pdu-b"]},
            "start_up": start_up or {},
        }
        servers = [
            {
                "serial": f"N{n}",
                "bmc": f"https://n{n}.example",
                "rack": "r1",
                "feeds": ["a", "b"],
                "server_type": "gb200-nvl72-tray",
            }
            for n in range(4)
        ]
        made = world().hall("north", servers, site={"power": chain}, serve=TRAY | {"nodes": nodes} | pool)
        return list(site_faults(made.fleet(), made.catalog))

    return faults


def test_a_hall_whose_units_carry_everything_has_no_fault(judged: Judged):
    # 4 x 6.667 kW x 1.25 = 33.335 kW, of 42 kW x 0.8 = 33.6
    assert [] == judged(42, start_up={"inrush": Decimal("1.5")})


def test_an_overload_names_the_cap_that_would_make_it_fit(judged: Judged):
    first, second = judged(41)

    assert "sites.north.power.units[0].rated_kw" == first.path
    assert "32.8 kW (41 kW x 0.8), though it would carry 33.335 kW once feed b is lost" == first.given
    assert "what 4 nodes that must run draw at most, times the PUE of 1.25" == first.expected
    assert (
        "cap each node at 6,560 W (`power_cap_watts` of its pool), raise it, or hold fewer nodes" == first.fix
    )
    assert "sites.north.power.units[1].rated_kw" == second.path
    assert [] == judged(41, power_cap_watts=6560, start_up={"inrush": Decimal("1.5")})
    assert judged(41, power_cap_watts=6561)


def test_no_cap_is_advised_below_the_lowest_that_the_vendor_documents(judged: Judged):
    # 6 kW x 0.8 / (4 x 1.25) = 960 W
    assert "no cap helps, since the lowest is 1,000 W" in judged(6)[0].fix


def test_a_cap_below_the_lowest_is_refused_and_so_is_one_that_caps_nothing(judged: Judged):
    low, high = judged(100, power_cap_watts=999), judged(100, power_cap_watts=6667)

    assert ["sites.north.node_pools.serve.power_cap_watts"] == [fault.path for fault in low]
    assert "at least 1,000 W" == low[0].expected
    assert ["less than its 6,667 W"] == [fault.expected for fault in high]
    assert [] == judged(100, power_cap_watts=1000)


def test_of_a_range_only_what_must_run_is_held_against_the_power(judged: Judged):
    assert [] == judged(42, {"min": 2, "max": 4}, {"inrush": Decimal("1.5")})
    assert judged(20, {"min": 3, "max": 4})
    assert [] == judged(22, {"min": 2, "max": 4}, {"inrush": Decimal("1.5")})


def test_servers_that_may_not_start_beside_the_others_are_a_fault(judged: Judged):
    # Rated 42 kW; 33.335 / 2 run; a start adds 4 x 6.667 kW x 1.25 / 2 = 16.67 kW.
    assert [] == judged(42)
    [fault, _] = judged(42, start_up={"at_once": 2})

    assert "42 kW, behind which 1 server may start beside those that run" in fault.given
    assert "2 servers at once, as power.start_up.at_once has it" == fault.expected
    assert [] == judged(42, start_up={"at_once": 2, "inrush": Decimal("2")})
