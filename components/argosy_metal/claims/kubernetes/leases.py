"""Objects of a claims store as `coordination.k8s.io/v1` Leases: for a server, its hardware, a stack's runs.

What is kept stands as JSON in an annotation; the spec repeats of it what `kubectl get leases` shows. A write
names the `resourceVersion` that was read, and the API server refuses it (409) if the object has changed.
Reads name none, so they are answered from the latest state, never from a cache.
Source: kubernetes.io/docs/reference/using-api/api-concepts/ and …/kubernetes-api/cluster-resources/lease-v1/,
read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

from argosy_metal.claims.claim import ClaimsUnavailableError
from argosy_metal.claims.documents import Body, ConflictError, Key, Kind, Stored
from argosy_metal.claims.heartbeat import LEASE_SECONDS
from argosy_metal.claims.record import DamagedError
from argosy_metal.kubernetes.kubeconfig import KubeconfigError, read_kubeconfig
from argosy_metal.rest import Reply, Rest, clock_of

_LABEL = "argosy.dev/claims"
_ANNOTATION = "argosy.dev/claims"
_PAGE = 500
_RIGHTS = "let the account get, list, create and update `leases` of coordination.k8s.io in the namespace"


class KubernetesLeases:
    """The Leases of one namespace. Nothing is read or sent before the first use."""

    restore = "restore the Lease from a backup, or mend its annotation argosy.dev/claims"

    def __init__(self, kubeconfig: Path, context: str | None, namespace: str) -> None:
        self.place = f"kubernetes namespace {namespace} by {kubeconfig}"
        self._kubeconfig = kubeconfig
        self._context = context
        self._namespace = namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace)}/leases"
        self._clock = 0.0

    @cached_property
    def _rest(self) -> Rest:
        cluster = read_kubeconfig(self._kubeconfig, self._context)
        return Rest(cluster.server, self._unavailable, cluster.headers, cluster.context)

    def read(self, key: Key) -> Stored | None:
        """The object as it is now."""
        reply = self._ask("GET", f"{self._path}/{lease_name(key)}")
        if reply.status == 404 and _is_missing(reply, lease_name(key)):
            return None
        return self._stored(self._found(reply), key.name)

    def create(self, key: Key, body: Body) -> None:
        """Write an object that does not exist."""
        self._written(key, self._ask("POST", self._path, self._lease(key, body, None)))

    def replace(self, key: Key, body: Body, tag: str) -> None:
        """Write an object that still has this `resourceVersion`."""
        lease = self._lease(key, body, tag)
        self._written(key, self._ask("PUT", f"{self._path}/{lease_name(key)}", lease))

    def every(self, kind: Kind) -> Sequence[Stored]:
        """Every object of a kind, as of one moment."""
        while True:
            found = self._listed(kind)
            if found is not None:
                return found

    def now(self) -> float:
        """The API server's clock, as its last answer told."""
        return self._clock

    def close(self) -> None:
        """Close the connections."""
        if "_rest" in self.__dict__:
            self._rest.close()

    def _unavailable(self, found: str, next_step: str) -> ClaimsUnavailableError:
        return ClaimsUnavailableError.at(self.place, found, next_step)

    def _listed(self, kind: Kind) -> list[Stored] | None:
        """All pages, which are of one moment; None if that is too long ago by now (410): begin anew."""
        found: list[Stored] = []
        after = ""
        while True:
            query = {"labelSelector": f"{_LABEL}={kind}", "limit": _PAGE}
            query |= {"continue": after} if after else {}
            reply = self._ask("GET", f"{self._path}?{urlencode(query)}")
            if reply.status == 410 and after:
                return None
            page = self._found(reply)
            found += [self._stored(item, "") for item in _items(page)]
            after = str(_mapping(page.get("metadata")).get("continue") or "")
            if not after:
                return found

    def _ask(self, method: str, path: str, body: object = None) -> Reply:
        # A write may be sent again: it names the version it replaces, so it cannot be done twice.
        try:
            reply = self._rest.ask(method, path, body, repeatable=True)
        except KubeconfigError as error:
            raise ClaimsUnavailableError(str(error)) from None
        moment = clock_of(reply)
        if moment is None:
            raise self._unavailable("an answer without a Date", "check the server's address")
        self._clock = moment
        return reply

    def _written(self, key: Key, reply: Reply) -> None:
        if reply.status == 409 or (reply.status == 404 and _is_missing(reply, lease_name(key))):
            raise ConflictError
        self._found(reply)

    def _found(self, reply: Reply) -> Mapping[str, Any]:
        """The object in an answer. Raises ClaimsUnavailableError for anything else."""
        found = _mapping(reply.body)
        if reply.status in (200, 201) and found:
            return found
        raise self._unavailable(reply.told, _next_step(reply.status))

    def _stored(self, lease: Mapping[str, Any], name: str) -> Stored:
        metadata = _mapping(lease.get("metadata"))
        body = _mapping(_parsed(_mapping(metadata.get("annotations")).get(_ANNOTATION)))
        if not body:
            shown = name or metadata.get("name")
            raise DamagedError(f"what is kept for {shown} in Lease {metadata.get('name')} is damaged")
        return Stored(body, str(metadata.get("resourceVersion")))

    def _lease(self, key: Key, body: Body, tag: str | None) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "name": lease_name(key),
            "namespace": self._namespace,
            "labels": {"app.kubernetes.io/managed-by": "argosy", _LABEL: key.kind},
            "annotations": {_ANNOTATION: json.dumps(body, sort_keys=True)},
        }
        if tag is not None:
            metadata["resourceVersion"] = tag
        spec = {name: value for name, value in self._spec(key, body).items() if value is not None}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": spec,
        }

    def _spec(self, key: Key, body: Body) -> dict[str, Any]:
        if key.kind == "server":
            claim = _mapping(body.get("claim"))
            return {"holderIdentity": claim.get("owner"), "leaseTransitions": body.get("generation")}
        if key.kind == "hardware":
            return {"holderIdentity": f"{body.get('site')}/{body.get('serial')}"}
        if key.kind == "run":
            moment = dt.datetime.fromtimestamp(self._clock, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            return {
                "holderIdentity": body.get("run") or None,
                "leaseTransitions": body.get("epoch"),
                "leaseDurationSeconds": int(LEASE_SECONDS),
                "renewTime": moment,
            }
        return {"holderIdentity": "argosy"}


def lease_name(key: Key) -> str:
    """The name of an object's Lease: readable, a DNS name, and different for any two keys."""
    digest = hashlib.sha256(f"{key.kind} {key.name}".encode()).hexdigest()[:10]
    words = re.sub(r"[^a-z0-9]+", "-", key.name.lower()).strip("-")[:200]
    return f"argosy-{key.kind}-{words}-{digest}".replace("--", "-")


def _is_missing(reply: Reply, name: str) -> bool:
    """Whether the API server itself says that this object is not there; a proxy's 404 says nothing."""
    status = _mapping(reply.body)
    details = _mapping(status.get("details"))
    return (status.get("kind"), status.get("reason"), details.get("name")) == ("Status", "NotFound", name)


def _next_step(status: int) -> str:
    match status:
        case 401:
            return "check the kubeconfig's token or certificate"
        case 403:
            return _RIGHTS
        case 404:
            return "check the server's address, and create the namespace if it is missing"
        case _:
            return "see what the API server says, then run again"


def _items(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = page.get("items")
    if not isinstance(items, list):
        raise ClaimsUnavailableError("the API server's list has no items; check the server's address")
    return [_mapping(item) for item in cast("list[object]", items)]


def _parsed(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
