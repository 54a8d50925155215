"""`AwsSite`: declares an AWS region of the fleet, exactly as its plan says."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster import ClusterScope, declare_cluster, declare_cluster_dns
from argosy_aws.network import NetworkScope, declare_network
from argosy_aws.node_group import choose_taint
from argosy_aws.pool import EksNodePool, PoolSurroundings, pool_handle
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
        region, account = _required(plan.region), _required(plan.account)
        provider = aws.Provider(
            f"{plan.name}-provider",
            region=region,
            # The wrong credentials declare nothing rather than a site in someone else's account.
            allowed_account_ids=[account],
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, provider=provider)
        zones = {zone for pool in plan.node_pools for zone in pool.by_zone}
        network = declare_network(
            NetworkScope(plan.name, region, _required(plan.cidr), plan.tags, child), zones
        )
        scope = ClusterScope(
            site=plan.name,
            name=cluster_name(plan),
            region=region,
            account=account,
            kubernetes_version=_required(plan.kubernetes_version),
            tags=plan.tags,
            opts=child,
        )
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
        self.kubeconfig = _kubeconfig(cluster.cluster, scope.name, region)
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


def cluster_name(plan: SitePlan) -> str:
    """The cluster's own name: unique in the account, at most 81 of EKS's 100 characters."""
    return f"{plan.fleet}-{plan.name}"


def _kubeconfig(cluster: aws.eks.Cluster, name: str, region: str) -> pulumi.Output[str]:
    text = pulumi.Output.all(cluster.endpoint, cluster.certificate_authority.data).apply(
        lambda values: exec_kubeconfig(
            name,
            server=values[0],
            certificate_authority=values[1],
            command="aws",
            arguments=["eks", "get-token", "--cluster-name", name, "--region", region],
        )
    )
    return pulumi.Output.secret(text)


def _required(value: str | None) -> str:
    if value is None:
        # `argosy_aws.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError("an AWS site needs region, account, cidr and kubernetes_version")
    return value
