"""The provider as the engine runs it: the plugin's own process, asked over gRPC. The engine is left out."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from argosy_metal.provider.machine import MACHINE
from argosy_metal.provider.server_claim import SERVER_CLAIM
from argosy_metal.provider.values import plain_map, wire_map

PLUGIN = (str(Path(sys.executable).with_name("pulumi-resource-baremetal")),)
_LARGEST_MESSAGE = [("grpc.max_receive_message_length", 400 << 20)]
_START_SECONDS = 60.0


@dataclass
class Plugin:
    """A plugin that serves."""

    pid: int
    stub: Any

    @property
    def processor_seconds(self) -> float:
        """What it has used so far."""
        return processor_seconds(self.pid)

    @property
    def peak_megabytes(self) -> float:
        """The most memory that it has had so far (`VmHWM`, proc(5))."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    async def configure(self, config: Mapping[str, Any]) -> None:
        """As the engine does before anything else."""
        await self.stub.Configure(provider_pb2.ConfigureRequest(args=wire_map(config)))

    async def create(self, kind: str, name: str, news: Mapping[str, Any]) -> dict[str, Any]:
        """Check and create one resource; its outputs. Raises AioRpcError, also for a partial failure."""
        urn = _urn(kind, name)
        checked = await self.stub.Check(provider_pb2.CheckRequest(urn=urn, news=wire_map(news)))
        if checked.failures:
            raise ValueError(f"{urn}: {checked.failures}")
        answer = await self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=checked.inputs))
        return plain_map(answer.properties)

    async def create_claims(self, claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All at once."""
        return await asyncio.gather(*(self.create(SERVER_CLAIM, one["serial"], one) for one in claims))

    async def create_machines(
        self, claims: Sequence[Mapping[str, Any]], image: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """A machine on every claim's server, all at once."""
        machines = [{"serverId": f"{one['site']}/{one['serial']}", "image": image} for one in claims]
        return await asyncio.gather(
            *(self.create(MACHINE, one["serial"], m) for one, m in zip(claims, machines, strict=True))
        )

    async def read_machines(self, states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What a refresh asks of every machine, all at once."""
        return await asyncio.gather(*map(self._read, states))

    async def _read(self, state: Mapping[str, Any]) -> dict[str, Any]:
        name = str(state["serverId"]).rpartition("/")[2]
        request = provider_pb2.ReadRequest(
            urn=_urn(MACHINE, name), id=state["serverId"], properties=wire_map(state)
        )
        return plain_map((await self.stub.Read(request)).properties)


@asynccontextmanager
async def running_plugin(root: Path, command: Sequence[str] = PLUGIN) -> AsyncGenerator[Plugin]:
    """The plugin in the project at `root`, until the block ends."""
    with (root / "plugin.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=root, stdout=asyncio.subprocess.PIPE, stderr=log, stdin=asyncio.subprocess.DEVNULL
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_SECONDS):
            port = int(await process.stdout.readline() or b"0")
        if not port:
            raise SystemExit(
                f"the plugin ended at once:\n{(root / 'plugin.log').read_text(encoding='utf-8')}"
            )
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_LARGEST_MESSAGE) as channel:
            yield Plugin(process.pid, provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def processor_seconds(pid: int) -> float:
    """What a process has used so far, of the user's and the system's time."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _urn(kind: str, name: str) -> str:
    parents = "" if kind == SERVER_CLAIM else f"{SERVER_CLAIM}$"
    return f"urn:pulumi:bench::bench::{parents}{kind}::{name}"
