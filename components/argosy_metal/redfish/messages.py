"""Read what a BMC says: JSON objects, `error.@Message.ExtendedInfo`, Retry-After, ETags.

Any JSON can be read by any of these: what is not as it should be counts as missing. Text comes as
`text.clean` leaves it. Source: DSP0266 (Redfish specification) §"Error responses"; vendors differ in where
they put the list.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from argosy_metal.redfish.text import clean

Json = dict[str, Any]
Redact = Callable[[str], str]
"""Takes secrets out of a text that a BMC may have echoed. Before the text is cut, or half a secret stays."""

_LONGEST_MESSAGE = 400
_MOST_MESSAGES = 16


@dataclass(frozen=True)
class Message:
    """One entry of ExtendedInfo."""

    message_id: str
    text: str
    args: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    """The properties it is about, as JSON pointers."""

    @property
    def key(self) -> str:
        """`MessageId` without registry and version, which differ between BMCs: `PropertyUnknown`."""
        return self.message_id.rpartition(".")[2]


@dataclass(frozen=True)
class Response:
    """One answer of the BMC."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Case-insensitive. Kept out of repr: the answer to a login carries the token here."""
    body: Json = field(repr=False)
    """The JSON object, or empty where there was none."""
    is_garbled: bool = False
    """Something came that is no JSON object, such as a login page."""

    @property
    def etag(self) -> str | None:
        """From the header, or from the body where a BMC sends it only there."""
        return self.headers.get("ETag") or text_at(self.body, "@odata.etag")

    @property
    def retry_after(self) -> float | None:
        """Seconds; None where the header is missing or says nothing.

        A date counts from the answer's own `Date`: a BMC's clock may be years off, but alike in both.
        """
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        until, now = _http_date(value), _http_date(self.headers.get("Date", ""))
        return None if until is None or now is None else max((until - now).total_seconds(), 0.0)


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
    """The string at `path` inside `body`, clean, or None."""
    value = raw_text_at(body, *path)
    return None if value is None else clean(value)


def raw_text_at(body: Json, *path: str) -> str | None:
    """The string at `path` as it was sent: for what is parsed or compared, and never shown."""
    value = object_at(body, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else None


def texts_at(body: Json, *path: str) -> tuple[str, ...]:
    """The strings of the array at `path` inside `body`, clean."""
    values = as_list(object_at(body, *path[:-1]).get(path[-1]))
    return tuple(clean(value) for value in values if isinstance(value, str))


def json_at(body: Json, *path: str) -> Json:
    """The JSON object that the string at `path` spells, or an empty one."""
    try:
        return as_object(json.loads(raw_text_at(body, *path) or ""))
    except (ValueError, RecursionError):
        return {}


def links_at(body: Json, *path: str) -> tuple[str, ...]:
    """The `@odata.id` of every member of the array at `path`."""
    members = as_list(object_at(body, *path[:-1]).get(path[-1]))
    links = (text_at(as_object(member), "@odata.id") for member in members)
    return tuple(link for link in links if link)


def parse_messages(body: Json, redact: Redact = str) -> tuple[Message, ...]:
    """Every message of an error, wherever the vendor put the list."""
    error = object_at(body, "error")
    entries = as_list(error.get("@Message.ExtendedInfo")) or as_list(body.get("@Message.ExtendedInfo"))
    found = messages_of(entries, redact)
    if not found and error:
        found = (Message(_short(error.get("code"), redact), _short(error.get("message"), redact)),)
    return tuple(message for message in found if message.text or message.message_id)


def messages_of(entries: Iterable[object], redact: Redact = str) -> tuple[Message, ...]:
    """The messages of an ExtendedInfo list, or of a task's Messages."""
    return tuple(_message(as_object(entry), redact) for entry in entries)


def has_message(response: Response, keys: Iterable[str]) -> bool:
    """True if the BMC says one of these; by the message's own name, since registries and versions vary."""
    wanted = frozenset(keys)
    return any(message.key in wanted for message in parse_messages(response.body))


def describe(response: Response, redact: Redact = str) -> str:
    """Status and what the BMC said, on one line."""
    messages = parse_messages(response.body, redact)[:_MOST_MESSAGES]
    said = "; ".join(map(_said, messages))
    return f"HTTP {response.status}" + (f": {said}" if said else "")


def said_in(task: Json, redact: Redact = str) -> str:
    """What the `Messages` of a task or job say, on one line."""
    messages = messages_of(as_list(task.get("Messages"))[:_MOST_MESSAGES], redact)
    return "; ".join(filter(None, (message.text or message.message_id for message in messages)))


def moment_at(body: Json, *path: str) -> datetime | None:
    """The time at `path`; None if it is missing, or no time, such as the zeros of some iDRACs."""
    try:
        return datetime.fromisoformat(text_at(body, *path) or "")
    except ValueError:
        return None


def number_at(body: Json, *path: str) -> float | None:
    """The number at `path`; None as for `number_of`."""
    return number_of(object_at(body, *path[:-1]).get(path[-1]))


def number_of(value: object) -> float | None:
    """`value` if it is a number; None if it is none, or none that is finite and fits into a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def shown(value: object) -> str:
    """A value that is not what was expected, for a message."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return f"{value!r:.60}"


def _message(entry: Json, redact: Redact) -> Message:
    return Message(
        _short(entry.get("MessageId") or entry.get("MessageID"), redact),
        _short(entry.get("Message"), redact),
        tuple(filter(None, (_short(value, redact) for value in as_list(entry.get("MessageArgs"))))),
        tuple(_short(value, redact) for value in texts_at(entry, "RelatedProperties")),
    )


def _said(message: Message) -> str:
    """In the BMC's words; iLO gives no text, only the name of the message and its arguments."""
    about = f" [{', '.join(message.related)}]" if message.related else ""
    if message.text:
        return message.text + about
    return message.message_id + (f" ({', '.join(message.args)})" if message.args else "") + about


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # RFC 5322: -0000 is UTC at a place that is not told.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _short(value: object, redact: Redact) -> str:
    """A string or number in few words; empty for anything else."""
    if not isinstance(value, (str, int, float)):
        return ""
    return clean(" ".join(redact(str(value)).split()), _LONGEST_MESSAGE)
