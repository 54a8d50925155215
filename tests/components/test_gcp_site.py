from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy.catalog import load_catalog
from argosy_component.contract import NodePoolPlan, Site, SitePlan, Toleration
from argosy_component.mock_engine import UNKNOWN, RegisteredResource, ResourceGraph
from argosy_component.testing import Declare
from argosy_gcp.descriptor import PROVIDER

NODE_POOL = "gcp:container/nodePool:NodePool"
CLUSTER = "gcp:container/cluster:Cluster"
NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
FIREWALL = "gcp:compute/firewall:Firewall"
ZONE = "europe-west4-b"

TRAIN = NodePoolPlan(
    name="train",
    role="training",
    node_type=load_catalog().instance_type("gcp", "a3-megagpu-8g"),
    nodes=8,
    by_zone={ZONE: 8},
    capacity_type="reserved",
    reservation="a3mega-2027",
)
SERVE = replace(TRAIN, name="serve", role="inference", nodes=2, by_zone={ZONE: 2})
ULTRA = replace(TRAIN, node_type=load_catalog().instance_type("gcp", "a3-ultragpu-8g"))
PLAN = SitePlan(
    fleet="prod",
    name="gcp-euw4",
    provider="gcp",
    region="europe-west4",
    country="NL",
    account="example-fleet",
    kubernetes_version="1.34",
    cidr="10.32.0.0/16",
    node_pools=(SERVE, TRAIN),
    tags={"argosy-fleet": "prod", "argosy-site": "gcp-euw4"},
)
World = Callable[..., ResourceGraph]


@pytest.fixture
def world(declare: Declare) -> World:
    """The graph of the site, with its plan or a preview of it."""

    def make(plan: SitePlan = PLAN, *, preview: bool = False) -> ResourceGraph:
        return declare(lambda: PROVIDER.declare_site(plan), preview=preview)

    return make


def with_pool(pool: NodePoolPlan, **changes: Any) -> SitePlan:
    return replace(PLAN, node_pools=(replace(pool, **changes),))


def gpu_pool(graph: ResourceGraph, name: str = "train") -> RegisteredResource:
    return graph.one(NODE_POOL, f"gcp-euw4-{name}-{ZONE}")


def test_every_resource_stands_under_the_site(world: World) -> None:
    graph = world()
    site = graph.one("argosy:index:GcpSite")
    parents = {resource.urn: resource.parent for resource in graph.resources}

    for resource in graph.resources:
        above: str | None = resource.urn
        while above not in (site.urn, None):
            above = parents[above]
        assert above == site.urn or resource.type == "pulumi:pulumi:Stack", resource.urn


def test_a3_mega_nodes_attach_to_eight_jumbo_networks_that_all_pools_share(world: World) -> None:
    graph = world()
    jumbo = [network for network in graph.of_type(NETWORK) if network.inputs.get("mtu") == 8244]

    assert 8 == len(jumbo)
    assert 9 == len(graph.of_type(NETWORK))
    expected = [
        {"network": f"gcp-euw4-vpc{number}", "subnetwork": f"gcp-euw4-vpc{number}"} for number in range(1, 9)
    ]
    for name in ("train", "serve"):
        config = gpu_pool(graph, name).inputs["networkConfig"]
        assert expected == config["additionalNodeNetworkConfigs"]


def test_a3_ultra_nodes_attach_to_a_gvnic_and_eight_subnets_of_an_rdma_network(world: World) -> None:
    graph = world(with_pool(ULTRA))
    rdma = graph.one(NETWORK, "gcp-euw4-rdma").inputs

    profile = f"projects/example-fleet/global/networkProfiles/{ZONE}-vpc-roce"
    assert (profile, 8896) == (rdma["networkProfile"], rdma["mtu"])
    attached = gpu_pool(graph).inputs["networkConfig"]["additionalNodeNetworkConfigs"]
    assert ["gcp-euw4-gvnic-1", *["gcp-euw4-rdma"] * 8] == [entry["network"] for entry in attached]
    assert [f"gcp-euw4-rdma-{rail}" for rail in range(8)] == [entry["subnetwork"] for entry in attached[1:]]


def test_an_rdma_network_takes_no_firewall_rule_and_a_gvnic_network_needs_one(world: World) -> None:
    assert ["gcp-euw4-gvnic-1"] == [rule.name for rule in world(with_pool(ULTRA)).of_type(FIREWALL)]
    assert 8 == len(world().of_type(FIREWALL))


def test_firewalls_let_in_only_their_own_network(world: World) -> None:
    graph = world()
    ranges = {subnet.name: subnet.inputs["ipCidrRange"] for subnet in graph.of_type(SUBNETWORK)}

    for rule in graph.of_type(FIREWALL):
        assert [ranges[rule.name]] == rule.inputs["sourceRanges"]


def test_nothing_is_public(world: World) -> None:
    graph = world()
    cluster = graph.one(CLUSTER).inputs

    assert {"enablePrivateNodes": True, "enablePrivateEndpoint": True} == cluster["privateClusterConfig"]
    assert [{"cidrBlock": "10.32.0.0/16", "displayName": "gcp-euw4"}] == cluster[
        "masterAuthorizedNetworksConfig"
    ]["cidrBlocks"]
    assert not cluster["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["allowExternalTraffic"]
    for pool in graph.of_type(NODE_POOL):
        assert pool.inputs["networkConfig"]["enablePrivateNodes"]
    for type_ in ("gcp:compute/routerNat:RouterNat", "gcp:compute/address:Address"):
        assert not graph.of_type(type_)


def test_cluster_secrets_are_encrypted_with_a_key_that_rotates_and_gke_may_use(world: World) -> None:
    graph = world()

    assert "ENCRYPTED" == graph.one(CLUSTER).inputs["databaseEncryption"]["state"]
    assert "7776000s" == graph.one("gcp:kms/cryptoKey:CryptoKey").inputs["rotationPeriod"]
    user = graph.one("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember").inputs
    assert user["member"].startswith("serviceAccount:service-")
    assert "gcp-euw4-gke" in "\n".join(graph.one(CLUSTER).options["dependsOn"])


def test_nodes_have_an_account_of_their_own_with_six_roles(world: World) -> None:
    graph = world()
    account = graph.one("gcp:serviceaccount/account:Account").inputs["accountId"]

    for pool in graph.of_type(NODE_POOL):
        assert pool.inputs["nodeConfig"]["serviceAccount"].startswith(account)
        assert "GKE_METADATA" == pool.inputs["nodeConfig"]["workloadMetadataConfig"]["mode"]
        assert pool.inputs["nodeConfig"]["shieldedInstanceConfig"]["enableSecureBoot"]
    roles = [member.inputs["role"] for member in graph.of_type("gcp:projects/iAMMember:IAMMember")]
    assert 6 == len(roles)
    assert not {"roles/owner", "roles/editor"} & set(roles)


def test_the_cluster_can_carry_fabrics_and_workload_identities(world: World) -> None:
    cluster = world().one(CLUSTER)

    assert "ADVANCED_DATAPATH" == cluster.inputs["datapathProvider"]
    assert cluster.inputs["enableMultiNetworking"]
    assert "example-fleet.svc.id.goog" == cluster.inputs["workloadIdentityConfig"]["workloadPool"]
    assert cluster.options["protect"]


def test_a_reserved_pool_names_its_reservation_and_is_not_packed_twice(world: World) -> None:
    pool = gpu_pool(world())

    assert {
        "consumeReservationType": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": ["a3mega-2027"],
    } == pool.inputs["nodeConfig"]["reservationAffinity"]
    assert "placementPolicy" not in pool.inputs
    assert pool.options["deleteBeforeReplace"]
    assert {"strategy": "SURGE", "maxSurge": 0, "maxUnavailable": 1} == pool.inputs["upgradeSettings"]


@pytest.mark.parametrize("capacity", ["on-demand", "spot", "flex"])
def test_a_pool_without_a_reservation_leaves_those_of_others_alone(world: World, capacity: str) -> None:
    graph = world(with_pool(TRAIN, capacity_type=capacity, reservation=None))

    affinity = gpu_pool(graph).inputs["nodeConfig"]["reservationAffinity"]
    assert {"consumeReservationType": "NO_RESERVATION"} == affinity


def test_training_on_demand_is_packed(world: World) -> None:
    graph = world(with_pool(TRAIN, capacity_type="on-demand", reservation=None))

    assert {"type": "COMPACT"} == gpu_pool(graph).inputs["placementPolicy"]


def test_spot_says_so_and_nothing_else_does(world: World) -> None:
    spot = world(with_pool(TRAIN, capacity_type="spot", reservation=None))

    assert gpu_pool(spot).inputs["nodeConfig"]["spot"]
    assert "spot" not in gpu_pool(world()).inputs["nodeConfig"]


def test_flex_nodes_come_from_zero_and_go_after_seven_days(world: World) -> None:
    pool = gpu_pool(world(with_pool(TRAIN, capacity_type="flex", reservation=None))).inputs

    assert {"totalMinNodeCount": 0, "totalMaxNodeCount": 8, "locationPolicy": "ANY"} == pool["autoscaling"]
    assert "nodeCount" not in pool
    assert (True, "604800s") == (pool["nodeConfig"]["flexStart"], pool["nodeConfig"]["maxRunDuration"])
    assert not pool["management"]["autoRepair"]


def test_accelerators_drivers_and_disks_are_explicit(world: World) -> None:
    config = gpu_pool(world()).inputs["nodeConfig"]

    assert [
        {
            "type": "nvidia-h100-mega-80gb",
            "count": 8,
            "gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"},
        }
    ] == config["guestAccelerators"]
    assert {"localSsdCount": 16} == config["ephemeralStorageLocalSsdConfig"]
    assert [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}] == config["taints"]


def test_arm64_nodes_are_kept_from_pods_built_for_x86(world: World) -> None:
    arm = TRAIN.node_type.model_copy(update={"arch": "arm64"})

    config = gpu_pool(world(with_pool(TRAIN, node_type=arm))).inputs["nodeConfig"]
    assert {"architectureTaintBehavior": "ARM"} == config["taintConfig"]
    assert "taintConfig" not in gpu_pool(world()).inputs["nodeConfig"]


def test_gke_s_own_pods_have_nodes_without_a_taint(world: World) -> None:
    system = world().one(NODE_POOL, "gcp-euw4-system").inputs

    assert "taints" not in system["nodeConfig"]
    assert "guestAccelerators" not in system["nodeConfig"]


def test_the_site_says_how_a_pod_gets_the_fabric(declare: Declare) -> None:
    sites: list[Site] = []
    declare(lambda: sites.append(PROVIDER.declare_site(PLAN)))
    train = sites[0].pools["train"]

    assert {} == train.rdma_resources
    interfaces = train.pod_annotations["networking.gke.io/interfaces"]
    assert interfaces.startswith('[{"interfaceName": "eth0", "network": "default"}')
    assert '{"interfaceName": "eth8", "network": "vpc8"}' in interfaces
    assert "eth9" not in interfaces
    assert {"argosy.dev/node-pool": "train"} == train.node_selector
    assert (Toleration("nvidia.com/gpu", "present", "NoSchedule"),) == train.tolerations
    assert (8, 8) == (train.accelerators_per_node, train.nodes)


def test_a_pool_without_a_fabric_needs_no_annotation(declare: Declare) -> None:
    sites: list[Site] = []
    plain = load_catalog().instance_type("gcp", "a2-highgpu-8g")
    declare(lambda: sites.append(PROVIDER.declare_site(with_pool(TRAIN, node_type=plain))))

    assert {} == sites[0].pools["train"].pod_annotations


def test_the_kubeconfig_is_secret_and_holds_no_token(world: World) -> None:
    site = world().one("argosy:index:GcpSite")

    assert ("kubeconfig",) in site.secret_outputs
    assert site.outputs is not None
    assert "gke-gcloud-auth-plugin" in site.outputs["kubeconfig"]
    assert '"token"' not in site.outputs["kubeconfig"]


def test_a_preview_before_anything_exists_has_unknowns_and_the_whole_graph(world: World) -> None:
    preview, after = world(preview=True), world()

    assert [resource.urn for resource in after.resources] == [resource.urn for resource in preview.resources]
    assert UNKNOWN is gpu_pool(preview).inputs["cluster"]
    assert 8 == gpu_pool(preview).inputs["nodeCount"]


def test_two_runs_of_one_plan_declare_the_same(world: World) -> None:
    assert world().snapshot() == world().snapshot()


def test_a_new_pool_changes_no_resource_of_another(world: World) -> None:
    alone = {resource.urn: resource.inputs for resource in world(with_pool(TRAIN)).resources}
    both = {resource.urn: resource.inputs for resource in world().resources}

    for urn, inputs in alone.items():
        assert inputs == both[urn], urn


def test_a_plan_without_a_project_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="needs region, account, cidr"):
        world(replace(PLAN, account=None))
