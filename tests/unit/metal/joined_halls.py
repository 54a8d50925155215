"""A machine that runs in a simulated hall, and the stand-in cluster that it joins: no engine, no waiting."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_metal.claims import Claim
from argosy_metal.simulator import image_sha256

from ...kube_api import KubeApi
from .setup_halls import Setup, claimed_server

JOIN, MACHINE, SERVER = (f"baremetal:index:{kind}" for kind in ("NodeJoin", "Machine", "ServerClaim"))
IMAGE = {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}
LABELS = {"argosy.dev/pool": "train"}
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


@dataclass
class Joined:
    """The hall, the cluster, and the machine's outputs."""

    setup: Setup
    api: KubeApi
    machine: dict[str, Any]

    @property
    def claim(self) -> Claim:
        held = self.setup.provider.hall().store.find("hall", "SN1")
        assert held is not None
        return held

    @property
    def noted(self) -> Any:
        return self.claim.record.get("node")

    def inputs(self, **more: Any) -> dict[str, Any]:
        given = {
            "installId": self.machine["installId"],
            "kubeconfig": "kubeconfig",
            "nodeName": "sn1",
            "labels": LABELS,
            "taints": [TAINT],
            "gpus": 8,
            "drainSeconds": 60,
        }
        return {name: value for name, value in {**given, **more}.items() if value is not None}

    def registers(self, **more: Any) -> dict[str, Any]:
        """The machine's kubelet registers."""
        return self.api.add_node("sn1", self.machine["bootId"], **more)

    async def join(self, **more: Any) -> dict[str, Any]:
        return await self.setup.create(JOIN, **self.inputs(**more))

    async def leave(self, olds: Mapping[str, Any]) -> None:
        await self.setup.delete(JOIN, olds)


@asynccontextmanager
async def joined_hall(folder: Path) -> AsyncGenerator[Joined]:
    """A running machine, and a cluster without Nodes whose kubeconfig lies in the project."""
    api = KubeApi(folder)
    try:
        async with claimed_server(folder, vendor=None, server_type="dgx-h200") as setup:
            machine = await setup.create(MACHINE, image=IMAGE, online=True)
            # What is deleted later is what a later program names no more.
            setup.again()
            yield Joined(setup, api, machine)
    finally:
        api.stop()
