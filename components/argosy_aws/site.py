"""`AwsSite`: declares an AWS region of the fleet, exactly as its plan says."""

from __future__ import annotations

from dataclasses import replace

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster import declare_cluster, declare_cluster_dns
from argosy_aws.network import declare_network
from argosy_aws.node_group import choose_taint
from argosy_aws.pool import EksNodePool, PoolSurroundings, pool_handle
from argosy_aws.scope import SiteScope
from argosy_component.contract import Site, SitePlan
from argosy_component.kubeconfig import exec_kubeconfig


class AwsSite(pulumi.ComponentResource):
    """An AWS region: one VPC, one EKS cluster, and its GPU pools."""

    cluster_name: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    """Secret. Logs in through the `aws` command and holds no token."""

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
        cluster = declare_cluster(scope, network)
        around = PoolSurroundings(plan, network, cluster)
        inherits = pulumi.ResourceOptions(parent=self, providers=[provider])
        pools = [EksNodePool(pool, around, inherits) for pool in plan.node_pools]
        declare_cluster_dns(
            scope,
            cluster.cluster,
            [group for pool in pools for group in pool.node_groups],
            taints=[choose_taint(pool).key for pool in plan.node_pools],
        )
        self.cluster_name, self.vpc_id = cluster.cluster.name, network.vpc.id
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
        links={"clusterName": site.cluster_name, "vpcId": site.vpc_id},
    )


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
