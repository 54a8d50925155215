"""Redfish answers as data: status, headers, body, and the errors of the Base message registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

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
    "ActionParameterMissing": (
        "The action {} requires the parameter {} to be present in the request body.",
        "Supply the parameter.",
    ),
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
    "PropertyValueTypeError": (
        "The value '{}' for the property '{}' is of a different type than the property accepts.",
        "Correct the value.",
    ),
    "PropertyValueFormatError": (
        "The value '{}' for the property '{}' is of a different format than the property accepts.",
        "Correct the value.",
    ),
    "PropertyValueOutOfRange": (
        "The value '{}' for the property '{}' is not in the supported range of acceptable values.",
        "Correct the value.",
    ),
    "NoOperation": ("The request body contained no data to act upon.", "Add properties to the body."),
    "ResourceAlreadyExists": (
        "The requested resource of type {} with the property {} with the value '{}' already exists.",
        "Choose another value.",
    ),
    "ResourceCannotBeDeleted": ("The resource cannot be deleted.", "Do not delete it."),
    "InsufficientPrivilege": (
        "The account does not have the privileges for this operation.",
        "Use an account that has them.",
    ),
    "QueryNotSupportedOnResource": ("Querying is not supported on the resource.", "Remove the query."),
    "QueryParameterValueFormatError": (
        "The value '{}' for the parameter '{}' is of a different format than the parameter accepts.",
        "Correct the value.",
    ),
    "QueryParameterUnsupported": ("The query parameter '{}' is not supported.", "Remove the parameter."),
    "HeaderInvalid": ("The value of the header '{}' is not acceptable.", "Correct the header."),
    "PreconditionRequired": ("The request requires a precondition header.", "Send If-Match."),
    "ServiceInUnknownState": ("The service is busy.", "Wait and resubmit."),
    "PasswordChangeRequired": (
        "The password provided for this account must be changed before access is granted; PATCH '{}'.",
        "Change the password.",
    ),
    "GeneralError": ("A general error has occurred.", "None."),
}

_OEM_TEXTS: Mapping[str, tuple[str, str]] = {
    "Base.1.18.PropertyNotWritable": ("The property {} is a read-only property.", "Remove the property."),
    "Ami.1.0.OperationSupportedInFutureStateURI": (
        "Support of this Operation for {} Properties is moved to FutureState URI.",
        "Write to the FutureState URI.",
    ),
    "Ami.1.0.PreconditionHeaderMissing": (
        "The request did not provide the required precondition, such as an If-Match or If-None-Match header.",
        "Include the required precondition header in the request.",
    ),
    "IDRAC.2.8.RAC0218": ("The maximum number of user sessions is reached.", "Close one or more sessions."),
    "iLO.2.37.UnableToModifyDuringSystemPOST": (
        "The value cannot be changed while the computer system BIOS is in POST.",
        "Wait until the system has completed POST.",
    ),
    "iLO.2.37.InvalidOperationForSystemState": (
        "The operation was not successful due to the current power state ({}).",
        "Change the system power state.",
    ),
    "OpenBMC.0.1.ChassisPowerStateOffRequired": (
        "The chassis must be powered off for this operation.",
        "Power the server off.",
    ),
}
"""Messages of vendors' own registries, by their whole id."""


@dataclass(frozen=True)
class Reply:
    """What a simulated BMC answers."""

    status: int
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    """Instead of a body: something that is no JSON."""
    streams: bool = False
    """The answer is a stream of events, which goes on until either side ends it."""


class RedfishFaultError(Exception):
    """Ends a request with an error reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(str(reply.status))


def error(status: int, key: str, *args: str, headers: Mapping[str, str] | None = None) -> RedfishFaultError:
    """An error with one message: of the Base registry, or of a vendor's if the whole id is given."""
    message_id = key if key in _OEM_TEXTS else f"{_BASE}.{key}"
    text, resolution = _OEM_TEXTS.get(key) or _TEXTS[key]
    message = text.format(*args)
    entry = {
        "@odata.type": "#Message.v1_2_1.Message",
        "MessageId": message_id,
        "Message": message,
        "MessageArgs": list(args),
        "MessageSeverity": "Critical" if status >= 500 else "Warning",
        "Resolution": resolution,
    }
    if "Property" in key and args:
        # The property comes last among the arguments of all messages about one.
        entry["RelatedProperties"] = [f"#/{args[-1]}"]
    body = {"error": {"code": message_id, "message": message, "@Message.ExtendedInfo": [entry]}}
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


def json_object(raw: bytes) -> Json:
    """The body of a request; nothing counts as an empty object.

    Raises RedfishFaultError if it is no JSON object.
    """
    try:
        body: Any = json.loads(raw or b"{}")
    except ValueError:
        raise error(400, "MalformedJSON") from None
    if not isinstance(body, dict):
        raise error(400, "MalformedJSON")
    return cast(Json, body)


def only_known(action: str, body: Json, known: Iterable[str]) -> None:
    """Refuse parameters that an action does not have."""
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise error(400, "ActionParameterUnknown", action, unknown[0])


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
