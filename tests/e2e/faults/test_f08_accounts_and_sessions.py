"""F8: sessions end or run out, and passwords change."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.sessions import IDLE_SECONDS

from .faulty import assert_fails_then_comes_up, assert_rides_over
from .invariants import assert_tells
from .memory_hall import NewHall


@pytest.mark.parametrize("skip", range(0, 40, 5))
def test_a_session_that_ends_is_opened_once_more(new_hall: NewHall, skip: int) -> None:
    assert_rides_over(new_hall(servers=2), FaultRule("drop-sessions", path="*/Systems*", skip=skip, times=1))


def test_sessions_that_end_at_every_request_are_a_clear_stop(new_hall: NewHall) -> None:
    told = assert_fails_then_comes_up(new_hall(servers=2), FaultRule("drop-sessions"))

    assert "session" in told


def test_a_full_session_table_is_a_clear_stop(new_hall: NewHall) -> None:
    assert_fails_then_comes_up(new_hall(servers=2), FaultRule("sessions-full"), "session")


def test_a_full_session_table_that_empties_is_waited_for(new_hall: NewHall) -> None:
    assert_rides_over(new_hall(servers=2), FaultRule("sessions-full", times=1, method="POST"))


@pytest.mark.parametrize("skip", [0, 25])
def test_a_password_that_was_changed_is_a_clear_stop(new_hall: NewHall, skip: int) -> None:
    rule = FaultRule("password-rotated", skip=skip)

    assert_fails_then_comes_up(new_hall(servers=2), rule, "mend the credential reference")


@pytest.mark.parametrize("skip", [0, 25])
def test_a_password_that_must_be_changed_is_a_clear_stop(new_hall: NewHall, skip: int) -> None:
    rule = FaultRule("password-change-required", skip=skip)

    assert_fails_then_comes_up(new_hall(servers=2), rule, "password")


def test_sessions_that_many_killed_runs_have_left_are_told_and_end_by_themselves(new_hall: NewHall) -> None:
    hall = new_hall(servers=1, server_type="plain")
    for _ in range(8):
        # While it is being looked for in its service root's systems: nothing but a session is left behind.
        assert hall.killed_up(14)
    assert 8 == hall.servers["SN1"]["sessions"]["live"]

    (told,) = hall.up().values()

    assert_tells(told, "hall/SN1")
    assert "no session is free" in told
    hall.clock.advance(IDLE_SECONDS + 1)
    hall.assert_whole()
