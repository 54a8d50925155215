"""Series of events that were found to do harm, or to mislead, and must not again."""

from collections.abc import Iterator

import pytest

from .hall_states import HallStates

LOCAL = "lab/local"


@pytest.fixture
def states() -> Iterator[HallStates]:
    """The hall at its beginning; the invariants are asked at the end of every test."""
    made = HallStates()
    yield made
    made.nothing_has_happened_that_must_not()
    made.no_server_is_installed_more_often_than_was_asked_for()
    made.teardown()


@pytest.mark.parametrize("boundary", [40, 50, 65, 89])
def test_a_server_that_others_take_while_its_wipe_is_interrupted_is_not_wiped_any_further(
    states: HallStates, boundary: int
) -> None:
    states.up(LOCAL, ("SN1",), wipes=True)
    states.destroy(LOCAL, ("kill", boundary))
    assert ["wiping"] == states.hall.phases
    states.outsider("SN1", "installs a system of their own")

    told = states.hall.works(LOCAL, lambda engine: engine.destroy())

    assert told is not None
    assert "was not started by this claims store" in "".join(told.values())
    states.nothing_has_happened_that_must_not()
    states.give_everything_back()


def test_a_wipe_that_a_killed_run_began_is_finished_though_the_next_machine_demands_none(
    states: HallStates,
) -> None:
    states.up(LOCAL, ("SN1",), wipes=True)
    states.destroy(LOCAL, ("kill", 80))
    assert (["wiping"], "On") == (states.hall.phases, states.hall.servers["SN1"]["power"])

    states.up(LOCAL, ("SN1",), wipes=False)

    assert ["running"] == states.hall.phases
    erases = [write for write in states.hall.simulation.writes() if "SecureErase" in write["path"]]
    assert len(erases) == len({write["path"] for write in erases}), "no drive is erased twice"
    states.give_everything_back()


def test_a_machine_that_others_have_replaced_is_not_installed_anew_until_somebody_says_so(
    states: HallStates,
) -> None:
    states.up(LOCAL, ("SN1",))
    states.outsider("SN1", "installs a system of their own")
    states.outsider("SN1", "holds the power button")

    told = states.hall.works(LOCAL, lambda engine: engine.refresh())

    assert told is not None
    assert "gone" not in told.values()
    assert "`pulumi up --replace` with this machine's URN" in "".join(told.values())
    # Which is a deletion and a creation.
    states.destroy(LOCAL)
    states.up(LOCAL, ("SN1",))
    assert ["running"] == states.hall.phases


def test_a_run_that_is_overtaken_before_its_first_write_is_the_newest_itself(states: HallStates) -> None:
    states.up(LOCAL, ("SN2",), cut=("overtake", 1))

    assert ["running"] == states.hall.phases


def test_a_state_from_before_the_servers_were_claimed_is_caught_up_with(states: HallStates) -> None:
    states.up(LOCAL, ("SN1", "SN2"))
    states.restore(0)
    states.up(LOCAL, ("SN1", "SN2"))

    assert [1, 1] == states.hall.counted("installs_started")
    states.give_everything_back()
