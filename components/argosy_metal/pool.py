"""`MetalNodePool`: declares a claim for every server of a pool, and a machine on each that is no spare."""

from __future__ import annotations

import pulumi

from argosy_component.contract import NodePoolPlan, PoolHandle, ServerPlan
from argosy_component.naming import GPU_TAINT, pool_selector
from argosy_metal.resources import Machine, ServerClaim

RACK_LABEL = "argosy.dev/rack"
_TOPOLOGY_KEYS = ("topology.kubernetes.io/zone", RACK_LABEL, "kubernetes.io/hostname")


class MetalNodePool(pulumi.ComponentResource):
    """Like servers of a hall that run one image. Spares are claimed, and carry no machine.

    Argosy does not join the machines to a cluster: the image's own kubelet must register with the labels and
    the taint that `pool_handle` names, or no job finds the pool.
    """

    def __init__(self, site: str, plan: NodePoolPlan, opts: pulumi.ResourceOptions | None = None) -> None:
        name = f"{site}-{plan.name}"
        super().__init__("argosy:index:MetalNodePool", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        for server in plan.servers:
            _machine(site, plan, server, child)
        for spare in plan.spares:
            _claim(site, plan, spare, child)
        self.register_outputs({"machines": len(plan.servers), "spares": len(plan.spares)})


def pool_handle(plan: NodePoolPlan) -> PoolHandle:
    """What one needs to run a job on the pool, once its nodes have registered with these labels and taint."""
    return PoolHandle(
        name=plan.name,
        node_selector=pool_selector(plan),
        tolerations=(GPU_TAINT,),
        # The device plugin of the hall's cluster names the fabric's resources; a hall has no cluster yet.
        rdma_resources={},
        topology_keys=_TOPOLOGY_KEYS,
        accelerators_per_node=plan.node_type.accelerators,
        nodes=plan.nodes,
        capacity_ends=plan.capacity_ends,
    )


def _claim(site: str, plan: NodePoolPlan, server: ServerPlan, opts: pulumi.ResourceOptions) -> ServerClaim:
    return ServerClaim(
        f"{site}-{plan.name}-{server.slot}",
        site=site,
        serial=server.serial,
        slot=f"{plan.name}/{server.slot}",
        bmc=server.bmc,
        rack=server.rack,
        feeds=list(server.feeds),
        username_ref=server.username_ref,
        password_ref=server.password_ref,
        opts=opts,
    )


def _machine(site: str, plan: NodePoolPlan, server: ServerPlan, opts: pulumi.ResourceOptions) -> Machine:
    claim = _claim(site, plan, server, opts)
    if plan.image_url is None or plan.image_sha256 is None:
        # `argosy_metal.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError(f"pool {plan.name} needs an image")
    return Machine(
        f"{site}-{plan.name}-{server.slot}",
        # After a refused claim the SDK would end the program here, before other machines are declared.
        # The plugin refuses a machine without a claim anyway.
        server_id=claim.server_id.recover(lambda _: f"{site}/{server.serial}"),
        image_url=plan.image_url,
        image_sha256=plan.image_sha256,
        opts=opts,
    )
