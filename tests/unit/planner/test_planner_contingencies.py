"""Every line of `survive` stands for the right scenarios."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from argosy.planner.contingencies import NOMINAL

if TYPE_CHECKING:
    from conftest import World


@pytest.fixture
def mixed(world: Callable[[], World]) -> World:
    """Two clouds and two halls; both halls' fibres lie in one conduit."""
    made = world()
    zones = ("z1", "z2")
    duct = {"name": "fibre-1", "kind": "fibre", "mbps": 1, "rtt_ms": 1, "carrier": "c", "conduit": "duct"}
    sky = {"name": "sky-1", "kind": "leo", "mbps": 1, "rtt_ms": 1, "carrier": "s"}
    cloud = {"role": "inference", "nodes": 2, "instance_type": "p5en.48xlarge", "zones": zones}
    metal = {"role": "training", "nodes": 2, "server_type": "dgx-h200"}
    made.cloud("use1", "aws", serve=cloud).cloud(
        "euw4", "gcp", serve=cloud | {"instance_type": "a3-ultragpu-8g"}
    )
    made.hall("north", 4, uplinks=[duct, sky], train=metal).hall("south", 4, uplinks=[duct, sky], train=metal)
    return made


@pytest.mark.parametrize(
    ("lose", "expected"),
    [
        ("any provider", ["lose provider aws", "lose provider gcp", "lose provider metal"]),
        (
            "any two providers",
            ["lose providers aws and gcp", "lose providers aws and metal", "lose providers gcp and metal"],
        ),
        ("any site", ["lose site euw4", "lose site north", "lose site south", "lose site use1"]),
        (
            "any zone",
            [
                "lose zone aws/z1",
                "lose zone aws/z2",
                "lose zone gcp/z1",
                "lose zone gcp/z2",
                "lose zone north",
                "lose zone south",
            ],
        ),
        (
            "any feed",
            ["lose feed north/a", "lose feed north/b", "lose feed south/a", "lose feed south/b"],
        ),
        (
            "any rack",
            ["lose rack north/r1", "lose rack north/r2", "lose rack south/r1", "lose rack south/r2"],
        ),
        ("any uplink", ["lose conduit duct", "lose uplink north/sky-1", "lose uplink south/sky-1"]),
        ("spot", ["lose spot"]),
        ("gcp", ["lose provider gcp"]),
        ("north", ["lose site north"]),
    ],
)
def test_a_line_stands_for_its_scenarios(mixed: World, lose: str, expected: list[str]) -> None:
    assert [NOMINAL, *expected] == list(mixed.survive(lose).scenarios())


def test_nothing_lost_comes_first_and_demands_everything(mixed: World) -> None:
    nominal = next(iter(mixed.survive("any site", "0.5").scenarios().values()))

    assert (NOMINAL, Fraction(1), Fraction(1)) == (nominal.id, nominal.training, nominal.inference)


def test_two_lines_of_one_scenario_keep_the_higher_floors(mixed: World) -> None:
    mixed.survive("any provider", inference="0", training="0.2").survive("aws", inference="0", training="0.1")

    assert Fraction(1, 5) == mixed.scenarios()["lose provider aws"].training


def test_one_scenario_with_two_times_stays_two(mixed: World) -> None:
    mixed.survive("aws", within="4h").survive("aws", within="15m")

    assert [("nothing lost", "0"), ("lose provider aws", "15m"), ("lose provider aws", "4h")] == [
        (plan.id, plan.within) for plan in mixed.plan().scenarios
    ]


def test_a_conduit_takes_every_uplink_in_it_in_every_hall(mixed: World) -> None:
    lost = mixed.survive("any uplink").scenarios()["lose conduit duct"].loss.uplinks

    assert {("north", "fibre-1"), ("south", "fibre-1")} == lost


def test_a_rack_without_a_held_server_is_no_scenario(world: Callable[[], World]) -> None:
    metal = {"role": "training", "nodes": 1, "server_type": "dgx-h200"}

    assert [NOMINAL, "lose rack north/r1"] == list(
        world().hall("north", 4, train=metal).survive("any rack").scenarios()
    )
