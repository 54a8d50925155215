"""Which uplinks are left at the worst, and what those must carry."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy.site_facts.uplinks import (
    Excess,
    Link,
    excesses,
    has_two_apart,
    image_mbps,
    losses,
    oob_apart_from_data,
    round_trip_ms,
)

FIBRE = Link("fibre", 1000, 18, "one", "duct", "wall", usage=("data", "control", "oob"))
SKY = Link("sky", 200, 45, "two", metered=True, usage=("control", "oob"))


@pytest.mark.parametrize(
    "other",
    [
        Link("sky", 200, 45, "one"),
        Link("sky", 200, 45, "two", conduit="duct"),
        Link("sky", 200, 45, "two", entry="wall"),
    ],
)
def test_uplinks_that_share_a_carrier_a_conduit_or_an_entry_are_not_apart(other: Link):
    assert not has_two_apart([FIBRE, other])
    assert has_two_apart([FIBRE, other, Link("roof", 100, 40, "three")])


def test_one_uplink_is_never_two_apart():
    assert not has_two_apart([FIBRE])
    assert has_two_apart([FIBRE, SKY])


def test_a_loss_takes_all_that_shares_its_cause():
    twin = Link("twin", 1000, 18, "three", "duct", "door")

    taken = {words: [link.name for link in links] for words, links in losses([FIBRE, twin, SKY]).items()}

    assert {
        "conduit duct": ["fibre", "twin"],
        "entry wall": ["fibre"],
        "carrier one": ["fibre"],
        "entry door": ["twin"],
        "carrier three": ["twin"],
        "uplink sky": ["sky"],
        "carrier two": ["sky"],
    } == taken


def test_out_of_band_that_shares_nothing_with_data_is_apart():
    assert (SKY,) == oob_apart_from_data([FIBRE, SKY])
    assert () == oob_apart_from_data([FIBRE])
    assert () == oob_apart_from_data([FIBRE, Link("sky", 200, 45, "two")])


@pytest.mark.parametrize(
    ("control", "oob", "expected"),
    [
        ("199", "1", []),
        ("199", "2", [Excess("conduit duct", "control plane and out-of-band", Fraction(201), 200)]),
        ("201", "1", [Excess("conduit duct", "control plane", Fraction(201), 200)]),
        (
            "201",
            "202",
            [
                Excess("conduit duct", "control plane", Fraction(201), 200),
                Excess("conduit duct", "out-of-band", Fraction(202), 200),
            ],
        ),
    ],
)
def test_what_does_not_fit_the_worst_survivor_is_named(control: str, oob: str, expected: list[Excess]):
    found = list(excesses([FIBRE, SKY], Fraction(control), Fraction(oob)))

    assert expected == [Excess("conduit duct", one.traffic, one.needed_mbps, one.left_mbps) for one in found]
    assert all(one.lost in ("conduit duct", "entry wall", "carrier one") for one in found)


def test_traffic_that_only_one_uplink_carries_has_nothing_left_once_that_is_lost():
    data_only = Link("sky", 200, 45, "two", usage=("data",))

    assert [("control plane", 0), ("out-of-band", 0)] == [
        (one.traffic, one.left_mbps) for one in excesses([FIBRE, data_only], Fraction(1), Fraction(1))
    ]


def test_images_go_over_unmetered_data_uplinks_that_any_one_loss_leaves():
    assert 0 == image_mbps([FIBRE, SKY])
    assert 0 == image_mbps([FIBRE, Link("sky", 200, 45, "two", metered=True)])
    assert 200 == image_mbps([FIBRE, Link("sky", 200, 45, "two")])


def test_images_go_over_no_uplink_that_carries_other_traffic_alone():
    assert 0 == image_mbps([FIBRE, Link("sky", 200, 45, "two", usage=("control", "oob"))])
    assert 200 == image_mbps([FIBRE, Link("sky", 200, 45, "two", usage=("data",))])


def test_of_a_thousand_uplinks_the_worst_loss_is_found_without_trying_each_against_each():
    many = [
        Link(f"u{place}", 10 + place, 18, f"c{place}", f"d{place}", f"e{place // 2}")
        for place in range(1_000)
    ]

    # The last two share their entry.
    assert sum(range(10, 1_008)) == image_mbps(many)
    needed = Fraction(sum(range(10, 1_010)))
    assert ["entry e499"] * 2 == [one.lost for one in excesses(many, needed, needed)]


def test_the_longest_round_trip_that_control_may_take_counts():
    assert 45 == round_trip_ms([FIBRE, SKY])
    assert 18 == round_trip_ms([FIBRE, Link("geo", 50, 600, "three", usage=("data",))])
    assert 0 == round_trip_ms([])
