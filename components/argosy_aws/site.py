"""`AwsSite`: declares an AWS region of the fleet, exactly as its plan says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster.addons import declare_cluster_dns, declare_csi_drivers
from argosy_aws.cluster.cluster import declare_cluster
from argosy_aws.cluster.system_nodes import declare_system_nodes
from argosy_aws.halls.nodes import declare_hybrid_nodes
from argosy_aws.halls.routes import declare_hybrid_routes
from argosy_aws.links import joined_links
from argosy_aws.network.vpc import declare_network
from argosy_aws.pools.pool import EksNodePool, pool_handle
from argosy_aws.pools.surroundings import PoolSurroundings
from argosy_aws.scope import SiteScope
from argosy_aws.storage.bucket_roles import declare_replication
from argosy_aws.storage.policies import bucket_policy_for_pods
from argosy_aws.storage.storage import declare_storage
from argosy_component.contract import Site, SitePlan
from argosy_component.kubeconfig import exec_kubeconfig


class AwsSite(pulumi.ComponentResource):
    """An AWS region: one VPC, one EKS cluster, its GPU pools, its storage, and the ways to its halls."""

    scope: SiteScope

    cluster_name: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """Secret. Logs in through the `aws` command and holds no token."""
    links: Mapping[str, pulumi.Output[str]]
    """What peers, halls and jobs need: cluster and VPC, gateways, buckets, file systems, roles, and what a
    hall's machines join with."""

    def __init__(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("argosy:index:AwsSite", plan.name, {}, opts)
        # Asked before anything is declared: a plan that lacks something declares nothing.
        scope = SiteScope.of(plan, pulumi.ResourceOptions(parent=self))
        provider = aws.Provider(
            f"{plan.name}-provider",
            region=scope.region,
            # The wrong credentials declare nothing rather than a site in someone else's account.
            allowed_account_ids=[scope.account],
            opts=scope.opts,
        )
        scope = replace(scope, opts=pulumi.ResourceOptions(parent=self, provider=provider))
        network = declare_network(scope, {zone for pool in plan.node_pools for zone in pool.by_zone})
        routes = declare_hybrid_routes(scope, network)
        cluster = declare_cluster(scope, network)
        system = declare_system_nodes(scope, network, cluster)
        declare_cluster_dns(scope, cluster.cluster, [system])
        declare_csi_drivers(scope, cluster.cluster, [system], bucket_policy_for_pods(plan))
        around = PoolSurroundings(plan, network, cluster)
        inherits = pulumi.ResourceOptions(parent=self, providers=[provider])
        for pool in plan.node_pools:
            EksNodePool(pool, around, inherits)
        halls = declare_hybrid_nodes(scope, cluster.cluster)
        anchors = {
            hall: known["trustAnchorArn"] for hall, known in halls.items() if "trustAnchorArn" in known
        }
        storage = declare_storage(scope, network, anchors)
        self.scope = scope
        self.cluster_name, self.vpc_id = cluster.cluster.name, network.vpc.id
        self.links = joined_links(
            {"clusterName": self.cluster_name, "vpcId": self.vpc_id},
            routes,
            *({f"{hall}-{key}": value for key, value in known.items()} for hall, known in halls.items()),
            storage,
        )
        self.kubeconfig = _kubeconfig(cluster.cluster, scope)
        self.register_outputs(
            {"clusterName": self.cluster_name, "vpcId": self.vpc_id, "kubeconfig": self.kubeconfig}
        )


def declare_aws_site(plan: SitePlan, opts: pulumi.ResourceOptions | None) -> Site:
    """Declare the site, and say what others need of it."""
    site = AwsSite(plan, opts)
    return Site(
        name=plan.name,
        provider=plan.provider,
        component=site,
        pools={pool.name: pool_handle(pool) for pool in plan.node_pools},
        kubeconfig=site.kubeconfig,
        links=site.links,
    )


def declare_aws_links(site: Site, peers: Sequence[Site]) -> None:
    """Declare what joins the site to its peers, of which some may be in another stack: copies of buckets."""
    if isinstance(site.component, AwsSite):
        declare_replication(site.component.scope, site.links, {peer.name: peer.links for peer in peers})


def _kubeconfig(cluster: aws.eks.Cluster, scope: SiteScope) -> pulumi.Output[str]:
    text = pulumi.Output.all(cluster.endpoint, cluster.certificate_authority.data).apply(
        lambda values: exec_kubeconfig(
            scope.cluster_name,
            server=values[0],
            certificate_authority=values[1],
            command="aws",
            arguments=["eks", "get-token", "--cluster-name", scope.cluster_name, "--region", scope.region],
        )
    )
    return pulumi.Output.secret(text)
