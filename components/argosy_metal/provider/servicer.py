"""The gRPC side: every answer is a result, a partial failure, or a status code with a clean message.

The SDK's own servicer drops the old inputs, turns every exception into UNKNOWN with a traceback, cannot tell
the engine about a half-finished resource, and fails on a changed provider configuration; hence this one.
"""
# ruff: noqa: N802 - the methods' names are gRPC's

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from argosy import __version__
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError, status_of
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.requests import ResourceRequest, type_of
from argosy_metal.provider.resource import Change, Difference, Outputs
from argosy_metal.provider.values import plain_map, wire_map

_T = TypeVar("_T")
_Context = grpc.aio.ServicerContext[Any, Any]
_DIFFERENCE_KINDS = {
    Change.UPDATE: provider_pb2.PropertyDiff.UPDATE,
    Change.REPLACE: provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine. Work in hand is never cut by a cancelled call: it stops between two steps."""

    def __init__(self, provider: BareMetal) -> None:
        self._provider = provider
        self._working: set[asyncio.Task[Any]] = set()
        self._created: set[tuple[str, str]] = set()
        """URN and id of what this run has created or taken up."""

    async def finish(self) -> None:
        """Tell all work to stop, and come back when its last step is done."""
        self._provider.stop.set()
        if self._working:
            await asyncio.wait(self._working)

    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: _Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what we accept: plain values. Secrets stay secret, since the engine marks them itself."""
        return provider_pb2.ProviderHandshakeResponse()

    async def Attach(self, request: plugin_pb2.PluginAttach, context: _Context) -> empty_pb2.Empty:
        """Take the engine's address: a provider that was there before it was not told at its start."""
        self._provider.log.attach(request.address)
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: empty_pb2.Empty, context: _Context) -> plugin_pb2.PluginInfo:
        """The version."""
        return plugin_pb2.PluginInfo(version=__version__)

    async def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: _Context
    ) -> provider_pb2.GetSchemaResponse:
        """The package's schema."""
        return provider_pb2.GetSchemaResponse(schema=self._provider.schema())

    async def GetMapping(
        self, request: provider_pb2.GetMappingRequest, context: _Context
    ) -> provider_pb2.GetMappingResponse:
        """None: nothing is converted from Terraform."""
        return provider_pb2.GetMappingResponse()

    async def GetMappings(
        self, request: provider_pb2.GetMappingsRequest, context: _Context
    ) -> provider_pb2.GetMappingsResponse:
        """None."""
        return provider_pb2.GetMappingsResponse()

    async def Cancel(self, request: empty_pb2.Empty, context: _Context) -> empty_pb2.Empty:
        """Let every operation finish the step in hand, and answer with what it has reached."""
        self._provider.stop.set()
        return empty_pb2.Empty()

    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: _Context
    ) -> provider_pb2.CheckResponse:
        """Check the provider's own inputs."""

        async def work() -> provider_pb2.CheckResponse:
            failures = self._provider.check_config(plain_map(request.news))
            return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

        return await self._answer(context, work())

    async def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: _Context
    ) -> provider_pb2.DiffResponse:
        """A changed configuration is taken over in place: it never replaces servers."""

        async def work() -> provider_pb2.DiffResponse:
            olds, news = plain_map(request.old_inputs) or plain_map(request.olds), plain_map(request.news)
            changed = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name))
            return _diff_response(Difference(dict.fromkeys(changed, Change.UPDATE)))

        return await self._answer(context, work())

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: _Context
    ) -> provider_pb2.ConfigureResponse:
        """Take the configuration, with which a run begins."""

        async def work() -> provider_pb2.ConfigureResponse:
            self._created.clear()
            self._provider.configure(plain_map(request.args))
            return provider_pb2.ConfigureResponse(supportsPreview=True)

        return await self._answer(context, work())

    async def Check(
        self, request: provider_pb2.CheckRequest, context: _Context
    ) -> provider_pb2.CheckResponse:
        """Check a resource's inputs. Pure."""

        async def work() -> provider_pb2.CheckResponse:
            inputs, failures = self._provider.kind(type_of(request.urn)).check(plain_map(request.news))
            return provider_pb2.CheckResponse(inputs=wire_map(inputs), failures=_failures(failures))

        return await self._answer(context, work())

    async def Diff(self, request: provider_pb2.DiffRequest, context: _Context) -> provider_pb2.DiffResponse:
        """Compare program and state. Pure."""

        async def work() -> provider_pb2.DiffResponse:
            asked = _request(request, news=plain_map(request.news))
            return _diff_response(self._provider.kind(asked.type).diff(asked), set(request.ignoreChanges))

        return await self._answer(context, work())

    async def Create(
        self, request: provider_pb2.CreateRequest, context: _Context
    ) -> provider_pb2.CreateResponse:
        """Create or adopt."""

        async def work() -> provider_pb2.CreateResponse:
            asked = ResourceRequest(
                urn=request.urn,
                news=plain_map(request.properties),
                timeout_seconds=request.timeout,
                preview=request.preview,
            )
            self._assert_not_cancelled()
            resource_id, outputs = await self._create(asked)
            return provider_pb2.CreateResponse(id=resource_id, properties=wire_map(outputs))

        return await self._answer(context, work())

    async def Read(self, request: provider_pb2.ReadRequest, context: _Context) -> provider_pb2.ReadResponse:
        """Look, for a refresh or an import."""

        async def work() -> provider_pb2.ReadResponse:
            asked = ResourceRequest(
                urn=request.urn,
                resource_id=request.id,
                olds=plain_map(request.properties),
                old_inputs=plain_map(request.inputs),
            )
            found = await self._provider.kind(asked.type).read(asked)
            return provider_pb2.ReadResponse(
                id=found.resource_id, properties=wire_map(found.outputs), inputs=wire_map(found.inputs)
            )

        return await self._answer(context, work())

    async def Update(
        self, request: provider_pb2.UpdateRequest, context: _Context
    ) -> provider_pb2.UpdateResponse:
        """Change in place, or go on with what is unfinished."""

        async def work() -> provider_pb2.UpdateResponse:
            asked = _request(request, plain_map(request.news), request.timeout, preview=request.preview)
            self._assert_not_cancelled()
            outputs = await self._provider.kind(asked.type).update(asked)
            return provider_pb2.UpdateResponse(properties=wire_map(outputs))

        return await self._answer(context, work())

    async def Delete(self, request: provider_pb2.DeleteRequest, context: _Context) -> empty_pb2.Empty:
        """Remove what is ours."""

        async def work() -> empty_pb2.Empty:
            asked = ResourceRequest(
                urn=request.urn,
                resource_id=request.id,
                olds=plain_map(request.properties),
                old_inputs=plain_map(request.old_inputs),
                timeout_seconds=request.timeout,
            )
            self._assert_not_cancelled()
            await self._delete(asked)
            return empty_pb2.Empty()

        return await self._answer(context, work())

    async def _create(self, asked: ResourceRequest) -> tuple[str, Outputs]:
        try:
            resource_id, outputs = await self._provider.kind(asked.type).create(asked)
        except PartialFailureError as error:
            self._created.add((asked.urn, error.resource_id))
            raise
        self._created.add((asked.urn, resource_id))
        return resource_id, outputs

    async def _delete(self, asked: ResourceRequest) -> None:
        """What stands for a server exists once: what this run has just created is not its own predecessor.

        `pulumi up --replace` asks for no comparison, by which the engine would know that deletion comes first
        (pulumi, pkg/resource/deploy/step_generator.go); where the program does not say so either, it creates,
        which takes up what is there, and then deletes.
        """
        if (asked.urn, asked.resource_id) in self._created:
            self._provider.log.warn(
                asked.urn,
                "it was not replaced, and is as it was: deletion has to come first; give the resource the"
                " option deleteBeforeReplace",
            )
            return
        await self._provider.kind(asked.type).delete(asked)

    def _assert_not_cancelled(self) -> None:
        if self._provider.stop.is_set():
            raise NotPossibleError("the run was cancelled before this was begun; run `pulumi up` again")

    async def _answer(self, context: _Context, work: Coroutine[Any, Any, _T]) -> _T:
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        try:
            return await asyncio.shield(task)
        except PartialFailureError as error:
            context.set_trailing_metadata(error.trailing_metadata())
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except asyncio.CancelledError:
            # The engine hung up: stop after the step in hand. The task goes on to that point by itself.
            self._provider.stop.set()
            task.add_done_callback(_take_exception)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine gets a code and one clean line
            await context.abort(*status_of(error))
        raise AssertionError("abort always raises")


def _request(
    request: provider_pb2.DiffRequest | provider_pb2.UpdateRequest,
    news: Mapping[str, Any],
    timeout_seconds: float = 0.0,
    *,
    preview: bool = False,
) -> ResourceRequest:
    return ResourceRequest(
        urn=request.urn,
        resource_id=request.id,
        news=news,
        olds=plain_map(request.olds),
        old_inputs=plain_map(request.old_inputs),
        timeout_seconds=timeout_seconds,
        preview=preview,
    )


def _diff_response(
    difference: Difference, ignored: set[str] | frozenset[str] = frozenset()
) -> provider_pb2.DiffResponse:
    changes = {name: change for name, change in difference.changes.items() if name not in ignored}
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=[name for name, change in sorted(changes.items()) if change is Change.REPLACE],
        diffs=sorted({name.partition(".")[0] for name in changes}),
        # A server, and what is on it, exists once: the old must go before the new can be.
        deleteBeforeReplace=True,
        detailedDiff={
            name: provider_pb2.PropertyDiff(
                kind=_DIFFERENCE_KINDS[change], inputDiff=name not in difference.observed
            )
            for name, change in sorted(changes.items())
        },
        hasDetailedDiff=True,
    )


def _take_exception(task: asyncio.Task[Any]) -> None:
    """Nobody waits for the result any more; asyncio would report it as never retrieved."""
    if not task.cancelled():
        task.exception()


def _failures(failures: Sequence[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures]
