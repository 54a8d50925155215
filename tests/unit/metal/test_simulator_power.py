"""What simulated servers draw, breakers, and what becomes of servers without power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.simulator.draws import load_of
from argosy_metal.simulator.feeds import Load
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.power_limits import NODE
from argosy_metal.simulator.power_network import PowerNetwork

from .simulated_halls import RULES, Hall, config_of, hall_of, running

SYSTEM = "/redfish/v1/Systems/1"
SERIALS = ("SN1", "SN2", "SN3", "SN4")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with running(config_of(hall_of(4)), tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("changes", "watts"),
    [
        ({}, 100),
        ({"power": "PoweringOn"}, 500),
        ({"power": "On", "boot_progress": "PrimaryProcessorInitializationStarted"}, 500),
        ({"power": "On", "boot_progress": "OEM"}, 200),
        ({"power": "On", "boot_progress": "OSBootStarted"}, 1000),
        ({"power": "On", "boot_progress": "OSRunning"}, 1000),
    ],
)
def test_a_server_draws_by_its_state(changes: dict[str, Any], watts: int) -> None:
    found = load_of(MachineState(**changes), 1000, RULES, starting=False, limit_watts=None)

    assert Load(watts * 1000) == found


def test_a_server_that_starts_draws_a_multiple_of_its_most() -> None:
    found = load_of(MachineState(power="PoweringOn"), 1000, RULES, starting=True, limit_watts=None)

    assert 3_000_000 == found.steady + found.inrush


@pytest.mark.parametrize(("limit", "watts"), [(600, 600), (2000, 1000), (50, 200)])
def test_a_power_limit_bounds_what_is_drawn_but_not_below_idle(limit: float, watts: int) -> None:
    state = MachineState(power="On", boot_progress="OSRunning")

    assert Load(watts * 1000) == load_of(state, 1000, RULES, starting=False, limit_watts=limit)


def test_a_limit_that_is_set_takes_load_off_the_feeds_at_once(hall: Hall) -> None:
    hall.install("SN1")
    hall.pass_time(1000)
    before = hall.watts()
    bmc = hall.simulation.bmc("SN1")
    bmc.machine.state.parts.limits[NODE] = 600
    hall.simulation.hall("hall").settle("SN1", hall.clock.now())

    assert (650, 650) == before
    assert (450, 450) == hall.watts()
    assert 600 == bmc.draw_watts()


def test_living_feeds_share_a_server_and_the_last_one_carries_all_of_it() -> None:
    feeds = PowerNetwork(hall_of(1, pue=1.5), breaker_seconds=10)
    feeds.draw(0, Load(1_000_000), 0)
    shared = [feeds.nodes[name].total for name in "ab"]
    feeds.switch({"a": False}, 1)

    assert [750_000, 750_000] == shared
    assert [0, 1_500_000] == [feeds.nodes[name].total for name in "ab"]


def test_what_was_drawn_is_taken_away_to_the_last_milliwatt() -> None:
    feeds = PowerNetwork(hall_of(3, pue=1.37), breaker_seconds=10)
    for step in range(300):
        feeds.draw(step % 3, Load(333_333 + step, step), step)
        feeds.switch({"ab"[step % 2]: step % 3 != 0}, step)
    for server in range(3):
        feeds.draw(server, Load(), 301)

    assert [(0, 0), (0, 0)] == [(feed.steady, feed.total) for feed in feeds.nodes.values()]


def test_servers_that_are_off_draw_standby_and_peaks_stay(hall: Hall) -> None:
    assert (200, 200) == hall.watts()
    hall.reset("SN1")

    assert 1650 == hall.feed("a")["watts"]
    hall.pass_time(1)
    assert (400, 1650, 400) == tuple(
        hall.feed("a")[key] for key in ("watts", "peak_watts", "peak_steady_watts")
    )
    hall.simulation.reset_peaks()
    assert 400 == hall.feed("a")["peak_watts"]


def test_staggered_power_on_has_a_lower_peak_than_all_at_once(tmp_path: Path) -> None:
    peaks: list[float] = []
    for folder, pause in (("at-once", 0), ("staggered", 2)):
        (tmp_path / folder).mkdir()
        with running(config_of(hall_of(4)), tmp_path / folder) as hall:
            for serial in SERIALS:
                hall.reset(serial)
                hall.pass_time(pause)
            peaks.append(hall.feed("a")["peak_watts"])

    assert [6000, 2250] == peaks


def test_a_breaker_trips_after_its_time_and_not_before(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, rated_watts=400)), tmp_path) as hall:
        hall.reset("SN1")
        hall.reset("SN2")
        hall.pass_time(9.9)
        before = hall.feed("a")["alive"]
        hall.pass_time(0.1)

        assert before
        assert ["a", "b"] == hall.shown()["tripped"]
        assert ["Off", "Off"] == [hall.power("SN1"), hall.power("SN2")]
        assert (0, 0) == hall.watts()


def test_start_up_alone_does_not_trip_a_breaker_that_bears_it_for_a_moment(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, rated_watts=1100)), tmp_path) as hall:
        hall.reset("SN1")
        hall.reset("SN2")
        hall.pass_time(30)

        assert 3000 == hall.feed("a")["peak_watts"]
        assert [] == hall.shown()["tripped"]


def test_an_overload_that_ends_in_time_trips_nothing_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, rated_watts=400)), tmp_path) as hall:
        hall.reset("SN1")
        for _ in range(2):
            hall.reset("SN2")
            hall.pass_time(8)
            hall.cut("power SN2")
            hall.pass_time(20)
        assert [] == hall.shown()["tripped"]

        hall.reset("SN2")
        hall.pass_time(10)
        assert ["a", "b"] == hall.shown()["tripped"]


def test_a_breaker_that_has_tripped_is_closed_by_switching_its_feed_on(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, rated_watts=400)), tmp_path) as hall:
        hall.reset("SN1")
        hall.reset("SN2")
        hall.pass_time(10)
        hall.restore("feed hall/a")
        hall.pass_time(60)

        assert ["b"] == hall.shown()["tripped"]
        assert (1, True, 200) == tuple(hall.feed("a")[key] for key in ("trips", "alive", "watts"))
        assert hall.reaches("SN1")


def test_a_feed_that_dies_pulls_the_other_one_down_if_it_cannot_carry_all(tmp_path: Path) -> None:
    with running(config_of(hall_of(4, rated_watts=2100)), tmp_path) as hall:
        for serial in SERIALS:
            hall.install(serial)
            hall.pass_time(2)
        hall.pass_time(1000)
        assert (2000, 2000) == hall.watts()

        hall.cut("feed hall/a")
        assert (0, 4000) == hall.watts()
        hall.pass_time(10)

        assert (["feed hall/a"], ["b"]) == (hall.shown()["cut"], hall.shown()["tripped"])
        assert ["Off"] * 4 == [hall.power(serial) for serial in SERIALS]


def test_a_trip_takes_power_before_the_step_that_would_have_come_after_it(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, rated_watts=400)), tmp_path) as hall:
        hall.install("SN1")
        hall.install("SN2")
        hall.pass_time(100_000)
        counters = hall.simulation.bmc("SN1").machine.state.counters

        assert (1, 0, 1) == (counters.power_ons, counters.installs_started, counters.power_losses)


def test_history_is_the_same_however_often_one_looks(tmp_path: Path) -> None:
    found: list[Any] = []
    for folder, step in (("once", 2000), ("often", 1)):
        (tmp_path / folder).mkdir()
        with running(config_of(hall_of(4, rated_watts=1900)), tmp_path / folder) as hall:
            for serial in SERIALS:
                hall.install(serial)
            for _ in range(2000 // step):
                hall.pass_time(step)
            found.append((hall.shown(), [hall.simulation.bmc(f"SN{n}").machine.state for n in range(1, 5)]))

    assert found[0] == found[1]


def test_servers_on_two_feeds_live_through_the_loss_of_one(hall: Hall) -> None:
    hall.reset("SN1")
    hall.pass_time(20)
    hall.cut("feed hall/a")

    assert "On" == hall.power("SN1")
    assert (0, 800) == hall.watts()
    assert hall.reaches("SN1")


def test_without_any_feed_servers_and_their_bmcs_are_dark_at_once(hall: Hall) -> None:
    hall.reset("SN1")
    hall.pass_time(20)
    hall.cut("feed hall/a")
    hall.cut("feed hall/b")

    assert "Off" == hall.power("SN1")
    assert not hall.reaches("SN1")
    assert (0, 0) == hall.watts()
    assert not hall.simulation.reaches("provision.hall.test")


def test_a_bmc_with_a_supply_of_its_own_answers_in_the_dark(tmp_path: Path) -> None:
    with running(config_of(hall_of(2, bmc_has_own_supply=True)), tmp_path) as hall:
        hall.reset("SN1")
        hall.pass_time(20)
        hall.cut("hall hall")

        assert hall.reaches("SN1")
        reply = hall.ask("SN1", "GET", SYSTEM)
        assert reply.body is not None
        assert "Off" == reply.body["PowerState"]


def test_a_bmc_wakes_up_some_time_after_the_power_is_back_and_has_forgotten_its_sessions(hall: Hall) -> None:
    hall.simulation.bmc("SN1").sessions.open("argosy", "test", 0)
    hall.cut("hall hall")
    hall.restore("hall hall")
    hall.pass_time(59)
    before = hall.reaches("SN1")
    hall.pass_time(1)

    assert (False, True) == (before, hall.reaches("SN1"))
    assert () == hall.simulation.bmc("SN1").sessions.live()


@pytest.mark.parametrize(
    ("policy", "was_on", "after"),
    [
        ("AlwaysOff", True, "Off"),
        ("AlwaysOn", False, "On"),
        ("LastState", True, "On"),
        ("LastState", False, "Off"),
    ],
)
def test_the_restore_policy_decides_what_a_server_does_when_power_is_back(
    hall: Hall, policy: str, was_on: bool, after: str
) -> None:
    reply = hall.ask("SN1", "PATCH", SYSTEM, {"PowerRestorePolicy": policy, "PowerOnDelaySeconds": 30})
    assert 200 == reply.status
    if was_on:
        hall.reset("SN1")
        hall.pass_time(20)
    hall.cut("hall hall")
    hall.pass_time(100)
    hall.restore("hall hall")
    hall.pass_time(60 + 30 - 1)
    too_early = hall.power("SN1")
    hall.pass_time(1 + 5)

    assert ("Off", after) == (too_early, hall.power("SN1"))


def test_the_restore_policy_is_shown_and_nonsense_is_refused(hall: Hall) -> None:
    hall.ask("SN1", "PATCH", SYSTEM, {"PowerRestorePolicy": "LastState", "PowerOnDelaySeconds": 7})
    body = hall.ask("SN1", "GET", SYSTEM).body
    assert body is not None

    assert ("LastState", 7) == (body["PowerRestorePolicy"], body["PowerOnDelaySeconds"])
    for wrong in ({"PowerRestorePolicy": "Maybe"}, {"PowerOnDelaySeconds": -1}, {"PowerOnDelaySeconds": "5"}):
        assert 400 == hall.ask("SN1", "PATCH", SYSTEM, wrong).status


def test_what_is_switched_off_stays_off_over_a_restart_of_the_simulator(tmp_path: Path) -> None:
    config = config_of(hall_of(2, rated_watts=400))
    with running(config, tmp_path) as hall:
        hall.reset("SN1")
        hall.reset("SN2")
        hall.pass_time(20)
        hall.cut("rack hall/r1")
    with running(config, tmp_path, start=20) as again:
        assert ["a", "b"] == again.shown()["tripped"]
        assert ["rack hall/r1"] == again.shown()["cut"]
        assert not again.reaches("SN1")


def test_servers_of_unknown_power_weigh_nothing_and_unknown_feeds_have_no_breaker(tmp_path: Path) -> None:
    weightless = tuple(replace(server, max_watts=0) for server in hall_of(2).servers)
    with running(config_of(replace(hall_of(2), servers=weightless)), tmp_path) as hall:
        hall.reset("SN1")
        assert (0, 0) == hall.watts()
    (tmp_path / "other").mkdir()
    with running(config_of(hall_of(2, feeds=())), tmp_path / "other") as hall:
        hall.reset("SN1")
        hall.pass_time(1000)
        assert (None, []) == (hall.feed("a")["rated_watts"], hall.shown()["tripped"])


def test_machines_that_install_at_once_are_counted(hall: Hall) -> None:
    hall.install("SN1")
    hall.install("SN2")
    hall.pass_time(200)
    during = hall.shown()["installing"]
    hall.pass_time(1000)

    assert (2, 0, 2) == (during, hall.shown()["installing"], hall.shown()["peak_installing"])
    assert 60_000_000_000 == hall.shown()["peak_image_bytes"]
