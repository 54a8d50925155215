"""The client of Ironic's API: what is sent, what is sent once, and what is told of a refusal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.ironic import IronicAccess, IronicClient
from argosy_metal.ironic.client import MICROVERSION
from argosy_metal.ironic.errors import (
    IronicAuthError,
    IronicBusyError,
    IronicError,
    IronicRefusedError,
    IronicUnreachableError,
)
from argosy_metal.redfish import Credentials, RedfishError

from .ironic_model import VirtualClock

ACCOUNT = Credentials("argosy", "hunter2")
Answer = Callable[[web.Request, bytes], web.Response]
Serve = Callable[[Answer], Awaitable[IronicClient]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Gives a client of an API that answers like this."""
    clients: list[IronicClient] = []
    runners: list[web.AppRunner] = []

    async def start(answer: Answer) -> IronicClient:
        async def handle(request: web.Request) -> web.Response:
            return answer(request, await request.read())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        client = IronicClient(
            IronicAccess(f"http://127.0.0.1:{port}/baremetal/", ACCOUNT), "argosy/1", VirtualClock()
        )
        clients.append(client)
        runners.append(runner)
        return client

    yield start
    for client in clients:
        await client.close()
    for runner in runners:
        await runner.cleanup()
    await asyncio.sleep(0)


def wrapped(message: str) -> dict[str, Any]:
    """An error as Ironic's API layer writes it: JSON in JSON."""
    return {"error_message": json.dumps({"faultcode": "Client", "faultstring": message})}


async def test_a_request_names_its_microversion_its_account_and_its_run(serve: Serve) -> None:
    seen: list[web.Request] = []

    def answer(request: web.Request, _: bytes) -> web.Response:
        seen.append(request)
        return web.json_response({"uuid": "1"})

    client = await serve(answer)

    assert {"uuid": "1"} == await client.get("/v1/nodes/hall.SN1", "look")
    (request,) = seen
    assert "/baremetal/v1/nodes/hall.SN1" == request.path
    assert (MICROVERSION, "argosy/1", "Basic YXJnb3N5Omh1bnRlcjI=") == (
        request.headers["X-OpenStack-Ironic-API-Version"],
        request.headers["User-Agent"],
        request.headers["Authorization"],
    )
    assert "hunter2" not in repr(client.__dict__)


async def test_a_patch_is_sent_whole(serve: Serve) -> None:
    patch = [{"op": "remove", "path": "/owner"}]
    bodies: list[bytes] = []

    def answer(request: web.Request, body: bytes) -> web.Response:
        bodies.append(body)
        return web.json_response({})

    client = await serve(answer)
    await client.patch("/v1/nodes/1", patch, "let go")

    assert [patch] == [json.loads(body) for body in bodies]


async def test_what_is_not_there_is_none_to_a_look_and_a_refusal_to_a_change(serve: Serve) -> None:
    client = await serve(lambda _, __: web.json_response(wrapped("no node"), status=404))

    assert await client.get("/v1/nodes/1", "look") is None
    with pytest.raises(IronicRefusedError, match="manage: HTTP 404: no node"):
        await client.put("/v1/nodes/1/states/provision", {"target": "manage"}, "manage")


@pytest.mark.parametrize(
    ("status", "body", "kind", "found"),
    [
        (
            400,
            wrapped("the image has\n no checksum"),
            IronicRefusedError,
            "HTTP 400: the image has no checksum",
        ),
        (400, {"error_message": {"faultstring": "plain"}}, IronicRefusedError, "HTTP 400: plain"),
        (
            401,
            {"error": {"message": "Authorization required", "code": 401}},
            IronicAuthError,
            "Authorization",
        ),
        (403, {"error_message": "no such policy"}, IronicAuthError, "HTTP 403: no such policy"),
        (406, wrapped("versions 1.1 to 1.80"), IronicRefusedError, f"microversion {MICROVERSION}"),
        (409, wrapped("node is locked by host a"), IronicBusyError, "locked by host a"),
        (503, {}, IronicBusyError, "HTTP 503"),
        (500, ["a list"], IronicRefusedError, "HTTP 500"),
        (502, None, IronicRefusedError, "HTTP 502"),
    ],
)
async def test_a_refusal_is_told_in_ironics_words(
    serve: Serve, status: int, body: Any, kind: type[IronicError], found: str
) -> None:
    client = await serve(lambda _, __: web.json_response(body, status=status))

    with pytest.raises(kind) as raised:
        await client.put("/v1/nodes/1/states/provision", {"target": "active"}, "deploy")
    assert found in str(raised.value)
    assert isinstance(raised.value, RedfishError)


async def test_the_password_is_not_told_even_if_ironic_tells_it(serve: Serve) -> None:
    client = await serve(lambda _, __: web.json_response(wrapped("wrong: hunter2"), status=401))

    with pytest.raises(IronicAuthError) as raised:
        await client.get("/v1/nodes", "look")
    assert "hunter2" not in str(raised.value)


async def test_a_look_is_taken_again_and_a_change_is_sent_once(serve: Serve) -> None:
    methods: list[str] = []

    def answer(request: web.Request, _: bytes) -> web.Response:
        methods.append(request.method)
        return web.json_response({}, status=503)

    client = await serve(answer)
    with pytest.raises(IronicBusyError):
        await client.get("/v1/nodes/1", "look")
    assert ["GET"] * 3 == methods
    methods.clear()

    for change in (
        client.put("/v1/nodes/1/states/power", {"target": "power on"}, "power on"),
        client.post("/v1/nodes", {"driver": "redfish"}, "enrol"),
        client.patch("/v1/nodes/1", [], "change"),
        client.delete("/v1/nodes/1/maintenance", "mend"),
    ):
        with pytest.raises(IronicBusyError):
            await change
    assert ["PUT", "POST", "PATCH", "DELETE"] == methods


async def test_an_api_that_does_not_answer_never_says_that_the_node_is_gone() -> None:
    client = IronicClient(IronicAccess("http://127.0.0.1:9"), "argosy/1", VirtualClock())

    with pytest.raises(IronicUnreachableError, match="the server is not taken for gone"):
        await client.get("/v1/nodes/1", "look")
    await client.close()
