"""Watts within a window, as arithmetic: no window, wherever it begins, holds more than it may."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy_metal.budgets import NeverFitsError, Start, seconds_until_room


def room(starts: list[Start], watts: int = 10, limit: int = 30, now: float = 100.0) -> float:
    return seconds_until_room(starts, watts, limit, window_seconds=5.0, now=now)


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([], 0.0),
        ([Start(10, 99.0), Start(10, 99.5)], 0.0),
        ([Start(10, 98.0), Start(10, 99.0), Start(10, 99.5)], 3.0),
        ([Start(30, 99.0)], 4.0),
        ([Start(10, 95.0), Start(20, 99.0)], 0.0),
        ([Start(10, 98.0), Start(20, 99.0)], 3.0),
        ([Start(20), Start(10, 99.0)], 4.0),
        ([Start(30)], math.inf),
    ],
)
def test_the_time_until_there_is_room(starts: list[Start], expected: float) -> None:
    assert expected == room(starts)


def test_a_server_that_draws_more_than_a_whole_window_never_fits() -> None:
    with pytest.raises(NeverFitsError, match="31 W start at once, and 30 W may"):
        room([], watts=31)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 30)), max_size=30))
def test_no_window_holds_more_than_it_may_whoever_comes_when(arrivals: list[tuple[float, int]]) -> None:
    now, starts = 0.0, list[Start]()
    for gap, watts in arrivals:
        now += gap
        now += room(starts, watts, now=now)
        # Rounding may leave a hair's breadth of the window.
        while (more := room(starts, watts, now=now)) > 0:
            now = math.nextafter(now + more, math.inf)
        starts.append(Start(watts, now))

    for first in starts:
        within = [s.watts for s in starts if first.ended_at <= s.ended_at < first.ended_at + 5.0 - 1e-9]
        assert sum(within) <= 30
