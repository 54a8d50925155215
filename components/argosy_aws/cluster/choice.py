"""What a site's EKS cluster says, as plain data. `argosy_aws.cluster.cluster` only declares it.

The range of Kubernetes services is the settings', 172.20.0.0/16 by default, and never follows from what else
the fleet holds: EKS fixes it when the cluster is made, so a site that joined later would replace the cluster.
All clusters may share one, since no route leads to it from outside. `argosy_aws.cluster.refusals` says which
site or hall lies in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from argosy_aws.halls.choice import RemoteNetworks, choose_remote_networks
from argosy_aws.settings import settings_of_site
from argosy_component.contract import SitePlan

SUPPORT_TYPES: Final = {"standard": "STANDARD", "extended": "EXTENDED"}
"""The settings' word to EKS's own."""


@dataclass(frozen=True)
class ClusterChoice:
    """A private cluster that keeps every log. Who gets in says `argosy_aws.cluster.access_choice`."""

    support_type: str
    """What EKS does when the Kubernetes version leaves standard support."""
    control_plane_tier: str
    service_cidr: str
    remote: RemoteNetworks
    """Networks of bare-metal halls whose machines are nodes of this cluster."""
    log_types: tuple[str, ...] = ("api", "audit", "authenticator", "controllerManager", "scheduler")
    log_retention_days: int = 365
    authentication_mode: str = "API"
    zonal_shift: bool = True
    """Whether AWS may lead traffic away from a zone that fails."""


def choose_cluster(plan: SitePlan) -> ClusterChoice:
    """The cluster of a site."""
    settings = settings_of_site(plan)
    return ClusterChoice(
        support_type=SUPPORT_TYPES[settings.support],
        control_plane_tier=settings.control_plane,
        service_cidr=settings.service_cidr,
        remote=choose_remote_networks(plan),
    )
