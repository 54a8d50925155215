"""The graph of the ways to bare-metal halls, and of their machines in the cluster."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from argosy_aws.halls.nodes import declare_hybrid_nodes
from argosy_aws.halls.routes import declare_hybrid_routes
from argosy_aws.network.vpc import declare_network
from argosy_aws.scope import SiteScope
from argosy_component.contract import PeerPlan, SitePlan
from argosy_component.mock_engine import RegisteredResource, ResourceGraph, run_program

from ..aws_plans import aws_plan, site_settings
from .once import once

TRANSIT = "aws:ec2transitgateway"
GATEWAY = f"{TRANSIT}/transitGateway:TransitGateway"
ATTACHED = f"{TRANSIT}/vpcAttachment:VpcAttachment"
LOOKS_UP = f"{TRANSIT}/routeTableAssociation:RouteTableAssociation"
KNOWN_IN = f"{TRANSIT}/routeTablePropagation:RouteTablePropagation"
ROUTER = "aws:ec2/customerGateway:CustomerGateway"
VPN = "aws:ec2/vpnConnection:VpnConnection"
ROUTE = "aws:ec2/route:Route"
DIRECT = "aws:directconnect/gateway:Gateway"
PORT = "aws:directconnect/transitVirtualInterface:TransitVirtualInterface"
ALLOWED = "aws:directconnect/gatewayAssociation:GatewayAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
RESOLVER = "aws:route53/resolverEndpoint:ResolverEndpoint"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ANCHOR = "aws:rolesanywhere/trustAnchor:TrustAnchor"
PROFILE = "aws:rolesanywhere/profile:Profile"
ACTIVATION = "aws:ssm/activation:Activation"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ROLE = "aws:iam/role:Role"

PLAN = aws_plan(
    peers=(PeerPlan("bergen", "metal", cidr="10.50.0.0/16"), PeerPlan("oslo", "metal", cidr="10.48.0.0/16")),
)
EAST = {"location": "east room", "address": "8.8.4.4", "asn": 65010}
WEST = {"location": "west room", "address": "8.8.8.8", "asn": 65010}
DX = {"location": "west room", "connection": "dxcon-fh6ayh1d", "vlan": 101, "asn": 65010}
OTHER_DX = {"location": "east room", "connection": "dxlag-fh6ayh2e", "vlan": 102, "asn": 4_200_000_100}
JOINS = {"pods": "10.49.0.0/16", "certificate_authority": "ca.pem"}
SSM = {"pods": "10.49.0.0/16", "through": "ssm", "machines": 4, "expires": "2027-03-20T12:00+01:00"}
CERTIFICATE = (Path(__file__).parents[1] / "fixtures/fleets/oslo-ca.pem").read_text(encoding="utf-8")

# What AWS computes and the rest of the graph feeds on.
OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    VPN: {
        "transitGatewayAttachmentId": "tgw-attach-vpn",
        "tunnel1Address": "192.0.2.1",
        "tunnel2Address": "192.0.2.2",
        "presharedKeyArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:s2svpn",
        "tunnel1PresharedKey": "not-for-eyes-1",
        "tunnel2PresharedKey": "not-for-eyes-2",
        "customerGatewayConfiguration": "<vpn_connection>not-for-eyes-3</vpn_connection>",
    },
    ALLOWED: {"transitGatewayAttachmentId": "tgw-attach-direct"},
    PORT: {"bgpAuthKey": "not-for-eyes-4"},
    ACTIVATION: {"activationCode": "not-for-eyes-5"},
}
World = Callable[..., ResourceGraph]


class Halls(pulumi.ComponentResource):
    """Shows what was handed back: as its outputs."""

    def __init__(self, links: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
        super().__init__("argosy:test:Halls", "halls")
        self.register_outputs({"links": links, "nodes": nodes})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The network of a site with its ways to halls, and the halls' machines in its cluster."""
    root = tmp_path_factory.mktemp("project")
    # What stands around the certificate, and how its lines end, is nobody's business but the file's.
    noted = f"# for oslo\n{CERTIFICATE}the safe: hunter2\n".replace("\n", "\r\n")
    (root / "ca.pem").write_text(noted, encoding="utf-8", newline="")

    @once
    def make(
        settings: Mapping[str, Any] | None = None, *, plan: SitePlan = PLAN, **halls: Any
    ) -> ResourceGraph:
        model = site_settings(halls=halls, **(settings or {}))
        plan = replace(plan, settings=model, root=str(root))

        def program() -> None:
            scope = SiteScope.of(plan, pulumi.ResourceOptions())
            network = declare_network(scope, ["use1-az4", "use1-dfw2-az1"])
            routes = declare_hybrid_routes(scope, network)
            cluster = aws.eks.Cluster(
                "cluster",
                role_arn="arn:aws:iam::111122223333:role/cluster",
                vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=[]),
            )
            Halls(routes, declare_hybrid_nodes(scope, cluster))

        return run_program(program, outputs=OUTPUTS)

    return make


def handed_back(graph: ResourceGraph) -> Mapping[str, Any]:
    outputs = graph.one("argosy:test:Halls").outputs
    assert outputs is not None
    return outputs


def secret_outputs(resource: RegisteredResource) -> set[str]:
    return set(resource.options["additionalSecretOutputs"])


def kinds(graph: ResourceGraph) -> set[str]:
    return {resource.type for resource in graph.resources}


def test_without_a_hall_nothing_of_it_is_declared(world: World) -> None:
    found = kinds(world())

    assert not {type_ for type_ in found if type_.startswith((TRANSIT, "aws:directconnect", "aws:route53"))}
    assert not {ROUTER, VPN, ROUTE, ANCHOR, PROFILE, ACTIVATION, ENTRY} & found


def test_a_hall_with_vpns_alone_has_no_direct_connect(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST]})

    assert 2 == len(graph.of_type(VPN))
    assert not {DIRECT, PORT, ALLOWED} & kinds(graph)


def test_a_hall_with_direct_connect_alone_has_no_vpn_and_no_log_of_tunnels(world: World) -> None:
    graph = world(oslo={"direct_connect": [DX, OTHER_DX]})

    assert 2 == len(graph.of_type(PORT))
    assert 1 == len(graph.of_type(DIRECT)) == len(graph.of_type(ALLOWED))
    assert not {VPN, ROUTER} & kinds(graph)
    assert ["aws-use1-flows"] == [group.name for group in graph.of_type("aws:cloudwatch/logGroup:LogGroup")]


def test_of_two_halls_only_the_one_that_joins_gets_nodes_and_a_route_to_its_pods(world: World) -> None:
    graph = world(oslo={"vpn": [EAST], "direct_connect": [DX], "joins": JOINS}, bergen={"vpn": [WEST]})

    assert {
        "aws-use1-oslo-machines": "10.48.0.0/16",
        "aws-use1-oslo-pods": "10.49.0.0/16",
        "aws-use1-bergen-machines": "10.50.0.0/16",
    } == {route.name: route.inputs["destinationCidrBlock"] for route in graph.of_type(ROUTE)}
    assert "aws-use1-oslo-node" == graph.one(ENTRY).name
    assert {"oslo"} == set(handed_back(graph)["nodes"])


def test_every_attachment_is_put_into_a_table_by_name_and_halls_never_see_each_other(world: World) -> None:
    graph = world(oslo={"vpn": [EAST], "direct_connect": [DX]}, bergen={"vpn": [WEST]})
    gateway = graph.one(GATEWAY).inputs

    assert ("disable", "disable", "disable", "enable") == (
        gateway["defaultRouteTableAssociation"],
        gateway["defaultRouteTablePropagation"],
        gateway["autoAcceptSharedAttachments"],
        gateway["dnsSupport"],
    )
    from_halls, from_site = "routetable-aws-use1-from-halls", "routetable-aws-use1-from-site"
    table = "transitGatewayRouteTableId"
    looks_up = {one.name: one.inputs[table] for one in graph.of_type(LOOKS_UP)}
    known_in = {one.name: one.inputs[table] for one in graph.of_type(KNOWN_IN)}
    assert (from_site, from_halls) == (looks_up.pop("aws-use1-site"), known_in.pop("aws-use1-site"))
    assert 3 == len(looks_up) == len(known_in)
    assert {from_halls} == set(looks_up.values())
    assert {from_site} == set(known_in.values())


def test_the_site_is_attached_in_every_zone_and_in_no_local_zone(world: World) -> None:
    attached = world(oslo={"vpn": [EAST, WEST]}).one(ATTACHED).inputs

    assert [
        "subnet-aws-use1-control-use1-az1",
        "subnet-aws-use1-control-use1-az2",
        "subnet-aws-use1-transit-use1-az4",
    ] == attached["subnetIds"]
    assert (False, False) == (
        attached["transitGatewayDefaultRouteTableAssociation"],
        attached["transitGatewayDefaultRouteTablePropagation"],
    )


def test_a_route_waits_for_the_attachment_it_leads_through(world: World) -> None:
    route = world(oslo={"vpn": [EAST, WEST]}).one(ROUTE)

    assert ("routetable-aws-use1-private", "transitgateway-aws-use1-halls") == (
        route.inputs["routeTableId"],
        route.inputs["transitGatewayId"],
    )
    assert any("::aws-use1-site" in urn for urn in route.options["dependsOn"])


def test_both_tunnels_take_strong_ciphers_and_write_what_they_do(world: World) -> None:
    vpn = world(oslo={"vpn": [EAST, WEST]}).one(VPN, "aws-use1-oslo-vpn-8-8-4-4").inputs

    for tunnel in ("tunnel1", "tunnel2"):
        assert ["ikev2"] == vpn[f"{tunnel}IkeVersions"]
        assert ["AES256-GCM-16"] == vpn[f"{tunnel}Phase1EncryptionAlgorithms"]
        assert [20, 21] == vpn[f"{tunnel}Phase2DhGroupNumbers"]
        written = vpn[f"{tunnel}LogOptions"]["cloudwatchLogOptions"]
        assert (True, "json") == (written["logEnabled"], written["logOutputFormat"])
        assert written["logGroupArn"].endswith("/aws-use1-tunnels")
    assert not vpn["staticRoutesOnly"]


def test_the_log_of_tunnels_is_encrypted_with_the_network_s_key_which_knows_it(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST]})
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "aws-use1-tunnels").inputs

    assert group["kmsKeyId"].endswith("key/aws-use1-network-logs")
    policy = graph.one("aws:kms/key:Key", "aws-use1-network-logs").inputs["policy"]
    assert f"log-group:{group['name']}" in policy


def test_no_key_of_a_tunnel_is_given_in_or_stands_in_plain(world: World) -> None:
    vpn = world(oslo={"vpn": [EAST, WEST]}).one(VPN, "aws-use1-oslo-vpn-8-8-4-4")

    assert "SecretsManager" == vpn.inputs["presharedKeyStorage"]
    assert not {"tunnel1PresharedKey", "tunnel2PresharedKey"} & set(vpn.inputs)
    assert {"customerGatewayConfiguration", "tunnel1PresharedKey", "tunnel2PresharedKey"} <= secret_outputs(
        vpn
    )


@pytest.mark.parametrize(
    ("asn", "fields"),
    [
        (65_010, {"bgpAsn": "65010"}),
        (2_147_483_647, {"bgpAsn": "2147483647"}),
        (2_147_483_648, {"bgpAsnExtended": "2147483648"}),
    ],
)
def test_a_long_number_of_a_router_goes_into_the_field_that_takes_it(
    world: World, asn: int, fields: dict[str, str]
) -> None:
    router = world(oslo={"vpn": [{**EAST, "asn": asn}, WEST]}).one(ROUTER, "aws-use1-oslo-vpn-8-8-4-4").inputs

    assert fields == {key: value for key, value in router.items() if key.startswith("bgpAsn")}
    assert ("8.8.4.4", "ipsec.1") == (router["ipAddress"], router["type"])


def test_a_port_carries_jumbo_frames_and_the_site_s_range_alone(world: World) -> None:
    graph = world(oslo={"direct_connect": [DX, OTHER_DX]})
    port = graph.one(PORT, "aws-use1-oslo-dxlag-fh6ayh2e-102")

    assert ("dxlag-fh6ayh2e", 102, "4200000100", 8500, "ipv4") == tuple(
        port.inputs[field] for field in ("connectionId", "vlan", "bgpAsnLong", "mtu", "addressFamily")
    )
    assert "bgpAuthKey" not in port.inputs
    assert "bgpAuthKey" in secret_outputs(port)
    assert ["10.16.0.0/16"] == graph.one(ALLOWED).inputs["allowedPrefixes"]


def test_the_two_gateways_have_numbers_of_their_own(world: World) -> None:
    graph = world({"transit_gateway_asn": 65_000}, oslo={"direct_connect": [DX, OTHER_DX]})

    assert 65_000 == graph.one(GATEWAY).inputs["amazonSideAsn"]
    assert "65001" == graph.one(DIRECT).inputs["amazonSideAsn"]


def test_a_linked_hall_reaches_the_services_of_aws_by_name_and_without_the_internet(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST]})
    s3 = graph.one(ENDPOINT, "aws-use1-s3-halls")

    assert "Interface" == s3.inputs["vpcEndpointType"]
    assert {"privateDnsOnlyForInboundResolverEndpoint": True} == s3.inputs["dnsOptions"]
    assert any("::aws-use1-s3" in urn for urn in s3.options["dependsOn"])
    assert graph.one(ENDPOINT, "aws-use1-rolesanywhere").inputs["privateDnsEnabled"]
    assert "INBOUND" == graph.one(RESOLVER).inputs["direction"]
    assert 2 == len(graph.one(RESOLVER).inputs["ipAddresses"])
    let_in = {
        (rule.inputs["securityGroupId"], rule.inputs["ipProtocol"], rule.inputs["toPort"])
        for rule in graph.of_type(INGRESS)
        if rule.inputs.get("cidrIpv4") == "10.48.0.0/16"
    }
    assert {
        ("securitygroup-aws-use1-endpoints", "tcp", 443),
        ("securitygroup-aws-use1-resolver", "tcp", 53),
        ("securitygroup-aws-use1-resolver", "udp", 53),
    } == let_in


def test_what_the_hall_s_side_is_set_up_with_is_handed_back_and_is_no_secret(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST]})
    links = handed_back(graph)["links"]

    assert "192.0.2.1" == links["oslo-vpn-8-8-4-4-tunnel-1"]
    assert links["oslo-vpn-8-8-4-4-keys"].startswith("arn:aws:secretsmanager:")
    assert not graph.one("argosy:test:Halls").secret_outputs


@pytest.mark.parametrize(
    ("fewer", "gone"),
    [
        ({"vpn": [WEST], "direct_connect": [DX, OTHER_DX]}, "vpn-8-8-4-4"),
        ({"vpn": [EAST, WEST], "direct_connect": [OTHER_DX]}, "dxcon-fh6ayh1d-101"),
    ],
)
def test_removing_one_end_touches_nothing_else(world: World, fewer: dict[str, Any], gone: str) -> None:
    before = {
        one.urn: one.inputs
        for one in world(oslo={"vpn": [EAST, WEST], "direct_connect": [DX, OTHER_DX]}).resources
    }
    after = {one.urn: one.inputs for one in world(oslo=fewer).resources}

    assert after == {urn: before[urn] for urn in after}
    assert set(before) - set(after)
    assert all(gone in urn for urn in set(before) - set(after))


def test_removing_one_hall_touches_nothing_of_another(world: World) -> None:
    oslo = {"vpn": [EAST], "direct_connect": [DX], "joins": JOINS}
    both, alone = world(oslo=oslo, bergen={"vpn": [WEST]}), world(oslo=oslo)
    before = {one.urn: one.inputs for one in both.resources}

    for one in alone.resources:
        assert before[one.urn] == one.inputs, one.urn


def test_a_machine_proves_itself_by_a_certificate_of_the_hall_s_own_authority(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST], "joins": JOINS})
    anchor, profile = graph.one(ANCHOR).inputs, graph.one(PROFILE).inputs

    assert {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": CERTIFICATE}} == anchor[
        "source"
    ]
    assert (True, True) == (anchor["enabled"], profile["enabled"])
    assert profile["acceptRoleSessionName"]
    assert 3600 == profile["durationSeconds"]
    trust = json.loads(graph.one(ROLE, "aws-use1-oslo-node").inputs["assumeRolePolicy"])
    arns = {rule["Condition"]["ArnEquals"]["aws:SourceArn"] for rule in trust["Statement"]}
    assert 1 == len(arns)
    assert arns.pop().endswith("/aws-use1-oslo")
    assert not graph.of_type(ACTIVATION)


def test_a_private_ca_is_named_and_no_file_is_read(world: World) -> None:
    arn = "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/12345678-1234-1234-1234-123456789012"
    joins = {**JOINS, "certificate_authority": arn}

    source = world(oslo={"vpn": [EAST, WEST], "joins": joins}).one(ANCHOR).inputs["source"]
    assert {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": arn}} == source


def test_a_hybrid_node_may_pull_images_and_read_about_its_cluster_and_nothing_else(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST], "joins": JOINS})
    attached = [
        one.inputs["policyArn"].rpartition("/")[2]
        for one in graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    ]
    inline = [one.name for one in graph.of_type("aws:iam/rolePolicy:RolePolicy") if "oslo" in one.name]

    assert ["AmazonEC2ContainerRegistryPullOnly"] == attached
    assert ["aws-use1-oslo-node-cluster"] == inline


def test_the_cluster_takes_hybrid_nodes_by_their_hall_s_role(world: World) -> None:
    entry = world(oslo={"vpn": [EAST, WEST], "joins": JOINS}).one(ENTRY).inputs

    assert "HYBRID_LINUX" == entry["type"]
    assert entry["principalArn"].endswith("role/aws-use1-oslo-node")


def test_an_activation_ends_and_registers_no_more_than_it_should(world: World) -> None:
    activation = world(oslo={"vpn": [EAST, WEST], "joins": SSM}).one(ACTIVATION)

    assert (4, "2027-03-20T11:00:00Z") == (
        activation.inputs["registrationLimit"],
        activation.inputs["expirationDate"],
    )
    cluster = "arn:aws:eks:us-east-1:111122223333:cluster/prod-aws-use1"
    assert cluster == activation.inputs["tags"]["EKSClusterARN"]
    assert any("AmazonSSMManagedInstanceCore" in urn for urn in activation.options["dependsOn"])


def test_the_code_of_an_activation_stands_nowhere_in_plain(world: World) -> None:
    graph = world(oslo={"vpn": [EAST, WEST], "joins": SSM})

    assert "activationCode" in secret_outputs(graph.one(ACTIVATION))
    assert "not-for-eyes-5" == handed_back(graph)["nodes"]["oslo"]["activationCode"]
    secret = {path[:3] for path in graph.one("argosy:test:Halls").secret_outputs}
    assert {("nodes", "oslo", "activationCode"), ("nodes", "oslo", "nodeConfig")} <= secret


def test_nothing_secret_is_shown_of_any_resource(world: World) -> None:
    graph = world(
        oslo={"vpn": [EAST, WEST], "direct_connect": [DX], "joins": SSM},
        bergen={"direct_connect": [OTHER_DX]},
    )

    assert "not-for-eyes" not in json.dumps(graph.snapshot())


def test_the_longest_names_are_ones_that_aws_takes(world: World) -> None:
    """Limits: IAM CreateRole; Route 53 CreateResolverEndpoint; Direct Connect NewTransitVirtualInterface."""
    plan = replace(
        PLAN, fleet="f" * 40, name="s" * 40, peers=(PeerPlan("h" * 40, "metal", cidr="10.48.0.0/16"),)
    )
    link = {"vpn": [EAST], "direct_connect": [{**DX, "vlan": 4094}], "joins": JOINS}

    graph = world(plan=plan, **{"h" * 40: link})
    added = len("-0123abc")
    [role] = [one for one in graph.of_type(ROLE) if "-flows" not in one.name]
    assert len(role.name) + added <= 64
    assert len(graph.one(RESOLVER).inputs["name"]) <= 64
    assert len(graph.one(PORT).inputs["name"]) <= 100
    assert len(graph.one(DIRECT).inputs["name"]) <= 100
    assert len(graph.one(ANCHOR).inputs["name"]) <= 255


def test_the_node_config_names_what_was_declared(world: World) -> None:
    nodes = handed_back(world(oslo={"vpn": [EAST, WEST], "joins": JOINS}))["nodes"]["oslo"]

    for key in ("trustAnchorArn", "profileArn", "roleArn"):
        assert nodes[key] in nodes["nodeConfig"]
    assert 'name: "prod-aws-use1"' in nodes["nodeConfig"]


def test_a_hall_without_an_authority_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="needs a certificate_authority"):
        world(oslo={"vpn": [EAST, WEST], "joins": {"pods": "10.49.0.0/16"}})
