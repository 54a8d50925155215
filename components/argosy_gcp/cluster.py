"""The GKE cluster of a site: private, its secrets under a key of its own, its nodes with least rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from argosy_component.naming import short_name
from argosy_gcp.network import PODS_RANGE, SERVICES_RANGE, SiteNetwork
from argosy_gcp.ranges import PODS_PER_NODE

_NODE_ROLES = (
    "roles/artifactregistry.reader",
    "roles/logging.logWriter",
    "roles/monitoring.metricWriter",
    "roles/monitoring.viewer",
    "roles/stackdriver.resourceMetadata.writer",
    "roles/storage.objectViewer",
)
_KEY_ROTATION = f"{90 * 24 * 3600}s"
_ACCOUNT_ID_LIMIT = 30
# GKE's own pods (DNS, the tunnel to the control plane) bear no GPU taint and need somewhere to run.
_SYSTEM_MACHINE = "e2-standard-4"


@dataclass(frozen=True)
class ClusterScope:
    """Where a cluster goes: site, names, versions and range, labels, and the parent of its resources."""

    site: str
    name: str
    fleet: str
    project: str
    region: str
    cidr: str
    kubernetes_version: str
    labels: Mapping[str, str]
    opts: pulumi.ResourceOptions


@dataclass(frozen=True)
class SiteCluster:
    """The declared cluster of a site."""

    cluster: gcp.container.Cluster
    node_account: gcp.serviceaccount.Account
    system_pool: gcp.container.NodePool


def declare_cluster(scope: ClusterScope, network: SiteNetwork) -> SiteCluster:
    """Declare key, node account and cluster, and the few small nodes that its own pods run on."""
    account, roles = _node_account(scope)
    key, key_user = _key(scope)
    after = pulumi.ResourceOptions(
        depends_on=[key_user, *roles],
        protect=True,
        # The default pool is removed as soon as it stands, so its settings are gone when read back.
        ignore_changes=["nodeConfig"],
        custom_timeouts=pulumi.CustomTimeouts(create="60m", update="2h"),
    )
    cluster = _cluster(scope, network, account, key, pulumi.ResourceOptions.merge(scope.opts, after))
    return SiteCluster(cluster, account, _system_pool(scope, cluster, account))


def _cluster(
    scope: ClusterScope,
    network: SiteNetwork,
    account: gcp.serviceaccount.Account,
    key: gcp.kms.CryptoKey,
    opts: pulumi.ResourceOptions,
) -> gcp.container.Cluster:
    return gcp.container.Cluster(
        f"{scope.site}-cluster",
        name=scope.name,
        project=scope.project,
        location=scope.region,
        min_master_version=scope.kubernetes_version,
        release_channel=gcp.container.ClusterReleaseChannelArgs(channel="REGULAR"),
        remove_default_node_pool=True,
        initial_node_count=1,
        node_config=gcp.container.ClusterNodeConfigArgs(
            service_account=account.email,
            shielded_instance_config=gcp.container.ClusterNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
        ),
        network=network.network.id,
        subnetwork=network.subnetwork.id,
        datapath_provider="ADVANCED_DATAPATH",
        # Cannot be turned on later: the next pool may bring a fabric.
        enable_multi_networking=True,
        default_max_pods_per_node=PODS_PER_NODE,
        ip_allocation_policy=gcp.container.ClusterIpAllocationPolicyArgs(
            cluster_secondary_range_name=PODS_RANGE, services_secondary_range_name=SERVICES_RANGE
        ),
        private_cluster_config=gcp.container.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True, enable_private_endpoint=True
        ),
        control_plane_endpoints_config=gcp.container.ClusterControlPlaneEndpointsConfigArgs(
            dns_endpoint_config=gcp.container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
                allow_external_traffic=False
            )
        ),
        master_authorized_networks_config=gcp.container.ClusterMasterAuthorizedNetworksConfigArgs(
            cidr_blocks=[
                gcp.container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(
                    cidr_block=scope.cidr, display_name=scope.site
                )
            ],
            gcp_public_cidrs_access_enabled=False,
        ),
        workload_identity_config=gcp.container.ClusterWorkloadIdentityConfigArgs(
            workload_pool=f"{scope.project}.svc.id.goog"
        ),
        database_encryption=gcp.container.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=key.id),
        enable_shielded_nodes=True,
        enable_legacy_abac=False,
        binary_authorization=gcp.container.ClusterBinaryAuthorizationArgs(
            evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE"
        ),
        monitoring_config=gcp.container.ClusterMonitoringConfigArgs(
            enable_components=["SYSTEM_COMPONENTS", "DCGM"],
            managed_prometheus=gcp.container.ClusterMonitoringConfigManagedPrometheusArgs(enabled=True),
        ),
        # The provider's own protection cannot be lifted without a change of code; `protect` can.
        deletion_protection=False,
        resource_labels=scope.labels,
        opts=opts,
    )


def _node_account(
    scope: ClusterScope,
) -> tuple[gcp.serviceaccount.Account, list[pulumi.Resource]]:
    account = gcp.serviceaccount.Account(
        f"{scope.site}-nodes",
        project=scope.project,
        account_id=short_name(scope.fleet, scope.site, "nodes", limit=_ACCOUNT_ID_LIMIT),
        display_name=f"Nodes of {scope.site}",
        opts=scope.opts,
    )
    roles: list[pulumi.Resource] = [
        gcp.projects.IAMMember(
            f"{scope.site}-{role.removeprefix('roles/')}",
            project=scope.project,
            role=role,
            member=account.email.apply(lambda email: f"serviceAccount:{email}"),
            opts=scope.opts,
        )
        for role in _NODE_ROLES
    ]
    return account, roles


def _key(scope: ClusterScope) -> tuple[gcp.kms.CryptoKey, pulumi.Resource]:
    ring = gcp.kms.KeyRing(
        f"{scope.site}-ring", project=scope.project, location=scope.region, opts=scope.opts
    )
    key = gcp.kms.CryptoKey(
        f"{scope.site}-secrets",
        key_ring=ring.id,
        rotation_period=_KEY_ROTATION,
        labels=scope.labels,
        opts=scope.opts,
    )
    gke = gcp.projects.ServiceIdentity(
        f"{scope.site}-gke", project=scope.project, service="container.googleapis.com", opts=scope.opts
    )
    user = gcp.kms.CryptoKeyIAMMember(
        f"{scope.site}-gke",
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=gke.email.apply(lambda email: f"serviceAccount:{email}"),
        opts=scope.opts,
    )
    return key, user


def _system_pool(
    scope: ClusterScope, cluster: gcp.container.Cluster, account: gcp.serviceaccount.Account
) -> gcp.container.NodePool:
    return gcp.container.NodePool(
        f"{scope.site}-system",
        name_prefix="system-",
        project=scope.project,
        cluster=cluster.id,
        location=scope.region,
        # In each zone of the region.
        node_count=1,
        management=gcp.container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
        network_config=gcp.container.NodePoolNetworkConfigArgs(enable_private_nodes=True),
        node_config=gcp.container.NodePoolNodeConfigArgs(
            machine_type=_SYSTEM_MACHINE,
            service_account=account.email,
            oauth_scopes=["https://www.googleapis.com/auth/cloud-platform"],
            metadata={"disable-legacy-endpoints": "true"},
            shielded_instance_config=gcp.container.NodePoolNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
            workload_metadata_config=gcp.container.NodePoolNodeConfigWorkloadMetadataConfigArgs(
                mode="GKE_METADATA"
            ),
            resource_labels=scope.labels,
        ),
        opts=scope.opts,
    )
