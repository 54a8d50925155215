"""What a spoilt request comes to: answers without a deed, deeds that differ, answers that are damaged.

No network in here; what happens on the wire is in `delivery`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

from argosy_metal.simulator.bmc import Bmc, Write
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.faults import Spoilt
from argosy_metal.simulator.listings import paged, shows_drives, without_drives
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources import SESSIONS
from argosy_metal.simulator.service import Request, is_write
from argosy_metal.simulator.simulation import Simulation

_ACCOUNT = "/redfish/v1/AccountService/Accounts/1"
_LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Login</title></head><body><form>Password</form></body></html>"
)
_ROTATED = "rotated by a fault"
_STATUS_MESSAGES = {
    401: "NoValidSession",
    404: "ResourceMissingAtURI",
    409: "ResourceInUse",
    412: "PreconditionFailed",
    429: "ServiceTemporarilyUnavailable",
    503: "ServiceTemporarilyUnavailable",
}


def carry_out(simulation: Simulation, host: str, request: Request, rules: Spoilt) -> Reply:
    """Answer a request, spoilt as the rules say. Without rules it is answered as it is."""
    if not rules:
        return simulation.answer(host, request)
    refusal = _refusal(request, rules)
    bmc = simulation.bmc_of_host(host)
    if refusal is not None:
        return _damaged(refusal, rules)
    if "ignore-write" in rules and bmc is not None and is_write(request.method, request.path):
        bmc.record(Write(simulation.clock.now(), request.method, request.path, request.user_agent, 204))
        return _damaged(Reply(204), rules)
    if "paged" in rules:
        reply = paged(request, lambda whole: _misled(simulation, host, bmc, whole, rules))
    else:
        reply = _misled(simulation, host, bmc, request, rules)
    if "late-drives" in rules and bmc is not None and not shows_drives(bmc):
        reply = without_drives(reply)
    return _damaged(reply, rules)


def _refusal(request: Request, rules: Spoilt) -> Reply | None:
    """An answer for which nothing is done."""
    logs_in = request.method == "POST" and request.path.rstrip("/") == SESSIONS
    if "status" in rules:
        return _status(rules["status"])
    if "not-ready" in rules:
        return _not_ready()
    if "sessions-full" in rules and logs_in:
        return error(503, "SessionLimitExceeded", headers={"Retry-After": "30"}).reply
    if "password-change-required" in rules and not request.path.startswith(SESSIONS):
        return error(403, "PasswordChangeRequired", _ACCOUNT).reply
    if "html" in rules:
        return Reply(200, content=_LOGIN_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})
    return None


def _misled(simulation: Simulation, host: str, bmc: Bmc | None, request: Request, rules: Spoilt) -> Reply:
    """Carry the request out on a BMC that is not itself."""
    if bmc is None:
        return simulation.answer(host, request)
    if "drop-sessions" in rules or "password-rotated" in rules:
        bmc.sessions.drop_all()
    bmc.tasks.fate = "stuck" if "task-stuck" in rules else "failed" if "task-exception" in rules else "done"
    bmc.shown_serial = f"NOT-{bmc.server.serial}" if "wrong-serial" in rules else bmc.server.serial
    try:
        return simulation.answer(host, request, _ROTATED if "password-rotated" in rules else None)
    finally:
        bmc.tasks.fate, bmc.shown_serial = "done", bmc.server.serial


def _damaged(reply: Reply, rules: Spoilt) -> Reply:
    if "no-location" in rules:
        headers = {name: value for name, value in reply.headers.items() if name != "Location"}
        reply = replace(reply, headers=headers)
    if reply.body is not None:
        reply = replace(reply, body=_damaged_body(reply.body, reply.status, rules))
    if "clock-off" in rules:
        reply = _at_another_time(reply, rules["clock-off"])
    if "truncated" in rules and reply.body is not None:
        text = json.dumps(reply.body).encode()
        headers = {**reply.headers, "Content-Type": "application/json"}
        reply = Reply(reply.status, headers=headers, content=text[: len(text) // 2])
    return reply


def _damaged_body(body: Json, status: int, rules: Spoilt) -> Json:
    if "wrong-uuid" in rules:
        body = _changed(body, ("UUID",), lambda _: "00000000-0000-0000-0000-000000000000")
    if "missing-fields" in rules:
        body = _without(body, rules["missing-fields"].fields)
    if "retyped-fields" in rules:
        body = _changed(body, rules["retyped-fields"].fields, _retyped)
    if "unfit" in rules and "figures" in body:
        body = body | {"figures": _unfit(body["figures"], rules["unfit"].fields)}
    if "password-change-required" in rules and status == 201:
        said = cast(Json, error(403, "PasswordChangeRequired", _ACCOUNT).reply.body)
        body = body | {"@Message.ExtendedInfo": said["error"]["@Message.ExtendedInfo"]}
    return body


def _unfit(figures: Json, fields: Container[str]) -> Json:
    """One less of what there should be, one more of what there should not."""
    named = [name for name in figures if name in fields] or ["gpu_count"]
    return figures | {name: figures[name] - 1 if figures[name] else 1 for name in named}


def _status(rule: FaultRule) -> Reply:
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    return error(
        rule.status, _STATUS_MESSAGES.get(rule.status, "InternalError"), "this resource", headers=headers
    ).reply


def _not_ready() -> Reply:
    """As ironcore-dev/metal-operator#170 quotes an iDRAC9."""
    reply = error(503, "ServiceTemporarilyUnavailable", "30", headers={"Retry-After": "30"}).reply
    body = cast(Json, reply.body)
    said: Json = {
        "@odata.type": "#Message.v1_2_1.Message",
        "MessageId": "IDRAC.2.8.SYS518",
        "Message": "The iDRAC cannot show anything yet, since its data sources are not available.",
        "MessageArgs": [],
        "MessageSeverity": "Warning",
        "Resolution": "Wait until the data is available, and try again.",
    }
    info = [said, *body["error"]["@Message.ExtendedInfo"]]
    return replace(reply, body={"error": body["error"] | {"@Message.ExtendedInfo": info}})


def _at_another_time(reply: Reply, rule: FaultRule) -> Reply:
    moment = datetime.now(UTC) + timedelta(seconds=rule.offset_seconds)
    headers = {**reply.headers, "Date": format_datetime(moment, usegmt=True)}
    body = reply.body
    if body is not None and str(body.get("@odata.type", "")).startswith("#Manager."):
        body = body | {"DateTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return replace(reply, body=body, headers=headers)


def _changed(value: Any, names: Container[str], change: Callable[[Any], Any]) -> Any:
    """The same, with the properties of these names changed, at any depth."""
    if isinstance(value, dict):
        return {
            name: change(child) if name in names else _changed(child, names, change)
            for name, child in cast(Json, value).items()
        }
    if isinstance(value, list):
        return [_changed(child, names, change) for child in cast("list[Any]", value)]
    return value


def _without(value: Any, names: Container[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(child, names) for name, child in cast(Json, value).items() if name not in names
        }
    if isinstance(value, list):
        return [_without(child, names) for child in cast("list[Any]", value)]
    return value


def _retyped(value: Any) -> Any:
    """Text for a number, a list for text, an object for a list."""
    if isinstance(value, str):
        return [value]
    return {"value": cast("list[Any]", value)} if isinstance(value, list) else str(value)
