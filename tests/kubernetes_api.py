"""A stand-in for a Kubernetes API server, as far as Leases need one: no cluster is started for these tests.

It keeps the rules that a claims store rests on: a `resourceVersion` that grows with every write, 409 for a
write that names another one or creates what is there, 404 and 422 with a `Status`, pages that are of one
moment and are gone (410) when that moment is compacted, a bearer token, and the `Date` of every answer.
Source: kubernetes.io/docs/reference/using-api/api-concepts/, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from argosy_metal.simulator.certificates import make_server_context

from .json_server import Answer, JsonServer

TOKEN = "t0ken-of-the-cluster"
_PATH = re.compile(r"/apis/coordination\.k8s\.io/v1/namespaces/([^/]+)/leases(?:/([^/]+))?")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class ApiServer(JsonServer):
    """One namespace `argosy` and its Leases, behind TLS on a free loopback port."""

    def __init__(self, folder: Path) -> None:
        self.leases: dict[str, dict[str, Any]] = {}
        self.version = 100
        self.page = 2
        """Leases in a page; a real server gives as many as were asked for."""
        self.compacted = 0
        """How many of the next continued lists are of a moment that is gone."""
        self.ca = folder / "api-ca.pem"
        self.kubeconfig = folder / "kubeconfig"
        self._snapshots: dict[str, list[dict[str, Any]]] = {}
        super().__init__(make_server_context(["localhost"], self.ca))
        self.write_kubeconfig()

    def write_kubeconfig(self, cluster: str = "", user: str = f"token: {TOKEN}") -> None:
        """Write the file by which it is reached; `cluster` and `user` are more of these two entries."""
        self.kubeconfig.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: lab\n"
            f"clusters: [{{name: c, cluster: {{server: '{self.url}',"
            f" certificate-authority: api-ca.pem{cluster}}}}}]\n"
            f"users: [{{name: u, user: {{{user}}}}}]\n"
            "contexts: [{name: lab, context: {cluster: c, user: u}}]\n"
        )

    def admits(self, headers: Mapping[str, str]) -> bool:
        return headers.get("Authorization") == f"Bearer {TOKEN}"

    def respond(self, method: str, path: str, body: Any) -> Answer:
        parts = urlsplit(path)
        match = _PATH.fullmatch(parts.path)
        if match is None:
            return 404, "404 page not found"
        namespace, name = match.groups()
        if method == "GET" and name is None:
            return self._list(parse_qs(parts.query))
        if method == "POST":
            return self._create(namespace, body)
        return self._get(name) if method == "GET" else self._replace(name, body)

    def _get(self, name: str) -> Answer:
        if name not in self.leases:
            return 404, _not_found("leases", name)
        return 200, self.leases[name]

    def _create(self, namespace: str, body: Any) -> Answer:
        if namespace != "argosy":
            return 404, _not_found("namespaces", namespace)
        name = body["metadata"]["name"]
        if wrong := _wrong(body):
            return 422, _status(422, "Invalid", f'Lease "{name}" is invalid: {wrong}')
        if name in self.leases:
            return 409, _status(409, "AlreadyExists", f'leases "{name}" already exists')
        return 201, self._put(name, body)

    def _replace(self, name: str, body: Any) -> Answer:
        if name not in self.leases:
            return 404, _not_found("leases", name)
        if wrong := _wrong(body):
            return 422, _status(422, "Invalid", f'Lease "{name}" is invalid: {wrong}')
        if body["metadata"].get("resourceVersion") != self.leases[name]["metadata"]["resourceVersion"]:
            return 409, _status(409, "Conflict", f'Operation cannot be fulfilled on leases "{name}"')
        return 200, self._put(name, body)

    def _put(self, name: str, body: Any) -> Any:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.leases[name] = body
        return body

    def _list(self, query: dict[str, list[str]]) -> Answer:
        key, _, value = query["labelSelector"][0].partition("=")
        token = query.get("continue", [""])[0]
        if token and self.compacted:
            self.compacted -= 1
            return 410, _status(410, "Expired", "The provided continue parameter is too old")
        if not token:
            token = str(len(self._snapshots))
            chosen = [
                lease for lease in self.leases.values() if lease["metadata"]["labels"].get(key) == value
            ]
            self._snapshots[token] = json.loads(json.dumps(chosen))
        snapshot, _, start = token.partition("@")
        begin = int(start or 0)
        end = begin + min(self.page, int(query["limit"][0]))
        items = self._snapshots[snapshot]
        more = {"continue": f"{snapshot}@{end}"} if end < len(items) else {}
        metadata = {"resourceVersion": str(self.version), **more}
        return 200, {"kind": "LeaseList", "metadata": metadata, "items": items[begin:end]}


def _wrong(body: Any) -> str:
    """What the real server's validation of a Lease would say."""
    metadata, spec = body["metadata"], body["spec"]
    if not _NAME.fullmatch(metadata["name"]) or len(metadata["name"]) > 253:
        return "metadata.name: must be a lowercase RFC 1123 subdomain"
    if sum(len(key) + len(value) for key, value in metadata["annotations"].items()) > 256 << 10:
        return "metadata.annotations: Too long"
    for label in metadata["labels"].values():
        if not re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", label):
            return "metadata.labels: must be a valid label value"
    if "leaseDurationSeconds" in spec and spec["leaseDurationSeconds"] <= 0:
        return "spec.leaseDurationSeconds: must be greater than 0"
    if spec.get("leaseTransitions", 0) < 0:
        return "spec.leaseTransitions: must be greater than or equal to 0"
    if spec.get("holderIdentity") == "":
        return "spec.holderIdentity: must not be empty"
    if "renewTime" in spec and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", spec["renewTime"]):
        return "spec.renewTime: must be a MicroTime"
    return ""


def _not_found(kind: str, name: str) -> dict[str, Any]:
    answer = _status(404, "NotFound", f'{kind} "{name}" not found')
    return {**answer, "details": {"name": name, "kind": kind}}


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
