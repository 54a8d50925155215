"""Names that people type, and how long GKE lets them be."""

from __future__ import annotations

CLUSTER_NAME_LIMIT = 40


def cluster_name(fleet: str, site: str) -> str:
    """The cluster's own name: unique in the project. `argosy_gcp.refusals` keeps it within the limit."""
    return f"{fleet}-{site}"
