from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.redfish.messages import Response, describe, parse_messages

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
