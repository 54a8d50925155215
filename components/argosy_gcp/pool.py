"""`GkeNodePool`: declares a pool's GKE node pools, exactly as they were chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from argosy_component.contract import NodePoolPlan, PoolHandle, SitePlan
from argosy_component.naming import pool_selector
from argosy_gcp.cluster import SiteCluster
from argosy_gcp.network import SiteNetwork
from argosy_gcp.node_pool import NodePoolChoice, choose_node_pools

_TOPOLOGY_KEYS = (
    "topology.kubernetes.io/zone",
    "cloud.google.com/gce-topology-block",
    "cloud.google.com/gce-topology-subblock",
    "cloud.google.com/gce-topology-host",
    "kubernetes.io/hostname",
)
_RESERVATION_KEY = "compute.googleapis.com/reservation-name"
_TIMEOUTS = pulumi.CustomTimeouts(create="3h", update="6h", delete="2h")


@dataclass(frozen=True)
class PoolSurroundings:
    """What a pool stands in."""

    site: SitePlan
    project: str
    region: str
    network: SiteNetwork
    cluster: SiteCluster


class GkeNodePool(pulumi.ComponentResource):
    """Like GPU nodes of a GKE site: one GKE node pool for each zone."""

    node_pool_ids: pulumi.Output[dict[str, str]]
    """Zone to the id of the node pool there."""

    def __init__(
        self, plan: NodePoolPlan, around: PoolSurroundings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = f"{around.site.name}-{plan.name}"
        super().__init__("argosy:index:GkeNodePool", name, {}, opts)
        choices = choose_node_pools(plan)
        child = pulumi.ResourceOptions(parent=self)
        pools = [_node_pool(f"{name}-{choice.zone}", choice, around, child) for choice in choices]
        zones = [choice.zone for choice in choices]
        self.node_pool_ids = pulumi.Output.all(*[pool.id for pool in pools]).apply(
            lambda ids: dict(zip(zones, ids, strict=True))
        )
        self.register_outputs({"nodePoolIds": self.node_pool_ids})


def pool_handle(plan: NodePoolPlan) -> PoolHandle:
    """What one needs to run a job on the pool."""
    choices = choose_node_pools(plan)
    return PoolHandle(
        name=plan.name,
        node_selector=pool_selector(plan),
        tolerations=tuple(sorted({choice.taint for choice in choices}, key=lambda taint: taint.key)),
        # GKE attaches fabric interfaces by annotation and adds the resource requests itself.
        rdma_resources={},
        pod_annotations=_attach_annotations(choices[0].subnets) if choices else {},
        topology_keys=_TOPOLOGY_KEYS,
        accelerators_per_node=plan.node_type.accelerators,
        nodes=plan.nodes,
        capacity_ends=plan.capacity_ends,
    )


def _attach_annotations(subnets: tuple[str, ...]) -> Mapping[str, str]:
    """Source: GKE, multi-network support for Pods; each name is a `Network` object of the cluster."""
    if not subnets:
        return {}
    interfaces = [{"interfaceName": "eth0", "network": "default"}]
    interfaces += [
        {"interfaceName": f"eth{number}", "network": subnet} for number, subnet in enumerate(subnets, start=1)
    ]
    return {
        "networking.gke.io/default-interface": "eth0",
        "networking.gke.io/interfaces": json.dumps(interfaces),
    }


def _node_pool(
    name: str, choice: NodePoolChoice, around: PoolSurroundings, opts: pulumi.ResourceOptions
) -> gcp.container.NodePool:
    after = pulumi.ResourceOptions(
        depends_on=[around.cluster.system_pool],
        delete_before_replace=choice.delete_before_replace or None,
        custom_timeouts=_TIMEOUTS,
    )
    return gcp.container.NodePool(
        name,
        name_prefix=choice.name_prefix,
        project=around.project,
        cluster=around.cluster.cluster.id,
        location=around.region,
        node_locations=[choice.zone],
        node_count=None if choice.provisioning == "flex" else choice.nodes,
        autoscaling=_autoscaling(choice),
        management=gcp.container.NodePoolManagementArgs(auto_repair=choice.auto_repair, auto_upgrade=True),
        upgrade_settings=gcp.container.NodePoolUpgradeSettingsArgs(
            strategy="SURGE", max_surge=choice.max_surge, max_unavailable=choice.max_unavailable
        )
        if choice.provisioning != "flex"
        else None,
        placement_policy=(
            gcp.container.NodePoolPlacementPolicyArgs(type="COMPACT") if choice.compact else None
        ),
        network_config=_network_config(choice, around.network),
        node_config=_node_config(choice, around),
        opts=pulumi.ResourceOptions.merge(opts, after),
    )


def _autoscaling(choice: NodePoolChoice) -> gcp.container.NodePoolAutoscalingArgs | None:
    if choice.provisioning != "flex":
        return None
    return gcp.container.NodePoolAutoscalingArgs(
        total_min_node_count=0, total_max_node_count=choice.nodes, location_policy="ANY"
    )


def _network_config(choice: NodePoolChoice, network: SiteNetwork) -> gcp.container.NodePoolNetworkConfigArgs:
    attachments = [network.fabric[subnet] for subnet in choice.subnets]
    return gcp.container.NodePoolNetworkConfigArgs(
        enable_private_nodes=True,
        additional_node_network_configs=[
            gcp.container.NodePoolNetworkConfigAdditionalNodeNetworkConfigArgs(
                network=attachment.network, subnetwork=attachment.subnetwork
            )
            for attachment in attachments
        ]
        or None,
    )


def _node_config(choice: NodePoolChoice, around: PoolSurroundings) -> gcp.container.NodePoolNodeConfigArgs:
    return gcp.container.NodePoolNodeConfigArgs(
        machine_type=choice.machine_type,
        guest_accelerators=[
            gcp.container.NodePoolNodeConfigGuestAcceleratorArgs(
                type=choice.guest_accelerator,
                count=choice.accelerators,
                gpu_driver_installation_config=gcp.container.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(
                    gpu_driver_version="DEFAULT"
                ),
            )
        ],
        ephemeral_storage_local_ssd_config=(
            gcp.container.NodePoolNodeConfigEphemeralStorageLocalSsdConfigArgs(
                local_ssd_count=choice.local_ssds
            )
            if choice.local_ssds
            else None
        ),
        spot=True if choice.provisioning == "spot" else None,
        flex_start=True if choice.provisioning == "flex" else None,
        max_run_duration=f"{choice.max_run_seconds}s" if choice.max_run_seconds else None,
        reservation_affinity=_reservation_affinity(choice),
        gvnic=gcp.container.NodePoolNodeConfigGvnicArgs(enabled=True),
        service_account=around.cluster.node_account.email,
        oauth_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        metadata={"disable-legacy-endpoints": "true"},
        shielded_instance_config=gcp.container.NodePoolNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=gcp.container.NodePoolNodeConfigWorkloadMetadataConfigArgs(
            mode="GKE_METADATA"
        ),
        kubelet_config=gcp.container.NodePoolNodeConfigKubeletConfigArgs(
            insecure_kubelet_readonly_port_enabled="FALSE"
        ),
        labels=choice.labels,
        taints=[
            gcp.container.NodePoolNodeConfigTaintArgs(
                key=choice.taint.key, value=choice.taint.value or "", effect="NO_SCHEDULE"
            )
        ],
        # Pods that say nothing of their architecture stay off arm64 nodes.
        taint_config=(
            gcp.container.NodePoolNodeConfigTaintConfigArgs(architecture_taint_behavior="ARM")
            if choice.arm64
            else None
        ),
        resource_labels=around.site.tags,
    )


def _reservation_affinity(
    choice: NodePoolChoice,
) -> gcp.container.NodePoolNodeConfigReservationAffinityArgs:
    """Only a pool that names a reservation may use it up."""
    if choice.reservation is None:
        return gcp.container.NodePoolNodeConfigReservationAffinityArgs(
            consume_reservation_type="NO_RESERVATION"
        )
    return gcp.container.NodePoolNodeConfigReservationAffinityArgs(
        consume_reservation_type="SPECIFIC_RESERVATION", key=_RESERVATION_KEY, values=[choice.reservation]
    )
