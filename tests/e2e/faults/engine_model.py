"""A model of Pulumi's engine: what it asks of a provider in which order, and what it writes down around it.

An operation is pending from before its call until its result is recorded; a killed run leaves it so. Sources:
pulumi, `pkg/resource/deploy/step.go` and `pkg/backend/snapshot.go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from argosy_metal.provider.servicer import Servicer
from argosy_metal.provider.values import plain_map, wire_map

CLAIM_TYPE = "baremetal:index:ServerClaim"
MACHINE_TYPE = "baremetal:index:ServerClaim$baremetal:index:Machine"


def urn_of(stack: str, kind: str, serial: str) -> str:
    """The URN of a server's resource in `project/stack`."""
    project, _, name = stack.partition("/")
    return f"urn:pulumi:{name}::{project}::{kind}::{serial}"


@dataclass(frozen=True)
class Part:
    """One resource of a program."""

    urn: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One resource of a state."""

    urn: str
    resource_id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    is_unfinished: bool = False


@dataclass
class Snapshot:
    """A stack's state, as it would be read after a kill."""

    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    pending: set[str] = field(default_factory=set[str])
    """URNs whose last operation nobody has recorded the end of."""

    def copy(self) -> Snapshot:
        """A backup."""
        return Snapshot(dict(self.entries), set(self.pending))

    def deployment(self) -> dict[str, Any]:
        """As `pulumi stack export` shows it."""
        kept = sorted(self.entries.values(), key=lambda entry: (entry.resource_id, entry.urn.count("$")))
        claims = {entry.resource_id: entry.urn for entry in kept if "$" not in entry.urn}
        return {
            "resources": [
                {"urn": entry.urn}
                | ({"parent": claims.get(entry.resource_id, "its claim")} if "$" in entry.urn else {})
                for entry in kept
            ],
            "pending_operations": sorted(self.pending),
        }

    @property
    def server_ids(self) -> frozenset[str]:
        """Servers that the state knows."""
        return frozenset(entry.resource_id for entry in self.entries.values())


class RpcError(Exception):
    """What a call of the provider failed with."""

    def __init__(self, code: grpc.StatusCode, details: str, metadata: Sequence[tuple[str, bytes]]) -> None:
        self.code, self.details, self.metadata = code, details, dict(metadata)
        super().__init__(details)

    @property
    def partial(self) -> provider_pb2.ErrorResourceInitFailed | None:
        """The unfinished resource, if there is one."""
        raw = self.metadata.get("grpc-status-details-bin")
        if raw is None:
            return None
        status, detail = status_pb2.Status(), provider_pb2.ErrorResourceInitFailed()
        status.ParseFromString(raw)
        assert status.details[0].Unpack(detail)
        return detail


class _Call:
    """The context of one call."""

    def __init__(self) -> None:
        self._metadata: tuple[tuple[str, bytes], ...] = ()

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self._metadata = metadata

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        raise RpcError(code, details, self._metadata)


class Engine:
    """One run of the engine on one stack, with its provider."""

    def __init__(
        self, servicer: Servicer, close: Callable[[], None], snapshot: Snapshot, cross: Callable[[str], None]
    ) -> None:
        self.servicer: Any = servicer
        self.close = close
        self.snapshot = snapshot
        self._cross = cross

    async def configure(self, config: Mapping[str, Any]) -> None:
        await self.servicer.Configure(provider_pb2.ConfigureRequest(args=wire_map(config)), _Call())

    async def cancel(self) -> None:
        """What the engine sends when somebody presses Ctrl-C."""
        await self.servicer.Cancel(None, _Call())

    async def up(self, servers: Iterable[Sequence[Part]]) -> dict[str, str]:
        """Bring every server's parts up, all servers at once; what failed, by URN."""
        failed: dict[str, str] = {}

        async def one(parts: Sequence[Part]) -> None:
            for part in parts:
                if failure := await self._bring_up(part):
                    failed[part.urn] = failure
                    return

        await asyncio.gather(*(one(parts) for parts in servers))
        return dict(sorted(failed.items()))

    async def refresh(self) -> dict[str, str]:
        """Read everything, and forget what is pending; what changed or failed, by URN."""
        self.snapshot.pending.clear()
        told: dict[str, str] = {}

        async def one(entry: Entry) -> None:
            request = provider_pb2.ReadRequest(
                urn=entry.urn,
                id=entry.resource_id,
                properties=wire_map(entry.outputs),
                inputs=wire_map(entry.inputs),
            )
            try:
                answer = await self._call("Read", request)
            except RpcError as error:
                told[entry.urn] = f"failed: {error.details}"
                return
            if not answer.id:
                told[entry.urn] = "gone"
                del self.snapshot.entries[entry.urn]
                return
            found = plain_map(answer.properties)
            if found != entry.outputs:
                told[entry.urn] = "changed"
            self._record(entry.urn, answer.id, entry.inputs, found, is_unfinished=entry.is_unfinished)

        await asyncio.gather(*(one(entry) for entry in list(self.snapshot.entries.values())))
        return dict(sorted(told.items()))

    async def destroy(self) -> dict[str, str]:
        """Delete every server's parts, the machine first; what failed, by URN."""
        failed: dict[str, str] = {}
        by_server: dict[str, list[Entry]] = {}
        for entry in self.snapshot.entries.values():
            by_server.setdefault(entry.resource_id, []).append(entry)

        async def one(entries: list[Entry]) -> None:
            for entry in sorted(entries, key=lambda entry: MACHINE_TYPE not in entry.urn):
                if failure := await self.delete(entry):
                    failed[entry.urn] = failure
                    return

        await asyncio.gather(*(one(entries) for entries in by_server.values()))
        return dict(sorted(failed.items()))

    async def _bring_up(self, part: Part) -> str | None:
        inputs = await self._checked(part)
        entry = self.snapshot.entries.get(part.urn)
        if entry is None:
            request = provider_pb2.CreateRequest(urn=part.urn, properties=wire_map(inputs))
            return await self._operate("Create", part.urn, inputs, request)
        difference = await self._difference(entry, inputs)
        if difference.replaces:
            failure = await self.delete(entry)
            return failure or await self._bring_up(part)
        if entry.is_unfinished or difference.changes == provider_pb2.DiffResponse.DIFF_SOME:
            request = provider_pb2.UpdateRequest(
                urn=part.urn,
                id=entry.resource_id,
                olds=wire_map(entry.outputs),
                news=wire_map(inputs),
                old_inputs=wire_map(entry.inputs),
            )
            return await self._operate("Update", part.urn, inputs, request)
        return None

    async def _checked(self, part: Part) -> dict[str, Any]:
        answer = await self._call(
            "Check", provider_pb2.CheckRequest(urn=part.urn, news=wire_map(part.inputs))
        )
        assert not answer.failures, answer.failures
        return plain_map(answer.inputs)

    async def _difference(self, entry: Entry, inputs: Mapping[str, Any]) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=entry.urn,
            id=entry.resource_id,
            olds=wire_map(entry.outputs),
            news=wire_map(inputs),
            old_inputs=wire_map(entry.inputs),
        )
        return await self._call("Diff", request)

    async def _operate(self, name: str, urn: str, inputs: Mapping[str, Any], request: Any) -> str | None:
        self._cross(f"{name} is called")
        self.snapshot.pending.add(urn)
        try:
            answer = await self._call(name, request)
        except RpcError as error:
            self._cross(f"{name} has failed")
            self.snapshot.pending.discard(urn)
            if (left := error.partial) is not None:
                self._record(urn, left.id, inputs, plain_map(left.properties), is_unfinished=True)
            return error.details
        self._cross(f"{name} has answered")
        self._record(urn, getattr(answer, "id", "") or request.id, inputs, plain_map(answer.properties))
        self.snapshot.pending.discard(urn)
        return None

    async def delete(self, entry: Entry) -> str | None:
        """Delete one resource; why it failed."""
        self._cross("Delete is called")
        self.snapshot.pending.add(entry.urn)
        request = provider_pb2.DeleteRequest(
            urn=entry.urn, id=entry.resource_id, properties=wire_map(entry.outputs)
        )
        try:
            await self._call("Delete", request)
        except RpcError as error:
            self._cross("Delete has failed")
            self.snapshot.pending.discard(entry.urn)
            return error.details
        self._cross("Delete has answered")
        del self.snapshot.entries[entry.urn]
        self.snapshot.pending.discard(entry.urn)
        return None

    def _record(
        self,
        urn: str,
        resource_id: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        *,
        is_unfinished: bool = False,
    ) -> None:
        self.snapshot.entries[urn] = Entry(urn, resource_id, inputs, outputs, is_unfinished)

    async def _call(self, name: str, request: Any) -> Any:
        return await getattr(self.servicer, name)(request, _Call())
