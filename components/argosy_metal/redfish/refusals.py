"""Which error an answer of a BMC is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from argosy_metal.redfish.errors import (
    BmcAuthError,
    BmcBusyError,
    BmcInternalError,
    BmcMissingError,
    BmcRefusedError,
    PasswordChangeError,
)
from argosy_metal.redfish.login import PASSWORD_CHANGE
from argosy_metal.redfish.messages import Redact, Response, describe, has_message

_BUSY = frozenset({429, 503})


def is_busy(answer: Response, busy_messages: Iterable[str]) -> bool:
    """True if the BMC did nothing and asks for patience, by the status or by one of these messages."""
    return answer.status in _BUSY or (answer.status >= 400 and has_message(answer, busy_messages))


def raise_for(
    host: str,
    answer: Response,
    operation: str,
    *,
    busy_messages: Iterable[str],
    redact: Redact,
    needs_body: bool,
) -> None:
    """Raise what an answer stands for; nothing if it is a success.

    A success with something else than a JSON object, such as a login page, is none.
    """
    if answer.status < 300:
        if answer.is_garbled or (needs_body and answer.status == 200 and not answer.body):
            raise BmcInternalError(host, operation, "the answer is no JSON object")
        return
    found = describe(answer, redact)
    if answer.status in (401, 403):
        forced = has_message(answer, (PASSWORD_CHANGE,))
        raise (PasswordChangeError if forced else BmcAuthError)(host, operation, found)
    if answer.status == 404:
        raise BmcMissingError(host, operation, found)
    if answer.status == 412 or is_busy(answer, busy_messages):
        raise BmcBusyError(host, operation, found, retry_after=answer.retry_after)
    if answer.status >= 500:
        raise BmcInternalError(host, operation, found)
    raise BmcRefusedError(host, operation, found)
