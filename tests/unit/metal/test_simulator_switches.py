"""What somebody does in a hall by hand, and what the simulator says of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_metal.simulator import HallEvent, SwitchError
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.switches import Switch, parse_switch

from .simulated_halls import Hall, config_of, hall_of, running

SYSTEM = "/redfish/v1/Systems/1"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with running(config_of(hall_of(4, uplinks=("fibre", "leo"))), tmp_path) as found:
        yield found


def state(hall: Hall, serial: str) -> MachineState:
    return hall.simulation.bmc(serial).machine.state


@pytest.mark.parametrize(
    ("words", "switch"),
    [
        ("hall oslo", Switch("hall", "oslo")),
        ("feed oslo/a", Switch("feed", "oslo", "a")),
        ("cable SN1", Switch("cable", "SN1")),
    ],
)
def test_words_name_a_switch_and_a_switch_its_words(words: str, switch: Switch) -> None:
    assert switch == parse_switch(words)
    assert words == str(switch)


@pytest.mark.parametrize(
    "words", ["", "feed", "feed oslo", "feed oslo/", "hall oslo/a", "moon oslo", "cable"]
)
def test_words_that_name_nothing_are_refused(words: str) -> None:
    with pytest.raises(SwitchError, match="is nothing to switch"):
        parse_switch(words)


@pytest.mark.parametrize(
    "words",
    [
        "hall bergen",
        "feed hall/c",
        "rack hall/r9",
        "uplink hall/moon",
        "cable SN9",
        "server SN9",
        "power SN9",
    ],
)
def test_what_is_nowhere_cannot_be_switched(hall: Hall, words: str) -> None:
    with pytest.raises(SwitchError, match="there is no"):
        hall.cut(words)
    assert [] == hall.shown()["cut"]


def test_a_rack_without_power_takes_its_own_servers_down_and_no_others(hall: Hall) -> None:
    for serial in ("SN1", "SN2", "SN3", "SN4"):
        hall.reset(serial)
    hall.pass_time(20)
    hall.cut("rack hall/r1")

    assert ["Off", "Off", "On", "On"] == [hall.power(f"SN{n}") for n in range(1, 5)]
    assert [False, False, True, True] == [hall.reaches(f"SN{n}") for n in range(1, 5)]


def test_a_pulled_cable_takes_one_server_down_until_it_is_back(hall: Hall) -> None:
    hall.reset("SN1")
    hall.pass_time(20)
    hall.cut("cable SN1")
    assert ("Off", False, True) == (hall.power("SN1"), hall.reaches("SN1"), hall.reaches("SN2"))

    hall.restore("cable SN1")
    hall.pass_time(60)
    assert ("Off", True) == (hall.power("SN1"), hall.reaches("SN1"))


def test_a_hall_is_reached_as_long_as_one_uplink_lives(hall: Hall) -> None:
    hall.cut("uplink hall/fibre")
    with_one = hall.reaches("SN1"), hall.simulation.reaches("provision.hall.test")
    hall.cut("uplink hall/leo")
    with_none = hall.reaches("SN1"), hall.simulation.reaches("provision.hall.test")
    hall.restore("uplink hall/leo")

    assert ((True, True), (False, False)) == (with_one, with_none)
    assert hall.reaches("SN1")


def test_servers_go_on_while_nobody_reaches_their_hall(hall: Hall) -> None:
    hall.install("SN1")
    for name in ("fibre", "leo"):
        hall.cut(f"uplink hall/{name}")
    hall.pass_time(10_000)

    assert "OSRunning" == state(hall, "SN1").boot_progress


def test_a_server_that_was_taken_out_does_not_answer_and_has_lost_its_power(hall: Hall) -> None:
    hall.reset("SN1")
    hall.pass_time(20)
    hall.cut("server SN1")
    assert (False, "Off") == (hall.reaches("SN1"), hall.power("SN1"))

    hall.restore("server SN1")
    hall.pass_time(60)
    assert hall.reaches("SN1")


def test_somebody_at_the_server_switches_it_off_past_its_bmc(hall: Hall) -> None:
    hall.install("SN1")
    hall.pass_time(1000)
    hall.cut("power SN1")
    body = hall.ask("SN1", "GET", SYSTEM).body
    assert body is not None
    assert ("Off", []) == (body["PowerState"], hall.simulation.writes()[3:])

    hall.restore("power SN1")
    hall.pass_time(500)
    assert "OSRunning" == state(hall, "SN1").boot_progress


def test_hardware_that_was_swapped_answers_with_its_own_serial_number_and_has_nothing_installed(
    hall: Hall,
) -> None:
    hall.install("SN1")
    hall.pass_time(1000)
    hall.simulation.swap("SN1", "SN9")
    body = hall.ask("SN9", "GET", SYSTEM).body

    assert body is not None
    assert ("SN9", "Off") == (body["SerialNumber"], body["PowerState"])
    assert "bmc-1.hall.test" == hall.simulation.bmc("SN9").server.bmc_host
    assert state(hall, "SN9").installed is None
    with pytest.raises(KeyError):
        hall.simulation.bmc("SN1")


@pytest.mark.parametrize(("serial", "other"), [("SN7", "SN9"), ("SN1", "SN2"), ("SN1", "")])
def test_a_swap_needs_a_server_and_a_serial_number_that_is_free(hall: Hall, serial: str, other: str) -> None:
    with pytest.raises(SwitchError):
        hall.simulation.swap(serial, other)


def test_swapped_hardware_is_still_there_after_a_restart_of_the_simulator(tmp_path: Path) -> None:
    config = config_of(hall_of(2))
    with running(config, tmp_path) as hall:
        hall.simulation.swap("SN1", "SN9")
        hall.reset("SN9")
        hall.pass_time(20)
    with running(config, tmp_path, start=20) as again:
        assert "On" == again.power("SN9")
        again.cut("cable SN9")
        assert "Off" == again.power("SN9")


def test_what_is_to_happen_happens_at_its_time(tmp_path: Path) -> None:
    events = (
        HallEvent(600, restore="rack hall/r1"),
        HallEvent(120, cut="rack hall/r1"),
        HallEvent(300, swap="SN3", serial="SN9"),
        HallEvent(300, cut="cable SN9"),
    )
    with running(config_of(hall_of(4), events=events), tmp_path) as hall:
        seen: list[tuple[bool, str]] = []
        for seconds in (119, 1, 479, 1):
            hall.pass_time(seconds)
            seen.append((hall.simulation.hall("hall").has_power("SN1"), ",".join(hall.shown()["cut"])))

    assert [
        (True, ""),
        (False, "rack hall/r1"),
        (False, "cable SN9,rack hall/r1"),
        (True, "cable SN9"),
    ] == seen


def test_events_of_the_past_do_not_happen_again_after_a_restart(tmp_path: Path) -> None:
    config = config_of(hall_of(2), events=(HallEvent(0, cut="cable SN1"), HallEvent(50, cut="cable SN2")))
    with running(config, tmp_path) as hall:
        hall.pass_time(10)
        hall.restore("cable SN1")
        hall.pass_time(10)
        hall.simulation.save()
    with running(config, tmp_path, start=20) as again:
        assert [] == again.shown()["cut"]
        again.pass_time(30)
        assert ["cable SN2"] == again.shown()["cut"]


@pytest.mark.parametrize(
    "event",
    [
        HallEvent(1, cut="hall bergen"),
        HallEvent(1, restore="cable SN9"),
        HallEvent(1, swap="SN9", serial="SN10"),
        HallEvent(1, cut="nonsense"),
        HallEvent(1),
    ],
)
def test_a_simulation_with_an_event_about_nothing_does_not_begin(tmp_path: Path, event: HallEvent) -> None:
    with pytest.raises(SwitchError), running(config_of(hall_of(2), events=(event,)), tmp_path):
        pass


def test_an_event_that_somebody_was_quicker_than_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = (HallEvent(100, swap="SN1", serial="SN9"), HallEvent(100, cut="cable SN2"))
    with running(config_of(hall_of(2), events=events), tmp_path) as hall:
        hall.simulation.swap("SN1", "SN5")
        hall.pass_time(100)

        assert ["cable SN2"] == hall.shown()["cut"]
    assert "at 100 s: there is no server 'SN1'" in caplog.text
