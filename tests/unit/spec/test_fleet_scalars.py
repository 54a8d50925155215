"""What a plain scalar means, and which ones are refused because readers disagree."""

from decimal import Decimal

import pytest

from argosy.spec.scalars import Scalar, meant_date, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16", 16),
        ("-3", -3),
        ("0", 0),
        ("2_000_000_000", 2_000_000_000),
        ("0.5", Decimal("0.5")),
        ("1.30", Decimal("1.30")),
        ("true", True),
        ("false", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("NO", "NO"),
        ("Y", "Y"),
        ("15m", "15m"),
        ("p5en.48xlarge", "p5en.48xlarge"),
        ("10.16.0.0/16", "10.16.0.0/16"),
        ("env:NAME", "env:NAME"),
        ("nan", "nan"),
    ],
)
def test_what_every_reader_understands_alike_is_read_so(text: str, value: Scalar):
    read, trap = read_plain(text)

    assert (value, type(value)) == (read, type(read))
    assert trap is None


@pytest.mark.parametrize(
    "text",
    [
        *("no", "No", "yes", "on", "off", "y", "n", "True", "FALSE"),
        *("010", "0o10", "0x1F", "0b1", "00", "1:30", "12:30:45"),
        *("1e3", "1E3", "1.5e3", ".5", "5.", "1_0.5", "1__0", "1_"),
        *(".inf", "-.INF", ".nan", "2027-03-01", "2027-03-01T00:00Z", "9" * 31),
    ],
)
def test_what_readers_disagree_about_stays_text_and_is_a_trap(text: str):
    value, trap = read_plain(text)

    assert text == value
    assert trap is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-07-20", "2026-07-20"),
        ("2026-7-2", "2026-07-02"),
        ("20260720", "2026-07-20"),
        ("2026-07-20T09:00Z", "2026-07-20"),
        ("2028-02-29", "2028-02-29"),
        ("2027-02-29", None),
        ("2026-13-01", None),
        ("0000-01-01", None),
        ("20.7.2026", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_what_it_means_where_the_calendar_has_it(text: str, meant: str | None):
    assert meant == meant_date(text)
