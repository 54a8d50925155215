"""How a machine comes into its hall's own Kubernetes cluster: kubeadm's configuration, as cloud-init. Pure.

Sources: kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/, …/setup-tools/kubeadm/kubeadm-join/
(control plane with certificates copied by hand), cloudinit.readthedocs.io/en/latest/explanation/format.html,
read 2026-11.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from enum import StrEnum
from typing import Any, cast

_CONFIG = "/etc/kubernetes/argosy.yaml"
_API = "kubeadm.k8s.io/v1beta4"
_LIFETIME = "24h0m0s"
_PATIENCE = "30m0s"
"""How long a joining server waits for the first one: as long as a first boot may take."""
_SHAPES: Mapping[str, str] = {
    "endpoint": r"[a-z0-9.-]+:[0-9]{1,5}",
    "kubernetes_version": r"v1\.[0-9]{1,3}\.[0-9]{1,3}",
    "pod_cidr": r"[0-9a-f.:]+/[0-9]{1,3}",
    "service_cidr": r"[0-9a-f.:]+/[0-9]{1,3}",
    "node_name": r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
}
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Role(StrEnum):
    """What a machine is in the cluster."""

    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


class RefusedJoinError(Exception):
    """What was offered about the cluster has the wrong shape; the message says where."""


@dataclass(frozen=True)
class Join:
    """A machine's part in the hall's cluster. No secrets."""

    role: Role
    node_name: str
    endpoint: str
    """HOST:PORT under which the API servers are found together, also without an uplink."""
    kubernetes_version: str
    pod_cidr: str
    service_cidr: str
    control_plane: tuple[str, ...]
    """Serial numbers of the servers of the control plane; the first begins the cluster."""


@dataclass(frozen=True)
class Material:
    """What a machine proves itself by, and what it trusts. Secret, short-lived."""

    token: str = field(repr=False)
    """A bootstrap token of kubeadm."""
    ca_hash: str
    """`sha256:…` of the public key of the cluster's authority."""
    certificates: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Path below /etc/kubernetes/pki to PEM: the cluster's authorities, for its control plane alone."""
    other_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Tokens that the cluster is to accept from its beginning."""


def parse_join(value: object) -> Join | None:
    """What an offer says about the cluster; None if it says nothing. Raises RefusedJoinError."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RefusedJoinError("join: expected an object")
    given = cast("Mapping[str, Any]", value)
    wrong = [name for name, shape in _SHAPES.items() if not re.fullmatch(shape, str(given.get(name, "")))]
    serials = given.get("control_plane")
    if (
        not isinstance(serials, list)
        or not serials
        or not all(_is_serial(one) for one in cast("list[Any]", serials))
    ):
        wrong.append("control_plane")
    if given.get("role") not in tuple(Role):
        wrong.append("role")
    if wrong:
        raise RefusedJoinError(f"join: {', '.join(sorted(wrong))}: not as expected")
    texts = {name: str(given[name]) for name in _SHAPES}
    return Join(role=Role(given["role"]), control_plane=tuple(cast("list[str]", serials)), **texts)


def user_data_of(own: bytes, part: str | None) -> bytes:
    """The fleet's user data and the cluster's part together, as cloud-init takes them apart."""
    if part is None:
        return own
    message = MIMEMultipart(boundary="argosy-user-data-parts")
    if own:
        message.attach(_part(own.decode("utf-8", errors="surrogateescape")))
    message.attach(_part(part))
    return message.as_bytes()


def cloud_config(join: Join, material: Material, *, begins: bool) -> str:
    """Cloud-init's part that brings a machine into the cluster; `begins`: there is no cluster yet."""
    command = "init" if begins else "join"
    config = _init(join, material) if begins else _join(join, material)
    files = {f"/etc/kubernetes/pki/{name}": pem for name, pem in sorted(material.certificates.items())}
    files[_CONFIG] = "---\n".join(
        json.dumps(document, indent=1, sort_keys=True) + "\n" for document in config
    )
    content = {
        "write_files": [
            {
                "path": path,
                "permissions": "0600",
                "encoding": "b64",
                "content": b64encode(text.encode()).decode(),
            }
            for path, text in files.items()
        ],
        # The configuration holds the token: it is needed once.
        "runcmd": [["kubeadm", command, "--config", _CONFIG], ["shred", "--remove", _CONFIG]],
        "merge_how": [
            {"name": "list", "settings": ["append"]},
            {"name": "dict", "settings": ["recurse_list"]},
        ],
    }
    # JSON is YAML, and needs no rules about quotes.
    return f"#cloud-config\n{json.dumps(content, indent=1, sort_keys=True)}\n"


def _init(join: Join, material: Material) -> Sequence[Mapping[str, Any]]:
    tokens = [material.token, *material.other_tokens]
    return (
        {
            "apiVersion": _API,
            "kind": "InitConfiguration",
            "bootstrapTokens": [
                {"token": token, "ttl": _LIFETIME, "usages": ["authentication", "signing"],
                 "groups": ["system:bootstrappers:kubeadm:default-node-token"]}
                for token in tokens
            ],
            "nodeRegistration": {"name": join.node_name},
        },
        {
            "apiVersion": _API,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": join.kubernetes_version,
            "controlPlaneEndpoint": join.endpoint,
            "networking": {"podSubnet": join.pod_cidr, "serviceSubnet": join.service_cidr},
        },
    )  # fmt: skip


def _join(join: Join, material: Material) -> Sequence[Mapping[str, Any]]:
    config: dict[str, Any] = {
        "apiVersion": _API,
        "kind": "JoinConfiguration",
        "discovery": {
            "bootstrapToken": {
                "token": material.token,
                "apiServerEndpoint": join.endpoint,
                "caCertHashes": [material.ca_hash],
            }
        },
        "nodeRegistration": {"name": join.node_name},
        "timeouts": {"discovery": _PATIENCE, "tlsBootstrap": _PATIENCE},
    }
    if join.role is Role.CONTROL_PLANE:
        config["controlPlane"] = {}
    return (config,)


def _part(text: str) -> MIMEText:
    is_config = text.startswith("#cloud-config")
    return MIMEText(
        text, "cloud-config" if is_config else "x-shellscript" if text.startswith("#!") else "plain", "utf-8"
    )


def _is_serial(value: object) -> bool:
    return isinstance(value, str) and _SERIAL.fullmatch(value) is not None
