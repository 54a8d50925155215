"""Batteries, generators and PDUs of a simulated hall: who gives power when, what each carries, what trips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy.site_facts.supplies import Supplies
from argosy_metal.simulator import SimulatedHall, SimulatedUnit

from .simulated_halls import Hall, config_of, hall_of, running

SERIALS = ("SN1", "SN2", "SN3", "SN4")


def units(ups_watts: int = 1_000_000) -> tuple[SimulatedUnit, ...]:
    """A battery on each feed, a generator behind the one of b, and a PDU of each for each of two racks."""
    return (
        SimulatedUnit("gen", "generator", 1_000_000, minutes=60, start_seconds=45),
        SimulatedUnit("ups-a", "ups", ups_watts, ("a",), minutes=10),
        SimulatedUnit("ups-b", "ups", ups_watts, ("b", "gen"), minutes=10),
        *(
            SimulatedUnit(f"{rack}-{feed}", "rack-pdu", 1_000_000, (f"ups-{feed}",))
            for rack in ("r1", "r2")
            for feed in "ab"
        ),
    )


def described(**changes: Any) -> SimulatedHall:
    racks = {rack: (f"{rack}-a", f"{rack}-b") for rack in ("r1", "r2")}
    fields: dict[str, Any] = {"units": units(), "racks": racks, "pue": 1.5}
    return hall_of(4, **fields | changes)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """Its four servers draw 100 W each, being off."""
    with running(config_of(described()), tmp_path) as found:
        yield found


def watts(hall: Hall, *names: str) -> tuple[float, ...]:
    shown = hall.shown()
    return tuple((shown["feeds"] | shown["units"])[name]["watts"] for name in names)


def powered(hall: Hall) -> list[str]:
    return [serial for serial in SERIALS if hall.simulation.hall("hall").has_power(serial)]


def test_every_unit_carries_what_hangs_on_it_and_cooling_counts_above_the_racks(hall: Hall) -> None:
    assert (100, 100, 300, 300, 300, 300) == watts(hall, "r1-a", "r2-b", "ups-a", "ups-b", "a", "b")
    assert "b" == hall.shown()["units"]["ups-b"]["supplied_by"]


def test_a_generator_takes_the_load_of_its_feed_once_it_has_started(hall: Hall) -> None:
    hall.cut("feed hall/b")
    at_once = watts(hall, "ups-b", "gen", "a", "b")
    hall.pass_time(44)
    before = watts(hall, "gen")
    hall.pass_time(1)

    assert (300, 0, 300, 0) == at_once
    assert ((0,), (300, 300, 300)) == (before, watts(hall, "gen", "ups-b", "a"))
    assert "gen" == hall.shown()["units"]["ups-b"]["supplied_by"]


def test_a_battery_lasts_its_minutes_and_then_the_others_carry_all(hall: Hall) -> None:
    hall.cut("feed hall/a")
    hall.pass_time(599)
    before = watts(hall, "ups-a", "b")
    hall.pass_time(1)

    assert ((300, 300), (0, 600)) == (before, watts(hall, "ups-a", "b"))
    assert list(SERIALS) == powered(hall)


def test_batteries_and_generator_together_last_as_long_as_both_say(hall: Hall) -> None:
    hall.cut("feed hall/a")
    hall.cut("feed hall/b")
    hall.pass_time(70 * 60 - 1)
    before = powered(hall)
    hall.pass_time(1)

    assert (list(SERIALS), []) == (before, powered(hall))


def test_a_battery_is_full_again_once_its_feed_is_back_and_a_generator_once_nobody_needs_it(
    hall: Hall,
) -> None:
    for _ in range(3):
        for words in ("feed hall/a", "feed hall/b"):
            hall.cut(words)
        hall.pass_time(60 * 60)
        assert list(SERIALS) == powered(hall)
        for words in ("feed hall/a", "feed hall/b"):
            hall.restore(words)
        hall.pass_time(1)


def test_what_batteries_have_left_survives_a_restart_of_the_simulator(tmp_path: Path) -> None:
    with running(config_of(described()), tmp_path) as hall:
        hall.cut("feed hall/a")
        hall.cut("power unit hall/ups-b")
        hall.pass_time(300)
    with running(config_of(described()), tmp_path, start=300) as again:
        again.pass_time(299)
        before = powered(again)
        again.pass_time(1)

        assert (list(SERIALS), []) == (before, powered(again))


def test_a_unit_that_is_cut_gives_nothing_and_is_back_when_restored(hall: Hall) -> None:
    hall.cut("power unit hall/r1-a")
    assert (0, 200, 150, 450) == watts(hall, "r1-a", "r1-b", "ups-a", "ups-b")
    hall.cut("power unit hall/r1-b")

    assert ["SN3", "SN4"] == powered(hall)
    assert ["power unit hall/r1-a", "power unit hall/r1-b"] == hall.shown()["cut"]
    hall.restore("power unit hall/r1-a")
    assert list(SERIALS) == powered(hall)


def test_a_unit_that_carries_too_much_trips_and_pulls_down_what_hangs_on_it(tmp_path: Path) -> None:
    with running(config_of(described(units=units(ups_watts=500))), tmp_path) as hall:
        hall.cut("power unit hall/ups-a")
        hall.pass_time(9)
        before = powered(hall)
        hall.pass_time(1)

        assert (list(SERIALS), []) == (before, powered(hall))
        assert (["ups-b"], 1) == (hall.shown()["tripped"], hall.shown()["units"]["ups-b"]["trips"])
        hall.restore("power unit hall/ups-b")
        assert list(SERIALS) == powered(hall)


def test_a_hall_that_is_cut_goes_dark_at_once_and_no_feed_ever_carries_the_others_load(hall: Hall) -> None:
    for serial in SERIALS:
        hall.install(serial)
    hall.pass_time(1000)
    hall.simulation.reset_peaks()
    most = watts(hall, "a", "b")
    hall.cut("hall hall")

    shown = hall.shown()
    assert most == tuple(shown["feeds"][name]["peak_watts"] for name in "ab")
    assert {0} == {one["watts"] for one in (shown["feeds"] | shown["units"]).values()}
    assert [] == powered(hall)


def test_a_server_with_too_few_supplies_left_goes_down_unless_it_is_capped(tmp_path: Path) -> None:
    made = tuple(
        replace(server, supplies=Supplies(count=6, needed=4, watts=300)) for server in described().servers
    )
    with running(config_of(replace(described(), servers=made)), tmp_path) as hall:
        hall.simulation.bmc("SN1").machine.state.parts.limits["node"] = 900
        hall.cut("power unit hall/ups-a")

        assert ["SN1"] == powered(hall)


def test_a_generator_that_supplies_the_hall_with_nothing_cut_runs_always(tmp_path: Path) -> None:
    alone = (SimulatedUnit("gen", "generator", 1_000_000, minutes=60, start_seconds=45),)
    plant = described(
        units=(*alone, SimulatedUnit("pdu", "pdu", 1_000_000, ("gen", "a"))),
        racks={"r1": ("pdu",), "r2": ("pdu",)},
    )
    with running(config_of(plant), tmp_path) as hall:
        hall.pass_time(100_000)

        assert (list(SERIALS), 600.0) == (powered(hall), *watts(hall, "gen"))


def test_history_is_the_same_however_often_one_looks(tmp_path: Path) -> None:
    found: list[Any] = []
    for folder, step in (("once", 6000), ("often", 10)):
        (tmp_path / folder).mkdir()
        with running(config_of(described(units=units(ups_watts=4000))), tmp_path / folder) as hall:
            for serial in SERIALS:
                hall.install(serial)
            hall.cut("feed hall/a")
            hall.cut("feed hall/b")
            for _ in range(6000 // step):
                hall.pass_time(step)
            board = hall.simulation.hall("hall").board
            found.append((hall.shown(), board, [hall.simulation.bmc(one).machine.state for one in SERIALS]))

    assert found[0] == found[1]
