"""Read what a BMC says: JSON objects, `error.@Message.ExtendedInfo`, Retry-After, ETags.

Source: DSP0266 (Redfish specification) §"Error responses"; vendors differ in where they put the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Json = dict[str, Any]

_LONGEST_TEXT = 400


@dataclass(frozen=True)
class Message:
    """One entry of ExtendedInfo."""

    message_id: str
    text: str


@dataclass(frozen=True)
class Response:
    """One answer of the BMC."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Case-insensitive. Kept out of repr: the answer to a login carries the token here."""
    body: Json = field(repr=False)
    """The JSON object, or empty where there was none."""

    @property
    def etag(self) -> str | None:
        """From the header, or from the body where a BMC sends it only there."""
        return self.headers.get("ETag") or text_at(self.body, "@odata.etag")

    @property
    def retry_after(self) -> float | None:
        """Seconds; None where the header is missing or a date, which BMC clocks make worthless."""
        value = self.headers.get("Retry-After", "").strip()
        return float(value) if value.isdigit() else None


def as_object(value: object) -> Json:
    """`value` if it is a JSON object, else an empty one: BMCs leave out what they lack."""
    return cast(Json, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def object_at(body: Json, *path: str) -> Json:
    """The object at `path` inside `body`, or an empty one."""
    for step in path:
        body = as_object(body.get(step))
    return body


def text_at(body: Json, *path: str) -> str | None:
    """The string at `path` inside `body`, or None."""
    value = object_at(body, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else None


def texts_at(body: Json, *path: str) -> tuple[str, ...]:
    """The strings of the array at `path` inside `body`."""
    values = as_list(object_at(body, *path[:-1]).get(path[-1]))
    return tuple(value for value in values if isinstance(value, str))


def links_at(body: Json, *path: str) -> tuple[str, ...]:
    """The `@odata.id` of every member of the array at `path`."""
    members = as_list(object_at(body, *path[:-1]).get(path[-1]))
    links = (text_at(as_object(member), "@odata.id") for member in members)
    return tuple(link for link in links if link)


def parse_messages(body: Json) -> tuple[Message, ...]:
    """Every message of an error, wherever the vendor put the list."""
    error = object_at(body, "error")
    entries = as_list(error.get("@Message.ExtendedInfo")) or as_list(body.get("@Message.ExtendedInfo"))
    found = tuple(_message(as_object(entry)) for entry in entries)
    if not found and error:
        found = (Message(text_at(error, "code") or "", _short(text_at(error, "message") or "")),)
    return tuple(message for message in found if message.text or message.message_id)


def describe(response: Response) -> str:
    """Status and what the BMC said, on one line."""
    said = "; ".join(message.text or message.message_id for message in parse_messages(response.body))
    return f"HTTP {response.status}" + (f": {said}" if said else "")


def _message(entry: Json) -> Message:
    return Message(text_at(entry, "MessageId") or "", _short(text_at(entry, "Message") or ""))


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_TEXT]
