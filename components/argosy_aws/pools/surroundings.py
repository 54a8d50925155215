"""What a pool stands in while it is declared."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_aws.cluster.cluster import SiteCluster
from argosy_aws.network.vpc import SiteNetwork
from argosy_component.contract import SitePlan


@dataclass(frozen=True)
class PoolSurroundings:
    """The site of a pool: its plan, and what of it is declared before any pool."""

    site: SitePlan
    network: SiteNetwork
    cluster: SiteCluster
