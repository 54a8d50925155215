"""Who may talk to whom in a site's network. From outside, linked halls are let in, to HTTPS and DNS alone."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from argosy_aws.halls.choice import choose_remote_networks
from argosy_aws.scope import SiteScope


def declare_group(scope: SiteScope, vpc: aws.ec2.Vpc, thing: str, description: str) -> aws.ec2.SecurityGroup:
    """A group that lets nothing in or out until a rule says so."""
    return aws.ec2.SecurityGroup(
        f"{scope.site}-{thing}",
        description=description,
        vpc_id=vpc.id,
        tags=scope.named(thing),
        opts=scope.opts,
    )


def _self_rules(scope: SiteScope, thing: str, group: aws.ec2.SecurityGroup) -> list[pulumi.Resource]:
    return [
        aws.vpc.SecurityGroupIngressRule(
            f"{scope.site}-{thing}-self",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="All traffic from the group itself",
            tags=scope.tags,
            opts=scope.opts,
        ),
        aws.vpc.SecurityGroupEgressRule(
            f"{scope.site}-{thing}-self",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="All traffic to the group itself",
            tags=scope.tags,
            opts=scope.opts,
        ),
    ]


def declare_node_group(
    scope: SiteScope, vpc: aws.ec2.Vpc
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """The group of nodes and control plane, with its rules.

    Halls that join may ask the cluster's DNS, which runs on the site's nodes. Source: EKS user guide, prepare
    networking for hybrid nodes.
    """
    group = declare_group(scope, vpc, "nodes", "Nodes and control plane")
    # The route table holds no way out of the VPC but endpoints and halls, so this opens nothing public.
    egress = aws.vpc.SecurityGroupEgressRule(
        f"{scope.site}-nodes-out",
        security_group_id=group.id,
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="-1",
        description="To endpoints and halls; no route leads further",
        tags=scope.tags,
        opts=scope.opts,
    )
    remote = choose_remote_networks(scope.plan)
    dns = [
        allow_in(scope, group, "dns", cidr, 53, "Cluster DNS for a hall that joins", protocol=protocol)
        for cidr in (*remote.nodes, *remote.pods)
        for protocol in ("tcp", "udp")
    ]
    return group, [*_self_rules(scope, "nodes", group), egress, *dns]


def declare_efa_group(
    scope: SiteScope, vpc: aws.ec2.Vpc
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """The group of EFA interfaces, with the rules that the fabric demands. Source: EC2 user guide, EFA."""
    group = declare_group(scope, vpc, "efa", "EFA interfaces")
    return group, _self_rules(scope, "efa", group)


def declare_hall_group(scope: SiteScope, vpc: aws.ec2.Vpc) -> list[aws.ec2.SecurityGroup]:
    """What lets halls that join reach the control plane; none where none does.

    It is the control plane's alone: on the nodes' group the rules would open every node as well. That group,
    which the control plane bears too, opens the way back, to kubelets (10250) and webhooks.
    Source: EKS user guide, prepare networking for hybrid nodes.
    """
    remote = choose_remote_networks(scope.plan)
    if not remote:
        return []
    group = declare_group(scope, vpc, "halls", "Halls whose machines join: to the control plane")
    for cidr in (*remote.nodes, *remote.pods):
        allow_in(scope, group, "halls", cidr, 443, "HTTPS from kubelets and pods of a hall")
    return [group]


def allow_in(
    scope: SiteScope,
    group: aws.ec2.SecurityGroup,
    thing: str,
    cidr: str,
    port: int,
    description: str,
    protocol: str = "tcp",
) -> pulumi.Resource:
    """Let a private range in on one port."""
    return aws.vpc.SecurityGroupIngressRule(
        f"{scope.site}-{thing}-{protocol}-{port}-{cidr.replace('.', '-').replace('/', '-')}",
        security_group_id=group.id,
        cidr_ipv4=cidr,
        ip_protocol=protocol,
        from_port=port,
        to_port=port,
        description=description,
        tags=scope.tags,
        opts=scope.opts,
    )
