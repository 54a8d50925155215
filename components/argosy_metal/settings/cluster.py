"""`settings.cluster` of a hall and `settings.join` of its pools: the cluster its machines belong to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from argosy.spec.inventory import Serial
from argosy.spec.values import HttpsUrl, Sha256, SpecModel, Text
from argosy_metal.settings.machines import InstallSettings, WipeSettings

LabelKey = Annotated[
    str,
    StringConstraints(
        max_length=253 + 1 + 63,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?"
        r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
    ),
]
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]


class ControlPlaneImage(SpecModel):
    """What the servers of the control plane install."""

    url: HttpsUrl
    sha256: Sha256


class BootstrapSettings(SpecModel):
    """A cluster of the hall's own, which the hall's service begins and extends with kubeadm."""

    endpoint: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+:[0-9]{1,5}$")]
    """HOST:PORT under which the API servers are found together, also while the hall has no uplink."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^v1\.[0-9]{1,3}\.[0-9]{1,3}$")]
    """As kubeadm names it, e.g. v1.34.1."""
    pod_cidr: Text
    service_cidr: Text
    control_plane: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=7)]
    """Serial numbers of its servers, which no pool may hold; the first begins the cluster."""
    image: ControlPlaneImage
    install: InstallSettings = InstallSettings()
    wipe: WipeSettings | None = None


class ClusterSettings(SpecModel):
    """The cluster that the hall's machines join; best one of the hall's own, so that it runs when cut off."""

    kubeconfig: Text
    """Path of a kubeconfig file, relative to the project root. It is read when it is used, never recorded."""
    context: Text | None = None
    """Left out: the file's current context."""
    bootstrap: BootstrapSettings | None = None
    """Left out: the cluster is there already, and the images join it by themselves."""


class TaintSettings(SpecModel):
    """A taint that the Nodes of a pool carry."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class JoinSettings(SpecModel):
    """How the machines of a pool stand in the hall's cluster, beside the labels and taint of every pool."""

    labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=64)] = Field(default={})
    taints: tuple[TaintSettings, ...] = ()
    drain_minutes: Annotated[int, Field(strict=True, ge=1, le=24 * 60)] = 15
    """How long pods are given to leave before a machine is taken down."""
