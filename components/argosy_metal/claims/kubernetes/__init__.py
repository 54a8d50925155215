"""The claims of a hall as Lease objects of a Kubernetes cluster, for runs on several computers."""

from __future__ import annotations

from pathlib import Path

from argosy_metal.claims.document_store import DocumentStore
from argosy_metal.claims.kubernetes.leases import KubernetesLeases
from argosy_metal.claims.run import RunIdentity


class KubernetesClaimStore(DocumentStore):
    """The claims in one namespace as one process uses them. Reads the kubeconfig file when first used."""

    def __init__(self, kubeconfig: Path, context: str | None, namespace: str, run: RunIdentity) -> None:
        super().__init__(KubernetesLeases(kubeconfig, context, namespace), run)
