"""Moments keep clear of the calendar's ends, where an offset leads to no date at all."""

import datetime as dt
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from argosy.spec.values import Moment

MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    "text",
    [
        "2000-01-01T00:00Z",
        "1999-12-31T12:00-12:00",
        "2027-03-01T00:00:00.5+05:30",
        "8999-12-31T23:59:59Z",
        "9000-01-01T11:59+12:00",
    ],
)
def test_a_moment_of_these_years_can_be_told_in_utc(text: str) -> None:
    moment = MOMENT.validate_python(text)

    assert 2000 <= moment.astimezone(dt.UTC).year <= 8999


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00+12:00",
        "1970-01-01T00:00Z",
        "2000-01-01T00:00+00:01",
        "8999-12-31T23:59:59-00:01",
        "9000-01-01T00:00Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_moment_of_other_years_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="not a moment of these years"):
        MOMENT.validate_python(text)


def test_the_schema_of_a_moment_says_nothing_that_editors_would_hold_against_it() -> None:
    assert "string" == MOMENT.json_schema()["type"]
    assert {"type", "description"} >= set(MOMENT.json_schema())
