"""The power units of a scenario: what becomes of them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_metal.simulator import SimulatedFeed, SimulatedUnit

from .test_simulator_scenario import faults, load

HALL = """
halls:
  north:
    feeds: [{name: a, rated_kw: 60}, {name: b, rated_kw: 60, parents: [grid]}]
    units:
      - {name: grid, kind: utility, rated_kw: 80}
      - {name: gen, kind: generator, rated_kw: 60, minutes: 480, start_seconds: 45}
      - {name: ups, kind: ups, rated_kw: 60.5, minutes: 10, parents: [a, gen]}
    racks:
      - {name: gpu, count: 2, servers: 1, server_type: dgx-h200, feeds: [a, b], units: [ups, b]}
"""


def test_units_parents_and_what_racks_hang_on_are_taken_over(tmp_path: Path) -> None:
    (hall,) = load(tmp_path, HALL).halls

    assert (SimulatedFeed("a", 60_000), SimulatedFeed("b", 60_000, ("grid",))) == hall.feeds
    assert hall.units == (
        SimulatedUnit("grid", "utility", 80_000),
        SimulatedUnit("gen", "generator", 60_000, (), 480, 45),
        SimulatedUnit("ups", "ups", 60_500, ("a", "gen"), 10),
    )
    assert {"gpu-1": ("ups", "b"), "gpu-2": ("ups", "b")} == hall.racks


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("parents: [a, gen]", "parents: [a, gem]", "given the feed or unit 'gem'"),
        ("units: [ups, b]", "units: [upps, b]", "given the feed or unit 'upps'"),
        ("name: gen,", "name: a,", "given 'a' again; expected a name that no other unit and no feed has"),
        (", minutes: 480", "", "given no `minutes`; expected `minutes` of a generator; add `minutes: …`"),
        (
            "kind: utility, rated_kw: 80",
            "kind: utility, rated_kw: 80, minutes: 5",
            "units[0].minutes: given that of a utility; expected that of ups or generator only; delete it",
        ),
        ("rated_kw: 80}", "rated_kw: 80, parents: [ups, b]}", "given a circle: "),
        (", units: [ups, b]}", "}", "racks[0]: given no `units`; expected what the rack hangs on"),
        (
            "feeds: [a, b], units",
            "units",
            "racks[0]: given no `feeds`; expected feeds that `units` lead up to",
        ),
        (
            "units: [ups, b]",
            "units: [ups]",
            "feeds[1]: given the feed 'b', to which no unit of the rack leads; expected a feed above ups",
        ),
    ],
)
def test_whatever_is_wrong_with_a_halls_power_is_said_with_its_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in HALL

    assert any(told in fault for fault in faults(tmp_path, HALL.replace(old, new)))


def test_an_event_may_cut_a_power_unit_that_is_there(tmp_path: Path) -> None:
    events = "events: [{at: 1h, cut: power unit north/ups}, {at: 2h, cut: power unit north/upps}]\n"

    assert ["did you mean ups?"] == [fault.rpartition("; ")[2] for fault in faults(tmp_path, HALL + events)]
