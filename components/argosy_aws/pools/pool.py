"""`EksNodePool`: declares a pool, exactly as it was chosen, and says what a job needs of it."""

from __future__ import annotations

import pulumi

from argosy_aws.cards.nics import EFA_RESOURCE, efa_count
from argosy_aws.facts import load_facts
from argosy_aws.pools.criteria import choose_criteria
from argosy_aws.pools.declare_launch_template import declare_launch_template
from argosy_aws.pools.declare_node_group import declare_node_group
from argosy_aws.pools.declare_windows import declare_window
from argosy_aws.pools.launch_template import choose_launch_template
from argosy_aws.pools.node_group import choose_node_groups, choose_taint
from argosy_aws.pools.surroundings import PoolSurroundings
from argosy_aws.pools.windows import choose_resizes
from argosy_aws.scope import SiteScope
from argosy_aws.settings import settings_of_site
from argosy_component.contract import NodePoolPlan, PoolHandle
from argosy_component.naming import pool_selector

_TOPOLOGY_KEYS = (
    "topology.kubernetes.io/zone",
    "topology.k8s.aws/network-node-layer-1",
    "topology.k8s.aws/network-node-layer-2",
    "topology.k8s.aws/network-node-layer-3",
)
_HOSTNAME = "kubernetes.io/hostname"
_CLIQUE = "nvidia.com/gpu.clique"
"""Names the NVLink domain that spans nodes; NVIDIA's feature discovery labels nodes of rack-scale systems."""


class EksNodePool(pulumi.ComponentResource):
    """Like GPU nodes of an EKS site: one launch template, and one managed node group for each zone."""

    launch_template_id: pulumi.Output[str]
    node_group_arns: pulumi.Output[dict[str, str]]
    """Zone id to the ARN of the node group there."""

    def __init__(
        self, plan: NodePoolPlan, around: PoolSurroundings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = f"{around.site.name}-{plan.name}"
        super().__init__("argosy:index:EksNodePool", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        choice = choose_launch_template(plan, around.site.tags)
        template = declare_launch_template(name, plan, choice, around, child)
        groups = {
            group.zone: declare_node_group(
                f"{name}-{group.zone}", group, choice.tags, template, around, child
            )
            for group in choose_node_groups(plan, settings_of_site(around.site).image_release)
        }
        declare_window(SiteScope.of(around.site, child), plan.name, choose_resizes(plan), groups, choice.tags)
        self.node_groups = list(groups.values())
        self.launch_template_id = template.id
        self.node_group_arns = pulumi.Output.all(*[group.arn for group in self.node_groups]).apply(
            lambda arns: dict(zip(groups, arns, strict=True))
        )
        self.register_outputs(
            {"launchTemplateId": self.launch_template_id, "nodeGroupArns": self.node_group_arns}
        )


def pool_handle(plan: NodePoolPlan) -> PoolHandle:
    """What one needs to run a job on the pool.

    Of the huge pages that the image sets aside for EFA a pod may ask besides (`hugepages-2Mi`, 5120Mi of a
    whole node); without them the fabric works on ordinary pages.
    """
    efas = efa_count(choose_launch_template(plan, {}).network_interfaces)
    rack_scale = plan.node_type.accelerator in load_facts().rack_scale
    return PoolHandle(
        name=plan.name,
        node_selector=pool_selector(plan),
        tolerations=(choose_taint(plan),),
        rdma_resources={EFA_RESOURCE: efas} if efas else {},
        topology_keys=(*_TOPOLOGY_KEYS, *((_CLIQUE,) if rack_scale else ()), _HOSTNAME),
        accelerators_per_node=plan.node_type.accelerators,
        nodes=plan.nodes,
        capacity_starts=plan.capacity_starts,
        capacity_ends=plan.capacity_ends,
        criteria=choose_criteria(plan),
    )
