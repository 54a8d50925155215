"""A stand-in for a Kubernetes API server: Nodes, pods and evictions, with its rules on versions and uids.

Not a real one: what it answers follows the API's documentation (see `argosy_metal/kubernetes/nodes.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from argosy_metal.kubernetes.nodes import Nodes, cluster_error
from argosy_metal.rest import Rest
from argosy_metal.simulator.certificates import make_server_context

from .json_server import Answer, JsonServer

TOKEN = "t0ken-of-the-cluster"


class KubeApi(JsonServer):
    """The objects, what was done to them, and switches for what may go wrong. With a folder: behind TLS."""

    def __init__(self, folder: Path | None = None) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, dict[str, Any]] = {}
        self.done: list[str] = []
        self.refusals: dict[str, list[int]] = {}
        """Pod to the statuses by which its next evictions are refused."""
        self.stubborn: set[str] = set()
        """Pods that go on after they were told to end."""
        self.conflicts = 0
        """So many writes find the Node changed."""
        self.reply: Answer | None = None
        """Given to everyone instead of an answer."""
        self.before: dict[str, Callable[[], object]] = {}
        """By method: happens once, right before the next such request."""
        self.missing: Callable[[str], object] = lambda _: None
        """Called with the name of a Node that is asked for and is not there."""
        self._folder = folder
        super().__init__(make_server_context(["localhost"], folder / "api-ca.pem") if folder else None)
        if folder:
            self.write_kubeconfig()

    def write_kubeconfig(self, cluster: str = "", user: str = f"token: {TOKEN}") -> None:
        """Write the file by which it is reached; `cluster` and `user` are more of these two entries."""
        assert self._folder is not None
        (self._folder / "kubeconfig").write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\n"
            f"clusters: [{{name: c, cluster: {{server: '{self.url}',"
            f" certificate-authority: api-ca.pem{cluster}}}}}]\n"
            f"users: [{{name: u, user: {{{user}}}}}]\n"
            "contexts: [{name: lab, context: {cluster: c, user: u}}]\n"
        )

    def admits(self, headers: Mapping[str, str]) -> bool:
        return self._folder is None or headers.get("Authorization") == f"Bearer {TOKEN}"

    def add_node(self, name: str, boot_id: str, *, ready: bool = True, gpus: int = 8) -> dict[str, Any]:
        self.nodes[name] = {
            "metadata": {"name": name, "uid": f"uid-{name}-{boot_id}", "resourceVersion": "1", "labels": {}},
            "spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]},
            "status": {
                "nodeInfo": {"bootID": boot_id},
                "allocatable": {"nvidia.com/gpu": str(gpus)},
                "conditions": [{"type": "Ready", "status": str(ready), "message": "kubelet is starting"}],
            },
        }
        return self.nodes[name]

    def add_pod(self, name: str, node: str, *, owner: str = "ReplicaSet", phase: str = "Running") -> None:
        self.pods[name] = {
            "metadata": {
                "namespace": "work",
                "name": name,
                "uid": f"uid-{name}",
                "ownerReferences": [{"kind": owner, "controller": True}] if owner else [],
            },
            "spec": {"nodeName": node},
            "status": {"phase": phase},
        }

    def replace_node(self, name: str, boot_id: str, server_id: str = "") -> None:
        """Another machine registers under this name, whoever it belongs to."""
        node = self.add_node(name, boot_id)
        node["metadata"]["uid"] += "-other"
        if server_id:
            held: dict[str, Any] = {"server_id": server_id, "labels": [], "taints": []}
            node["metadata"]["annotations"] = {"argosy.dev/owned": json.dumps(held)}

    def respond(self, method: str, path: str, body: Any) -> Answer:
        self.before.pop(method, lambda: None)()
        if self.reply is not None:
            return self.reply
        parts = urlsplit(path)
        words = parts.path.strip("/").split("/")
        if parts.path == "/api/v1/pods":
            node = parse_qs(parts.query)["fieldSelector"][0].removeprefix("spec.nodeName=")
            return 200, {"items": self._pods_on(node)}
        if words[-1] == "eviction":
            return self._evict(words[-2], body)
        name = words[-1]
        if name not in self.nodes:
            self.missing(name)
        if name not in self.nodes:
            return 404, {"kind": "Status", "reason": "NotFound", "message": f'nodes "{name}" not found'}
        if method == "PATCH":
            return self._patch(name, body)
        if method == "DELETE":
            uid = self.nodes[name]["metadata"]["uid"]
            asked: dict[str, Any] = body or {}
            if asked.get("preconditions", {}).get("uid", uid) != uid:
                return 409, {"reason": "Conflict", "message": "the uid differs"}
            self.done.append(f"delete {name}")
            del self.nodes[name]
            return 200, {"kind": "Status", "status": "Success"}
        return 200, self.nodes[name]

    def _pods_on(self, node: str) -> list[dict[str, Any]]:
        """Those that were told to end have ended by now, unless they are stubborn."""
        for name, pod in list(self.pods.items()):
            if "deletionTimestamp" in pod["metadata"] and name not in self.stubborn:
                del self.pods[name]
        return [pod for pod in self.pods.values() if pod["spec"]["nodeName"] == node]

    def _patch(self, name: str, body: Any) -> Answer:
        node = self.nodes[name]
        if self.conflicts or body["metadata"]["resourceVersion"] != node["metadata"]["resourceVersion"]:
            self.conflicts = max(0, self.conflicts - 1)
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        _merge(node, body)
        node["metadata"]["resourceVersion"] = str(int(node["metadata"]["resourceVersion"]) + 1)
        self.done.append(f"patch {name}")
        return 200, node

    def _evict(self, name: str, body: Any) -> Answer:
        if refusals := self.refusals.get(name):
            return refusals.pop(0), {"message": "it would violate the disruption budget"}
        if name not in self.pods:
            return 404, {"reason": "NotFound"}
        metadata = self.pods[name]["metadata"]
        if body["deleteOptions"]["preconditions"]["uid"] != metadata["uid"]:
            return 409, {"reason": "Conflict", "message": "the uid differs"}
        self.done.append(f"evict {name}")
        metadata["deletionTimestamp"] = "2026-11-01T00:00:00Z"
        return 201, {"kind": "Status", "status": "Success"}


@contextmanager
def serving(api: KubeApi) -> Generator[Nodes]:
    """The API as `Nodes` sees it; stopped at the end."""
    rest = Rest(api.url, cluster_error("the cluster of kubeconfig"), dict, sleep=lambda _: None)
    try:
        yield Nodes(rest)
    finally:
        rest.close()
        api.stop()


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    """A JSON merge patch (RFC 7396)."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            _merge(target.setdefault(name, {}), value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            target[name] = value
