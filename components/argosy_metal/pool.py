"""`MetalNodePool`: declares a claim for every server of a pool, and a machine on each that is no spare."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from argosy_component.contract import NodePoolPlan, PoolHandle, ServerPlan
from argosy_component.naming import GPU_TAINT, pool_selector
from argosy_metal.hall_plan import TOPOLOGY_KEYS
from argosy_metal.machines import declare_machine, declare_use, worker_of
from argosy_metal.server_parts import ServerParts
from argosy_metal.settings import HallSettings, pool_settings
from argosy_metal.settings.power_cap import capped_node, with_planned_cap


class MetalNodePool(pulumi.ComponentResource):
    """Like servers of a hall that run one image.

    Spares are claimed and set up, and carry no machine. Where the pool has `join`, Argosy gives its Nodes the
    labels and the taint that `pool_handle` names; else the image's own kubelet must register with them, or no
    job finds the pool.
    """

    def __init__(
        self,
        site: str,
        plan: NodePoolPlan,
        hall: HallSettings,
        places: Mapping[str, int],
        control_plane: tuple[pulumi.Output[pulumi.Resource], ...] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`places`: serial number to the place in its rack. `control_plane`: what joining needs."""
        super().__init__("argosy:index:MetalNodePool", f"{site}-{plan.name}", {}, opts)
        self._site = site
        self._plan = plan
        self._hall = hall
        self._control_plane = control_plane
        for server in plan.servers:
            self._declare_server(server, places[server.serial])
        for spare in plan.spares:
            self._declare_spare(spare)
        self.register_outputs({"machines": len(plan.servers), "spares": len(plan.spares)})

    def _declare_server(self, server: ServerPlan, place_in_rack: int) -> None:
        plan, settings = self._plan, pool_settings(self._plan)
        node = capped_node(plan.node_type, plan.accelerator_watts)
        cap = with_planned_cap(settings.power_cap, plan.power_cap_watts, node)
        parts = ServerParts(self._site, plan.name, server, self)
        held = parts.prepare(parts.claim(plan.node_type.node_power_watts), settings)
        held = parts.equip(held, settings, cap, place_in_rack)
        installed = worker_of(plan, self._hall, settings, server.serial)
        needed = self._control_plane if installed.join is not None else ()
        machine = declare_machine(parts, held, installed, needed)
        declare_use(parts, machine, plan, server, self._hall, settings, self._site)

    def _declare_spare(self, spare: ServerPlan) -> None:
        parts = ServerParts(self._site, self._plan.name, spare, self)
        held = parts.claim(self._plan.node_type.node_power_watts)
        parts.prepare(held, pool_settings(self._plan))


def pool_handle(plan: NodePoolPlan) -> PoolHandle:
    """What one needs to run a job on the pool, once its nodes have registered with these labels and taint."""
    return PoolHandle(
        name=plan.name,
        node_selector=pool_selector(plan),
        tolerations=(GPU_TAINT,),
        # The device plugin of the hall's cluster names the fabric's resources, and Argosy installs none.
        rdma_resources={},
        topology_keys=TOPOLOGY_KEYS,
        accelerators_per_node=plan.node_type.accelerators,
        nodes=plan.nodes,
        capacity_ends=plan.capacity_ends,
    )
