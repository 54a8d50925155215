from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.redfish.messages import (
    Response,
    describe,
    has_message,
    moment_at,
    number_at,
    parse_messages,
)

ENTRY = {
    "MessageId": "Base.1.8.PropertyValueNotInList",
    "Message": "The value 'X'\nis not in the list.",
    "RelatedProperties": ["#/Boot"],
    "Resolution": "Choose another.",
}


@pytest.mark.parametrize(
    "body",
    [{"error": {"@Message.ExtendedInfo": [ENTRY]}}, {"@Message.ExtendedInfo": [ENTRY]}],
    ids=["inside error", "beside the properties"],
)
def test_messages_are_found_wherever_the_vendor_put_them(body: dict[str, Any]) -> None:
    (message,) = parse_messages(body)

    assert "Base.1.8.PropertyValueNotInList" == message.message_id
    assert "The value 'X' is not in the list." == message.text


def test_an_error_without_extended_info_still_says_something() -> None:
    body = {"error": {"code": "Base.1.0.GeneralError", "message": "See the log."}}

    assert "HTTP 400: See the log." == describe(Response(400, CIMultiDict(), body))


@pytest.mark.parametrize("body", [{}, {"error": "no"}, {"error": {"@Message.ExtendedInfo": "no"}}])
def test_an_error_without_any_message_is_its_status(body: dict[str, Any]) -> None:
    assert "HTTP 500" == describe(Response(500, CIMultiDict(), body))


def test_a_message_of_a_thousand_words_is_cut() -> None:
    body = {"error": {"message": "word " * 1000}}

    assert 400 == len(parse_messages(body)[0].text)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_retry_after_is_read_in_seconds_only(header: str, seconds: float | None) -> None:
    assert seconds == Response(503, CIMultiDict({"retry-after": header}), {}).retry_after


def test_an_etag_is_read_from_the_body_where_the_header_is_missing() -> None:
    assert 'W/"1"' == Response(200, CIMultiDict(), {"@odata.etag": 'W/"1"'}).etag


def test_a_message_keeps_its_arguments_and_the_properties_it_is_about() -> None:
    (message,) = parse_messages({"error": {"@Message.ExtendedInfo": [{**ENTRY, "MessageArgs": ["X", 7]}]}})

    assert ("PropertyValueNotInList", ("X", "7"), ("#/Boot",)) == (message.key, message.args, message.related)


@pytest.mark.parametrize(
    ("message_id", "found"),
    [("IDRAC.2.8.SYS518", True), ("IDRAC.1.6.SYS518", True), ("SYS518", True), ("IDRAC.2.8.SYS5180", False)],
)
def test_a_message_is_known_by_its_own_name_whatever_registry_and_version(
    message_id: str, found: bool
) -> None:
    body = {"error": {"@Message.ExtendedInfo": [{"MessageId": message_id}]}}

    assert found == has_message(Response(503, CIMultiDict(), body), ("SYS518",))


def test_an_ilo_that_gives_only_names_and_arguments_is_shown_with_both() -> None:
    entry = {"MessageID": "iLO.0.10.InvalidOperationForSystemState", "MessageArgs": ["Power is off"]}
    body = {"error": {"@Message.ExtendedInfo": [entry]}}

    assert "HTTP 400: iLO.0.10.InvalidOperationForSystemState (Power is off)" == describe(
        Response(400, CIMultiDict(), body)
    )


def test_a_refused_property_is_named() -> None:
    body = {
        "error": {"@Message.ExtendedInfo": [{"Message": "It is read-only.", "RelatedProperties": ["#/A"]}]}
    }

    assert "HTTP 400: It is read-only. [#/A]" == describe(Response(400, CIMultiDict(), body))


YEARS_AGO = "Thu, 01 Jan 1970 00:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:10:45 GMT", "Date": YEARS_AGO}, 45.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT", "Date": YEARS_AGO}, 0.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:10:45 GMT"}, None),
        ({"Retry-After": "soon", "Date": YEARS_AGO}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_answers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds == Response(503, CIMultiDict(headers), {}).retry_after


@pytest.mark.parametrize("text", ["0000-00-00T00:00:00+00:00", "", None, 7, "yesterday"])
def test_what_is_no_time_is_none(text: object) -> None:
    assert moment_at({"LastResetTime": text}, "LastResetTime") is None


def test_a_time_is_read() -> None:
    assert 2026 == getattr(moment_at({"At": "2026-11-27T17:36:35Z"}, "At"), "year", None)


@pytest.mark.parametrize(("value", "number"), [(1.5, 1.5), (2, 2.0), (True, None), ("2", None), (None, None)])
def test_only_a_number_is_a_number(value: object, number: float | None) -> None:
    assert number == number_at({"Watts": value}, "Watts")
