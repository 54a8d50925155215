"""What one BMC answers to one request: who may ask, what is read, what is written. No network in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from argosy_metal.simulator.accounts import Account
from argosy_metal.simulator.actions import act, create, delete, patch, patch_whole
from argosy_metal.simulator.authority import authenticate, authorize
from argosy_metal.simulator.bmc import Bmc, Write
from argosy_metal.simulator.conditions import assert_headers, assert_may_write, is_known_already, shown
from argosy_metal.simulator.login import log_in, own_sessions
from argosy_metal.simulator.methods import READS, allow, methods_of
from argosy_metal.simulator.odata import METADATA, SERVICE_DOCUMENT, described_by, metadata, service_document
from argosy_metal.simulator.queries import queried
from argosy_metal.simulator.replies import Json, RedfishFaultError, Reply, error, json_object
from argosy_metal.simulator.resources import ROOT, SESSIONS, resource, root_links, types_of
from argosy_metal.simulator.resources_events import STREAM
from argosy_metal.simulator.resources_tasks import TASK_MONITORS, monitored

_STANDING = {"OData-Version": "4.0", "Cache-Control": "no-cache"}
_OPEN = ("/redfish", f"{ROOT}/", METADATA, SERVICE_DOCUMENT)
"""What is read without an account."""
_FIRMWARE_INVENTORY = f"{ROOT}/UpdateService/FirmwareInventory"


@dataclass(frozen=True)
class Request:
    """One request. Header names are found whatever their case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""

    @property
    def user_agent(self) -> str:
        """Who says it is asking."""
        return self.headers.get("User-Agent", "")


def is_write(method: str, path: str) -> bool:
    """True for requests that could change the server; logging in and out does not."""
    return method not in READS and not path.startswith(SESSIONS)


def answer(bmc: Bmc, request: Request, password: str) -> Reply:
    """Carry the request out, and note it if it is a write."""
    bmc.advance()
    request = replace(request, path=_normal(request.path))
    try:
        reply = _dispatch(bmc, request, password)
    except RedfishFaultError as fault:
        reply = fault.reply
    if is_write(request.method, request.path):
        bmc.record(Write(bmc.clock.now(), request.method, request.path, request.user_agent, reply.status))
    return replace(reply, headers=_STANDING | dict(reply.headers))


def slow_seconds(bmc: Bmc, request: Request) -> float:
    """Simulated seconds that this answer takes to come."""
    if request.method == "GET" and request.path.rstrip("/") == _FIRMWARE_INVENTORY:
        return bmc.profile.firmware_inventory_seconds
    return 0


def _dispatch(bmc: Bmc, request: Request, password: str) -> Reply:
    limit = bmc.profile.client_limit
    if limit is not None and bmc.traffic.in_flight > limit:
        raise error(503, "ServiceTemporarilyUnavailable", headers={"Retry-After": "5"})
    method, path = request.method, request.path
    if path == SESSIONS and method == "POST" and bmc.profile.has_sessions:
        assert_headers(request.headers)
        return log_in(bmc, request.headers, json_object(request.body), password)
    account = None
    if not (path in _OPEN and method in READS):
        account = authenticate(bmc, request.headers, password)
        authorize(account, method, path, own_sessions=own_sessions(bmc, account))
    assert_headers(request.headers)
    return _read(bmc, request) if method in READS or account is None else _write(bmc, request, account)


def _read(bmc: Bmc, request: Request) -> Reply:
    path = request.path
    if path == "/redfish":
        return Reply(200, {"v1": f"{ROOT}/"}, {"Allow": "GET, HEAD"})
    if path == METADATA:
        headers = {"Content-Type": "application/xml;charset=utf-8", "Allow": "GET, HEAD"}
        return Reply(200, content=metadata(types_of(bmc)), headers=headers)
    if path == SERVICE_DOCUMENT:
        return Reply(200, service_document(root_links(bmc)), {"Allow": "GET, HEAD"})
    if path == STREAM:
        return Reply(200, streams=True)
    if path.startswith(f"{TASK_MONITORS}/"):
        return _monitor(bmc, path)
    if "/Actions/" in path:
        raise error(405, "OperationNotAllowed", headers=allow(bmc, path))
    body = resource(bmc, path)
    headers = allow(bmc, path) | {"Link": described_by(body)}
    if is_known_already(bmc, request.headers, body):
        return Reply(304, headers=headers)
    return shown(bmc, queried(bmc, body, request.query), headers)


def _write(bmc: Bmc, request: Request, account: Account) -> Reply:
    method, path = request.method, request.path
    if method == "POST":
        reply = act(bmc, path, json_object(request.body))
        if reply is not None:
            return _told(bmc, reply)
    body = resource(bmc, path)
    if method not in methods_of(bmc, path):
        raise error(405, "OperationNotAllowed", headers=allow(bmc, path))
    if method == "POST":
        return create(bmc, path, json_object(request.body))
    assert_may_write(bmc, request.headers, path, body, patches=method == "PATCH")
    if method == "DELETE":
        return delete(bmc, path)
    if (reply := patch_whole(bmc, path, json_object(request.body))) is not None:
        return reply
    notes = patch(bmc, path, json_object(request.body), body, account)
    if bmc.profile.answers_with_messages:
        return _told(bmc, Reply(204))
    return shown(bmc, resource(bmc, path) | notes.annotations, {**allow(bmc, path), **notes.headers})


def _told(bmc: Bmc, reply: Reply) -> Reply:
    """204, or where the vendor talks instead, 200 with a Success message."""
    if reply.status != 204 or not bmc.profile.answers_with_messages:
        return reply
    entry: Json = {"MessageId": "Base.1.17.Success"}
    body: Json = {
        "error": {
            "code": "iLO.0.10.ExtendedInfo",
            "message": "See @Message.ExtendedInfo for more information.",
            "@Message.ExtendedInfo": [entry],
        }
    }
    return replace(reply, status=200, body=body)


def _monitor(bmc: Bmc, path: str) -> Reply:
    reply = monitored(bmc, path.removeprefix(f"{TASK_MONITORS}/"))
    if reply is None:
        raise error(404, "ResourceMissingAtURI", path)
    return reply


def _normal(path: str) -> str:
    trimmed = path.rstrip("/")
    # A collection's members may also be posted to as its property (DSP0266 "POST (create)").
    trimmed = trimmed.removesuffix("/Members") if trimmed.endswith("/Members") else trimmed
    return f"{ROOT}/" if trimmed == ROOT else trimmed
