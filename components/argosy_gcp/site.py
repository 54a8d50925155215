"""`GcpSite`: declares a Google Cloud region of the fleet, exactly as its plan says."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from argosy_component.contract import Site, SitePlan
from argosy_component.kubeconfig import exec_kubeconfig
from argosy_gcp.cluster import ClusterScope, declare_cluster
from argosy_gcp.names import cluster_name
from argosy_gcp.network import NetworkScope, SiteNetwork, declare_network
from argosy_gcp.networks import FabricNetwork, choose_networks
from argosy_gcp.node_pool import instance_type_of
from argosy_gcp.pool import GkeNodePool, PoolSurroundings, pool_handle


class GcpSite(pulumi.ComponentResource):
    """A Google Cloud region: its networks, one GKE cluster, and its GPU pools."""

    cluster_name: pulumi.Output[str]
    network_id: pulumi.Output[str]
    fabric_networks: pulumi.Output[dict[str, dict[str, str]]]
    """Fabric interface (`vpc1`, `rdma-0`) to its `network` and `subnetwork`."""
    kubeconfig: pulumi.Output[str]
    """Secret. Logs in through `gke-gcloud-auth-plugin` and holds no token."""

    def __init__(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("argosy:index:GcpSite", plan.name, {}, opts)
        project, region = _required(plan.account), _required(plan.region)
        cidr = _required(plan.cidr)
        provider = gcp.Provider(
            f"{plan.name}-provider",
            project=project,
            region=region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, provider=provider)
        network = declare_network(NetworkScope(plan.name, project, region, cidr, child), _fabrics(plan))
        cluster = declare_cluster(
            ClusterScope(
                site=plan.name,
                name=cluster_name(plan.fleet, plan.name),
                fleet=plan.fleet,
                project=project,
                region=region,
                cidr=cidr,
                kubernetes_version=_required(plan.kubernetes_version),
                labels=plan.tags,
                opts=child,
            ),
            network,
        )
        around = PoolSurroundings(plan, project, region, network, cluster)
        inherits = pulumi.ResourceOptions(parent=self, providers=[provider])
        for pool in plan.node_pools:
            GkeNodePool(pool, around, inherits)
        self.cluster_name, self.network_id = cluster.cluster.name, network.network.id
        self.fabric_networks = _fabric_networks(network)
        self.kubeconfig = _kubeconfig(cluster.cluster, cluster_name(plan.fleet, plan.name))
        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "networkId": self.network_id,
                "fabricNetworks": self.fabric_networks,
                "kubeconfig": self.kubeconfig,
            }
        )


def declare_gcp_site(plan: SitePlan, opts: pulumi.ResourceOptions | None) -> Site:
    """Declare the site, and say what others need of it."""
    site = GcpSite(plan, opts)
    return Site(
        name=plan.name,
        provider=plan.provider,
        component=site,
        pools={pool.name: pool_handle(pool) for pool in plan.node_pools},
        kubeconfig=site.kubeconfig,
        links={"clusterName": site.cluster_name, "networkId": site.network_id},
    )


def _fabrics(plan: SitePlan) -> list[FabricNetwork]:
    return [
        network
        for pool in plan.node_pools
        for zone in sorted(pool.by_zone)
        for network in choose_networks(instance_type_of(pool), zone)
    ]


def _fabric_networks(network: SiteNetwork) -> pulumi.Output[dict[str, dict[str, str]]]:
    names = sorted(network.fabric)
    attachments = [network.fabric[name] for name in names]
    return pulumi.Output.all(
        networks=pulumi.Output.all(*[attachment.network for attachment in attachments]),
        subnetworks=pulumi.Output.all(*[attachment.subnetwork for attachment in attachments]),
    ).apply(
        lambda found: {
            name: {"network": network_name, "subnetwork": subnetwork}
            for name, network_name, subnetwork in zip(
                names, found["networks"], found["subnetworks"], strict=True
            )
        }
    )


def _kubeconfig(cluster: gcp.container.Cluster, name: str) -> pulumi.Output[str]:
    text = pulumi.Output.all(cluster.endpoint, cluster.master_auth.cluster_ca_certificate).apply(
        lambda values: exec_kubeconfig(
            name,
            server=f"https://{values[0]}",
            certificate_authority=values[1],
            command="gke-gcloud-auth-plugin",
        )
    )
    return pulumi.Output.secret(text)


def _required(value: str | None) -> str:
    if value is None:
        # `argosy_gcp.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError("a Google Cloud site needs region, account, cidr and kubernetes_version")
    return value
