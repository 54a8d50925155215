"""Fault rules as plain values: which requests or connections are spoilt, when, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from argosy.spec.hints import nearest
from argosy.spec.words import shown

FaultKind = Literal[
    "refuse-connection",
    "tls-expired",
    "tls-not-yet-valid",
    "tls-wrong-ca",
    "tls-changed",
    "status",
    "not-ready",
    "sessions-full",
    "password-change-required",
    "html",
    "hang",
    "disconnect",
    "ignore-write",
    "drop-sessions",
    "password-rotated",
    "wrong-serial",
    "wrong-uuid",
    "task-stuck",
    "task-exception",
    "no-location",
    "missing-fields",
    "retyped-fields",
    "paged",
    "late-drives",
    "truncated",
    "clock-off",
    "lose-answer",
    "hang-after",
    "hang-body",
    "cut-body",
    "drip",
    "slow-link",
    "unfit",
]
"""How a request is spoilt.

| kind | what the client meets |
|---|---|
| `refuse-connection` | its TCP connection is reset before TLS begins |
| `tls-expired`, `tls-not-yet-valid` | a certificate whose time is over, or begins in ten years |
| `tls-wrong-ca`, `tls-changed` | one of another authority; one with another key, so another fingerprint |
| `status` | an error `status`, with `retry_after` if given; nothing is done |
| `not-ready` | what an iDRAC says while it starts: 503, `SYS518`, try again in 30 s |
| `sessions-full` | a login is answered 503 `SessionLimitExceeded` |
| `password-change-required` | logins succeed and say so, everything else is 403 (DSP0266) |
| `html` | a login page, with status 200 |
| `hang`, `hang-after` | no answer, before anything is done or after it |
| `disconnect`, `lose-answer` | a reset connection, before anything is done or after it |
| `ignore-write` | a write is answered 204, and nothing is done |
| `drop-sessions` | all sessions are forgotten first |
| `password-rotated` | the password is another one by now, and sessions are forgotten |
| `wrong-serial`, `wrong-uuid` | another server's serial number or UUID |
| `task-stuck`, `task-exception` | a task that this request starts never ends, or ends in `Exception` |
| `no-location` | the answer's `Location` is missing |
| `missing-fields`, `retyped-fields` | `fields` are missing from the answer, or of another type |
| `paged` | collections and lists of drives come two entries at a time, with a link to the next two |
| `late-drives` | a server's storage lists no drives while it is off or in its self-test |
| `truncated` | the first half of the JSON, as a complete HTTP answer |
| `clock-off` | `Date` and `Manager.DateTime` are off by `offset_seconds` |
| `hang-body`, `cut-body` | after half the answer: silence, or a reset connection |
| `drip` | the answer comes byte by byte, one every `drip_seconds` |
| `unfit` | a machine whose tests show less, or more errors, than they should, by `fields` |
| `slow-link` | `latency_seconds` for connecting and for each answer, and `bits_per_second` both ways |
"""

CONNECTION_KINDS: frozenset[FaultKind] = frozenset(
    {"refuse-connection", "tls-expired", "tls-not-yet-valid", "tls-wrong-ca", "tls-changed"}
)
"""Those that spoil a connection, before there is a request. They heed host and time only."""


@dataclass(frozen=True)
class FaultRule:
    """Spoils the requests it matches. `host`, `method` and `path` are shell patterns."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: FaultKind
    host: str = "*"
    method: str = "*"
    path: str = "*"
    status: int = 500
    retry_after: int | None = None
    """Seconds, for `status`."""
    skip: int = 0
    """So many matching requests pass first."""
    times: int | None = None
    """Ends after so many spoilt requests; None: never."""
    request: int | None = None
    """Only this request, counted from 1 over all that came to any BMC or hall service."""
    at: float | None = None
    """From this simulated second on; what comes before passes and is not counted."""
    until: float | None = None
    """Up to this simulated second."""
    fields: tuple[str, ...] = ("SerialNumber", "PowerState")
    """Properties, at any depth, for `missing-fields` and `retyped-fields`; for `unfit` figures of tests, and
    `gpu_count` if it names none."""
    offset_seconds: float = 3652 * 86400
    """For `clock-off`: ten years; negative: behind."""
    latency_seconds: float = 0.6
    """For `slow-link`: a round trip, in real seconds; that of a geostationary satellite."""
    bits_per_second: float = 1000
    """For `slow-link`."""
    drip_seconds: float = 1.0
    """For `drip`, in real seconds."""


_FAULTS = TypeAdapter(tuple[FaultRule, ...])


class FaultScriptError(ValueError):
    """A fault script is none; the message has everything that is wrong with it, on one line."""


def parse_faults(raw: bytes) -> tuple[FaultRule, ...]:
    """A fault script: a JSON array of fault rules.

    Raises FaultScriptError.
    """
    try:
        return _FAULTS.validate_json(raw)
    except ValidationError as invalid:
        wrong = invalid.errors(include_url=False, include_context=False)
        raise FaultScriptError("; ".join(map(_told, wrong))) from None


def _told(wrong: ErrorDetails) -> str:
    place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in wrong["loc"])
    key = wrong["loc"][-1] if wrong["loc"] else ""
    if not place:
        return 'expected a JSON list of fault rules, e.g. [{"kind": "hang", "host": "bmc-1.*"}]'
    if wrong["type"] == "missing":
        return f"{place}: missing"
    given = shown(wrong["input"])
    if key == "kind" and wrong["type"] == "literal_error":
        return f"{place}: {given} is no kind of fault; {_closest(str(wrong['input']), get_args(FaultKind))}"
    if wrong["type"] == "unexpected_keyword_argument":
        known = [one.name for one in fields(FaultRule)]
        return f"{place}: no key of a fault rule; {_closest(str(key), known)}"
    return f"{place}: given {given}; {wrong['msg'][:1].lower()}{wrong['msg'][1:]}"


def _closest(given: str, known: Sequence[str]) -> str:
    close = nearest(given, known)
    return f"did you mean {close}?" if close else f"write one of {', '.join(known)}"
