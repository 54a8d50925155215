"""Text of others as a command shows it."""

import pytest

from argosy_metal.commands.printable import printable


@pytest.mark.parametrize("text", ["lab/prod", "tromsø 北 „so“ [bold] 👍", "x" * 200, ""])
def test_what_can_be_seen_is_shown_as_it_is(text: str) -> None:
    assert text == printable(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\r\tc\x00", "a\\nb\\r\\tc\\x00"),
        ("\x7f\x9b2J", "\\x7f\\x9b2J"),
        ("\u202egnp.exe\u2069", "\\u202egnp.exe\\u2069"),
        ("a\u200bb\ufeff\u2028", "a\\u200bb\\ufeff\\u2028"),
        ("\ud800\ue000", "\\ud800\\ue000"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert shown == printable(text)


@pytest.mark.parametrize("text", ["x" * 201, "\x1b" * 100, "\U0010ffff" * 1000])
def test_a_long_text_is_cut_and_says_so(text: str) -> None:
    shown = printable(text)

    assert (200, "…") == (len(shown), shown[-1])
    assert 10 == len(printable(text, most=10))
