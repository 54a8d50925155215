"""Every line of `survive` stands for the right scenarios, from the fleet file and its inventories alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from argosy.planner.contingencies import (
    NOMINAL,
    Loss,
    Scenario,
    all_domains,
    enumerate_scenarios,
    named_loss,
    union,
)
from argosy.spec.inventory import InventorySpec
from argosy.spec.loader import LoadedFleet
from argosy.spec.losses import LOSSES
from argosy.spec.models import FleetSpec

Plain = dict[str, Any]

DUCT = {
    "name": "fibre-1",
    "kind": "fibre",
    "mbps": 1,
    "rtt_ms": 1,
    "carrier": "Nordic Fibre",
    "conduit": "duct",
    "entry": "east wall",
}
SKY = {"name": "sky-1", "kind": "leo", "mbps": 1, "rtt_ms": 1, "carrier": "sky"}
BLOCK = {"type": "block", "reservation": "cr-1", "ends": "2027-03-01T00:00Z"}
KINDS_OF_LINES = [line.removeprefix("any ") for line in LOSSES if line != "any two providers"]


def cloud(provider: str, *zones: str) -> Plain:
    """Trains in the first zone, and serves from the others, if there are any."""
    serve = {"role": "inference", "nodes": {"min": 0, "max": 4}, "zones": zones[1:] or zones}
    train = {"role": "training", "nodes": 0, "zone": zones[0], "capacity": BLOCK}
    pools = {"serve": serve | {"instance_type": "big"}, "train": train | {"instance_type": "big"}}
    return {"provider": provider, "region": "somewhere-1", "node_pools": pools}


def hall(name: str, *uplinks: Plain, supplier_of_b: str | None = None) -> Plain:
    return {
        "provider": "metal",
        "inventory": f"inventories/{name}.yaml",
        "power": {
            "feeds": [
                {"name": "a", "rated_kw": 60, "supplier": "City Grid"},
                {"name": "b", "rated_kw": 60, "supplier": supplier_of_b},
            ],
            "units": [{"name": "pdu-a", "kind": "pdu", "rated_kw": 60, "parents": ["a"]}],
            "racks": {rack: ["pdu-a", "b"] for rack in ("r1", "r2", "r3")},
        },
        "uplinks": uplinks,
        "claims": {"path": "claims.sqlite"},
        "phone_home": "https://provision.example",
        "node_pools": {
            "train": {"role": "training", "nodes": {"min": 0, "max": 2}, "server_type": "dgx-h200"}
        },
    }


def inventory(site: str) -> InventorySpec:
    """Racks r1 and r2 hold servers that a pool uses; r2 and r3 hold others."""
    places = [("r1", None), ("r2", None), ("r2", "dgx-b200"), ("r3", "dgx-b200")]
    servers = [
        {
            "serial": f"{site}-{number}",
            "bmc": f"https://{site}-{number}.example",
            "rack": rack,
            "feeds": ["a", "b"],
            "server_type": server_type,
        }
        for number, (rack, server_type) in enumerate(places)
    ]
    credentials = {"username": "env:BMC_USERNAME", "password": "env:BMC_PASSWORD"}
    return InventorySpec.model_validate(
        {
            "version": 1,
            "site": site,
            "server_type": "dgx-h200",
            "credentials": credentials,
            "servers": servers,
        }
    )


MIXED = {
    "use1": cloud("aws", "z1", "z2"),
    "use2": cloud("aws", "z2", "z3"),
    "euw4": cloud("gcp", "z1"),
    "north": hall("north", DUCT, SKY),
    "south": hall("south", DUCT, SKY | {"name": "sky-2", "conduit": "roof"}, supplier_of_b="hydro"),
}
"""Two clouds and two halls, whose fibres lie in one conduit."""

EAST = {"sites": ["use1"], "feeds": ["south/a"], "uplinks": ["south/fibre-1", "north/sky-1"]}


def fleet(
    *survive: Plain | str, sites: Mapping[str, Plain] = MIXED, risk_groups: Plain | None = None
) -> LoadedFleet:
    """The mixed fleet, with these lines of `survive`: what they lose, or in full."""
    keep = {"inference": Decimal(1)}
    spec = FleetSpec.model_validate(
        {
            "version": 1,
            "name": "test",
            "sites": sites,
            "demand": {
                "training": [{"name": "pretrain", "accelerator": ["H200"], "nodes": 2}],
                "inference": [
                    {"name": "assistant", "accelerator": ["H200"], "nodes": 2},
                    {"name": "search", "accelerator": ["H200"], "nodes": 2},
                ],
            },
            "risk_groups": {"east": EAST} if risk_groups is None else risk_groups,
            "survive": [{"lose": line, "keep": keep} if isinstance(line, str) else line for line in survive],
        }
    )
    halls = [name for name, site in sites.items() if site["provider"] == "metal"]
    path = Path("stacks/fleets/test.yaml")
    inventories = {name: inventory(name) for name in halls}
    return LoadedFleet(name="test", path=path, root=Path(), spec=spec, inventories=inventories, sha256="")


def line(lose: str, within: str = "0", *, workloads: Mapping[str, str] | None = None, **floors: str) -> Plain:
    shares: Plain = {kind: Decimal(share) for kind, share in floors.items()}
    shares["workloads"] = {name: Decimal(share) for name, share in (workloads or {}).items()}
    return {"lose": lose, "keep": shares, "within": within}


def by_id(made: LoadedFleet) -> dict[str, Scenario]:
    return {scenario.id: scenario for scenario in enumerate_scenarios(made)}


@pytest.mark.parametrize(
    ("lose", "expected"),
    [
        ("any provider", ["lose provider aws", "lose provider gcp", "lose provider metal"]),
        (
            "any two providers",
            ["lose providers aws and gcp", "lose providers aws and metal", "lose providers gcp and metal"],
        ),
        (
            "any site",
            ["lose site euw4", "lose site north", "lose site south", "lose site use1", "lose site use2"],
        ),
        (
            "any zone",
            [
                "lose zone aws/z1",
                "lose zone aws/z2",
                "lose zone aws/z3",
                "lose zone gcp/z1",
                "lose zone north",
                "lose zone south",
            ],
        ),
        (
            "any rack",
            ["lose rack north/r1", "lose rack north/r2", "lose rack south/r1", "lose rack south/r2"],
        ),
        ("any feed", ["lose feed north/a", "lose feed north/b", "lose feed south/a", "lose feed south/b"]),
        ("any uplink", ["lose conduit duct", "lose uplink north/sky-1", "lose uplink south/sky-2"]),
        ("any carrier", ["lose carrier Nordic Fibre", "lose carrier sky"]),
        ("any entry", ["lose entry north/east wall", "lose entry south/east wall"]),
        ("any power supplier", ["lose power supplier City Grid", "lose power supplier hydro"]),
        ("any power unit", ["lose power unit north/pdu-a", "lose power unit south/pdu-a"]),
        ("any risk group", ["lose risk group east"]),
        ("spot", ["lose spot"]),
        ("gcp", ["lose provider gcp"]),
        ("north", ["lose site north"]),
        ("east", ["lose risk group east"]),
        ("zone aws/z2", ["lose zone aws/z2"]),
        ("feed south/b", ["lose feed south/b"]),
        ("uplink north/fibre-1", ["lose conduit duct"]),
        ("uplink south/sky-2", ["lose uplink south/sky-2"]),
        ("conduit duct", ["lose conduit duct"]),
        ("conduit roof", ["lose uplink south/sky-2"]),
        ("rack north/r1", ["lose rack north/r1"]),
        ("carrier Nordic Fibre", ["lose carrier Nordic Fibre"]),
        ("entry south/east wall", ["lose entry south/east wall"]),
        ("power supplier City Grid", ["lose power supplier City Grid"]),
        ("power unit north/pdu-a", ["lose power unit north/pdu-a"]),
    ],
)
def test_a_line_stands_for_its_scenarios(lose: str, expected: list[str]) -> None:
    assert [NOMINAL, *expected] == [scenario.id for scenario in enumerate_scenarios(fleet(lose))]


@pytest.mark.parametrize("lose", ["any two providers", "any rack", "any feed", "any uplink"])
def test_a_line_that_nothing_in_the_fleet_is_like_has_no_scenario(lose: str) -> None:
    one_cloud = fleet(lose, sites={"use1": cloud("aws", "z1")}, risk_groups={})

    assert [NOMINAL] == list(by_id(one_cloud))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("aws", Loss(sites=frozenset({"use1", "use2"}))),
        ("metal", Loss(sites=frozenset({"north", "south"}))),
        ("use2", Loss(sites=frozenset({"use2"}))),
        ("zone aws/z2", Loss(zones=frozenset({("aws", "z2")}))),
        ("zone south", Loss(sites=frozenset({"south"}))),
        ("rack south/r2", Loss(racks=frozenset({("south", "r2")}))),
        ("feed south/a", Loss(feeds=frozenset({("south", "a")}))),
        ("uplink north/sky-1", Loss(uplinks=frozenset({("north", "sky-1")}))),
        ("uplink north/fibre-1", Loss(uplinks=frozenset({("north", "fibre-1"), ("south", "fibre-1")}))),
        ("carrier sky", Loss(uplinks=frozenset({("north", "sky-1"), ("south", "sky-2")}))),
        ("power supplier City Grid", Loss(feeds=frozenset({("north", "a"), ("south", "a")}))),
        ("spot", Loss(spot=True)),
        (
            "east",
            Loss(
                sites=frozenset({"use1"}),
                feeds=frozenset({("south", "a")}),
                uplinks=frozenset({("south", "fibre-1"), ("north", "sky-1")}),
            ),
        ),
    ],
)
def test_a_named_domain_takes_with_it_what_fails_together_and_no_more(words: str, expected: Loss) -> None:
    assert expected == named_loss(words, fleet())[1]


def test_two_providers_take_the_sites_of_both() -> None:
    lost = by_id(fleet("any two providers"))["lose providers aws and gcp"].loss

    assert Loss(sites=frozenset({"use1", "use2", "euw4"})) == lost


@pytest.mark.parametrize("kind", KINDS_OF_LINES)
def test_a_line_loses_each_domain_of_its_kind_as_its_own_words_do(kind: str) -> None:
    made = fleet("spot" if kind == "spot" else f"any {kind}")
    named = dict(named_loss(words, made) for words in all_domains(made))

    losses = {scenario.id: scenario.loss for scenario in enumerate_scenarios(made)[1:]}

    assert losses
    assert losses.items() <= named.items()


def test_every_domain_of_the_fleet_is_listed_by_the_words_that_name_it() -> None:
    known = all_domains(fleet())

    assert sorted(known) == list(known)
    assert {"aws", "use1", "east", "spot", "zone gcp/z1", "zone north", "conduit duct"} <= set(known)
    assert {"uplink south/fibre-1", "carrier sky", "power supplier hydro", "rack north/r2"} <= set(known)
    assert not {"rack north/r3", "any feed", "power supplier None", "conduit None"} & set(known)


@pytest.mark.parametrize(
    ("words", "close"),
    [
        ("awz", "aws"),
        ("provider gcp", "gcp"),
        ("site nort", "north"),
        ("risk group easst", "east"),
        ("feed north/c", "feed north/b"),
        ("feed nroth/b", "feed north/b"),
        ("rack north/r3", "rack north/r2"),
        ("zon aws/z1", "zone aws/z1"),
        ("carrier Nordic Fiber", "carrier Nordic Fibre"),
    ],
)
def test_words_that_name_no_domain_are_refused_with_the_closest_that_do(words: str, close: str) -> None:
    with pytest.raises(
        ValueError, match=f"^'{words}' names nothing that this fleet can lose; closest: {close}$"
    ):
        named_loss(words, fleet())


@pytest.mark.parametrize(
    ("words", "close"),
    [("rack north/r11", "rack north/r1"), ("feed nroth/b", "feed north/b"), ("nroth", "north")],
)
def test_a_large_hall_does_not_hide_what_was_meant_elsewhere(words: str, close: str) -> None:
    made = fleet()
    servers = [made.inventories["south"].servers[0].model_copy(update={"rack": f"r{n}"}) for n in range(300)]
    large = made.inventories["south"].model_copy(update={"servers": tuple(servers)})

    with pytest.raises(ValueError, match=f"closest: {close}$"):
        named_loss(words, replace(made, inventories={**made.inventories, "south": large}))


def test_words_like_no_domain_are_refused_with_the_ways_to_name_one() -> None:
    with pytest.raises(
        ValueError, match="name a provider, a site, a risk group, or zone PROVIDER/ZONE, rack"
    ):
        named_loss("the moon", fleet())


def test_losses_at_once_take_away_what_each_of_them_does() -> None:
    named = ("use1", "zone gcp/z1", "rack north/r1", "feed north/a", "uplink north/sky-1", "spot")

    assert Loss() == union(())
    assert Loss(
        sites=frozenset({"use1", "use2"}),
        zones=frozenset({("gcp", "z1")}),
        racks=frozenset({("north", "r1")}),
        feeds=frozenset({("north", "a")}),
        uplinks=frozenset({("north", "sky-1")}),
        spot=True,
    ) == union(named_loss(words, fleet())[1] for words in (*named, "use2"))


def test_nothing_lost_comes_first_and_demands_everything() -> None:
    nominal = enumerate_scenarios(fleet("any site"))[0]

    assert Scenario(NOMINAL, "0", Fraction(1), Fraction(1), {}, Loss()) == nominal


def test_scenarios_follow_by_name_and_then_by_time() -> None:
    lines = (
        line("south", "4h", training="1"),
        line("south", "15m", training="1"),
        line("aws", "4h", training="1"),
    )

    assert [NOMINAL, "lose provider aws", "lose site south", "lose site south"] == [
        scenario.id for scenario in enumerate_scenarios(fleet(*lines))
    ]
    assert [0, 240, 15, 240] == [scenario.minutes for scenario in enumerate_scenarios(fleet(*lines))]


def test_two_lines_of_one_scenario_keep_the_higher_floors_and_both_are_named() -> None:
    lines = (
        line("spot", training="1"),
        line("any provider", inference="0.3", training="0.2"),
        line("aws", inference="0.4", training="0.1"),
        line("gcp", inference="0.1", training="0.6"),
    )
    scenarios = by_id(fleet(*lines))

    def told(id_: str) -> tuple[Fraction, Fraction, tuple[int, ...]]:
        return scenarios[id_].training, scenarios[id_].inference, scenarios[id_].statements

    assert (Fraction(1, 5), Fraction(2, 5), (1, 2)) == told("lose provider aws")
    assert (Fraction(3, 5), Fraction(3, 10), (1, 3)) == told("lose provider gcp")
    assert (Fraction(1, 5), Fraction(3, 10), (1,)) == told("lose provider metal")


def test_a_line_that_names_two_uplinks_of_one_conduit_leads_to_it_once() -> None:
    lines = ("uplink north/fibre-1", "any uplink", "uplink south/fibre-1")

    assert (0, 1, 2) == by_id(fleet(*lines))["lose conduit duct"].statements


def test_a_floor_of_a_workload_goes_before_that_of_its_kind() -> None:
    workloads = {"assistant": "0.9", "pretrain": "0"}
    scenario = by_id(fleet(line("aws", training="0.6", inference="0.5", workloads=workloads)))[
        "lose provider aws"
    ]

    assert {"inference/assistant": Fraction(9, 10), "training/pretrain": Fraction(0)} == scenario.workloads
    assert (Fraction(9, 10), Fraction(1, 2)) == tuple(
        map(scenario.floor, ("inference/assistant", "inference/search"))
    )
    assert (Fraction(0), Fraction(3, 5)) == tuple(
        map(scenario.floor, ("training/pretrain", "training/other"))
    )


@pytest.mark.parametrize(
    ("one", "other", "assistant", "search"),
    [
        # A floor of the kind does not lower that of the workload, nor the other way round.
        (
            line("aws", inference="0.2", workloads={"assistant": "0.9"}),
            line("aws", inference="0.5"),
            "0.9",
            "0.5",
        ),
        (
            line("aws", inference="1", workloads={"assistant": "0.2"}),
            line("aws", inference="0.5"),
            "0.5",
            "1",
        ),
        (
            line("aws", inference="0.3", workloads={"assistant": "0.1"}),
            line("aws", inference="0.2", workloads={"search": "0.1"}),
            "0.2",
            "0.3",
        ),
        (
            line("aws", workloads={"assistant": "0.1", "search": "0.8"}),
            line("aws", workloads={"assistant": "0.2", "search": "0.7"}),
            "0.2",
            "0.8",
        ),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_merged_lines_keep_of_each_workload_the_most_that_one_of_them_asks(
    one: Plain, other: Plain, assistant: str, search: str, swapped: bool
) -> None:
    lines = (other, one) if swapped else (one, other)
    scenario = by_id(fleet(*lines))["lose provider aws"]

    assert Fraction(assistant) == scenario.floor("inference/assistant")
    assert Fraction(search) == scenario.floor("inference/search")


def test_lines_of_two_times_do_not_merge() -> None:
    made = fleet(line("aws", "15m", inference="0.5"), line("aws", "4h", inference="1"))

    assert [(0, ()), (15, (0,)), (240, (1,))] == [
        (s.minutes, s.statements) for s in enumerate_scenarios(made)
    ]


def test_a_scenario_with_floors_of_workloads_can_stand_in_a_set() -> None:
    made = fleet(line("aws", workloads={"assistant": "0.9"}))

    assert 2 == len({*enumerate_scenarios(made), *enumerate_scenarios(made)})
