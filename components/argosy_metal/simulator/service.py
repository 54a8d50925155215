"""What one BMC answers to one request: authentication, ETags, reading, writing. No network in here."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from argosy_metal.simulator.actions import act, patch
from argosy_metal.simulator.bmc import Bmc, Write
from argosy_metal.simulator.replies import Json, RedfishFaultError, Reply, error, etag_of
from argosy_metal.simulator.resources import ROOT, SESSIONS, TASKS, resources_of
from argosy_metal.simulator.resources_tasks import session_resource, task_resource
from argosy_metal.simulator.sessions import SessionLimitError
from argosy_metal.simulator.world import USERNAME

_TASK_MONITORS = f"{ROOT}/TaskService/TaskMonitors/"
_STANDING = {"OData-Version": "4.0", "Cache-Control": "no-cache"}
_READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Request:
    """One request. Header names are found whatever their case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def user_agent(self) -> str:
        """Who says it is asking."""
        return self.headers.get("User-Agent", "")


def is_write(method: str, path: str) -> bool:
    """True for requests that could change the server; logging in and out does not."""
    return method not in _READS and not path.startswith(SESSIONS)


def answer(bmc: Bmc, request: Request, password: str) -> Reply:
    """Carry the request out, and note it if it is a write."""
    bmc.advance()
    path = _normal(request.path)
    try:
        reply = _dispatch(bmc, request, path, password)
    except RedfishFaultError as fault:
        reply = fault.reply
    if is_write(request.method, path):
        bmc.record(Write(bmc.clock.now(), request.method, path, request.user_agent, reply.status))
    return Reply(reply.status, reply.body, _STANDING | dict(reply.headers))


def _dispatch(bmc: Bmc, request: Request, path: str, password: str) -> Reply:
    if path == "/redfish" and request.method in _READS:
        return Reply(200, {"v1": f"{ROOT}/"})
    if path == SESSIONS and request.method == "POST" and bmc.profile.has_sessions:
        return _log_in(bmc, request, password)
    if not (path == f"{ROOT}/" and request.method in _READS):
        _authenticate(bmc, request, password)
    if request.method in _READS:
        return _read(bmc, path)
    return _write(bmc, request, path)


def _write(bmc: Bmc, request: Request, path: str) -> Reply:
    if request.method == "DELETE" and path.startswith(f"{SESSIONS}/"):
        return _log_out(bmc, path)
    if request.method == "POST":
        reply = act(bmc, path, _json(request))
        if reply is not None:
            return reply
    body = _resource(bmc, path)
    if request.method == "PATCH":
        wanted = request.headers.get("If-Match")
        if wanted not in (None, "*", etag_of(body)):
            raise error(412, "PreconditionFailed")
        patch(bmc, path, _json(request), body)
        return _shown(_resource(bmc, path))
    raise error(405, "OperationNotAllowed", headers={"Allow": "GET, HEAD"})


def _read(bmc: Bmc, path: str) -> Reply:
    if path.startswith(_TASK_MONITORS):
        return _monitor(bmc, path)
    return _shown(_resource(bmc, path))


def _shown(body: Json) -> Reply:
    etag = etag_of(body)
    return Reply(200, body | {"@odata.etag": etag}, {"ETag": etag})


def _resource(bmc: Bmc, path: str) -> Json:
    build = resources_of(bmc).get(path)
    if build is None:
        raise error(404, "ResourceMissingAtURI", path)
    return build()


def _monitor(bmc: Bmc, path: str) -> Reply:
    task = bmc.tasks.find(path.removeprefix(_TASK_MONITORS))
    if task is None:
        raise error(404, "ResourceMissingAtURI", path)
    if not bmc.tasks.runs(task):
        return Reply(204)
    headers = {"Location": path, "Retry-After": bmc.tasks.retry_after(task)}
    return Reply(202, task_resource(f"{TASKS}/{task.id}", bmc.tasks, task), headers)


def _log_in(bmc: Bmc, request: Request, password: str) -> Reply:
    body = _json(request)
    for name in ("UserName", "Password"):
        if name not in body:
            raise error(400, "PropertyMissing", name)
    if not _is_account(str(body["UserName"]), str(body["Password"]), password):
        raise error(401, "ResourceAtUriUnauthorized")
    try:
        token, session = bmc.sessions.open(USERNAME, request.user_agent, bmc.clock.real())
    except SessionLimitError:
        raise error(503, "SessionLimitExceeded", headers={"Retry-After": "30"}) from None
    path = f"{SESSIONS}/{session.id}"
    return Reply(201, session_resource(path, session), {"Location": path, "X-Auth-Token": token})


def _log_out(bmc: Bmc, path: str) -> Reply:
    if not bmc.sessions.close(path.removeprefix(f"{SESSIONS}/")):
        raise error(404, "ResourceMissingAtURI", path)
    return Reply(204)


def _authenticate(bmc: Bmc, request: Request, password: str) -> None:
    token = request.headers.get("X-Auth-Token")
    if token is not None and bmc.profile.has_sessions:
        if bmc.sessions.use(token, bmc.clock.real()) is None:
            raise error(401, "NoValidSession")
        return
    username, _, given = _basic(request).partition(":")
    if not _is_account(username, given, password):
        raise error(401, "NoValidSession", headers={"WWW-Authenticate": 'Basic realm="Redfish"'})


def _basic(request: Request) -> str:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _is_account(username: str, given: str, password: str) -> bool:
    return username == USERNAME and hmac.compare_digest(given.encode(), password.encode())


def _json(request: Request) -> Json:
    try:
        body: Any = json.loads(request.body or b"{}")
    except ValueError:
        raise error(400, "MalformedJSON") from None
    if not isinstance(body, dict):
        raise error(400, "MalformedJSON")
    return cast(Json, body)


def _normal(path: str) -> str:
    trimmed = path.rstrip("/")
    return f"{ROOT}/" if trimmed == ROOT else trimmed
