"""Redfish answers as data: status, headers, body, and the errors of the Base message registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_BASE = "Base.1.18.1"
_TEXTS: Mapping[str, tuple[str, str]] = {
    "Success": ("The request completed successfully.", "None."),
    "ResourceMissingAtURI": ("The resource at the URI '{}' was not found.", "Provide a URI of a resource."),
    "OperationNotAllowed": ("The HTTP method is not allowed on this resource.", "See the Allow header."),
    "MalformedJSON": ("The request body is malformed JSON.", "Correct the request body."),
    "PropertyUnknown": ("The property '{}' is not in the list of valid properties.", "Remove the property."),
    "PropertyNotWritable": ("The property '{}' is read-only and cannot be assigned.", "Remove the property."),
    "PropertyValueNotInList": (
        "The value '{}' for the property '{}' is not in the list of acceptable values.",
        "Choose a value from the enumeration list.",
    ),
    "PropertyMissing": ("The property '{}' is required and is missing.", "Provide the property."),
    "ActionParameterMissing": ("The action '{}' requires the parameter '{}'.", "Supply the parameter."),
    "ActionParameterUnknown": (
        "The action '{}' was submitted with the invalid parameter '{}'.",
        "Remove it.",
    ),
    "ActionParameterValueNotInList": (
        "The value '{}' for the parameter '{}' in the action '{}' is not in the list of acceptable values.",
        "Choose a value from the enumeration list.",
    ),
    "ResourceAtUriUnauthorized": ("Access to the resource was denied.", "Provide valid credentials."),
    "NoValidSession": ("There is no valid session established.", "Establish a session."),
    "SessionLimitExceeded": ("The number of simultaneous sessions is exceeded.", "Close a session."),
    "PreconditionFailed": ("The ETag supplied did not match the current ETag.", "Read the resource again."),
    "ResourceInUse": ("The resource is in use.", "Remove the condition and resubmit the request."),
    "ResourceInStandby": ("The request failed because the resource is in standby.", "Power the server on."),
    "ResourceAtUriInUnknownFormat": ("The resource at '{}' cannot be used.", "Put an image there."),
    "InternalError": ("An internal service error occurred.", "Restart the service."),
    "ServiceTemporarilyUnavailable": ("The service is temporarily unavailable.", "Wait and resubmit."),
    "GeneralError": ("A general error has occurred.", "None."),
}


@dataclass(frozen=True)
class Reply:
    """What a simulated BMC answers."""

    status: int
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    """Instead of a body: something that is no JSON."""


class RedfishFaultError(Exception):
    """Ends a request with an error reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(str(reply.status))


def error(status: int, key: str, *args: str, headers: Mapping[str, str] | None = None) -> RedfishFaultError:
    """An error with one message of the Base registry."""
    text, resolution = _TEXTS[key]
    message = text.format(*args)
    entry = {
        "@odata.type": "#Message.v1_2_1.Message",
        "MessageId": f"{_BASE}.{key}",
        "Message": message,
        "MessageArgs": list(args),
        "MessageSeverity": "Critical" if status >= 500 else "Warning",
        "Resolution": resolution,
    }
    body = {"error": {"code": f"{_BASE}.{key}", "message": message, "@Message.ExtendedInfo": [entry]}}
    return RedfishFaultError(Reply(status, body, headers or {}))


def message(key: str) -> Json:
    """One message of the Base registry, for tasks."""
    text, resolution = _TEXTS[key]
    return {
        "@odata.type": "#Message.v1_2_1.Message",
        "MessageId": f"{_BASE}.{key}",
        "Message": text,
        "MessageSeverity": "OK",
        "Resolution": resolution,
    }


def etag_of(body: Json) -> str:
    """A strong ETag: it changes exactly when the resource's content does."""
    return '"' + hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16] + '"'


def collection(path: str, kind: str, members: Iterable[str]) -> Json:
    """A Redfish collection of `kind`."""
    links = [{"@odata.id": member} for member in members]
    return {
        "@odata.id": path,
        "@odata.type": f"#{kind}Collection.{kind}Collection",
        "Name": f"{kind} Collection",
        "Members@odata.count": len(links),
        "Members": links,
    }
