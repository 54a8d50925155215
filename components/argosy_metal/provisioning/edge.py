"""What comes in from anybody: read so that whatever it is, it is taken or refused. Pure."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable
from typing import Any, cast

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Ids and serial numbers: they come to stand in a shell script and in URLs."""
SHA256 = re.compile(r"[0-9a-f]{64}")
_DEEPEST = 16


class RefusedBodyError(Exception):
    """What was sent has the wrong shape; the message says where."""


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request's body. Raises RefusedBodyError."""
    try:
        body: object = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedBodyError("expected a JSON object") from None
    if not _is_within(body, _DEEPEST) or not isinstance(body, dict):
        raise RefusedBodyError(f"expected a JSON object, nested {_DEEPEST} deep at most")
    return cast("dict[str, Any]", body)


def bearer(authorization: str) -> str:
    """The token of an `Authorization` header; empty if it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_same(given: str, expected: str) -> bool:
    """Whether a secret is the expected one; how long it takes says nothing about it."""
    # A header's bytes that are no UTF-8 arrive as lone surrogates.
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def _is_within(value: object, depth: int) -> bool:
    """Whether a value is nested so deep at most, so that whoever writes it out again can."""
    if isinstance(value, dict):
        inner: Iterable[object] = cast("dict[str, object]", value).values()
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return True
    return depth > 0 and all(_is_within(one, depth - 1) for one in inner)
