import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from ruamel.yaml import YAML

import argosy_aws
from argosy_aws.halls.choice import (
    NODE_NAME,
    ActivationCredentials,
    CertificateCredentials,
    HybridRoutes,
    RemoteNetworks,
    choose_direct_connect_asn,
    choose_hybrid_routes,
    choose_remote_networks,
    choose_tunnel,
    hybrid_node_config,
)
from argosy_aws.halls.facts import load_hybrid_facts
from argosy_aws.settings import AwsSiteSettings, DirectConnectPort, HallSettings, JoinSettings, VpnEndpoint
from argosy_component.contract import PeerPlan, SitePlan

from ..aws_plans import aws_plan

EAST = VpnEndpoint(location="east room", address="8.8.4.4", asn=65_010)
WEST = VpnEndpoint(location="west room", address="8.8.8.8", asn=65_010)
PORT = DirectConnectPort(location="west room", connection="dxcon-fh6ayh1d", vlan=101, asn=65_010)
OSLO = HallSettings(
    vpn=(EAST,),
    direct_connect=(PORT,),
    joins=JoinSettings(pods="10.49.0.0/16", certificate_authority="ca.pem"),
)
BERGEN = HallSettings(vpn=(WEST,))
PLAN = aws_plan(
    peers=(
        PeerPlan("bergen", "metal", cidr="10.50.0.0/16"),
        PeerPlan("oslo", "metal", cidr="10.48.0.0/16"),
        PeerPlan("vardo", "metal"),
    ),
)


def plan(**halls: HallSettings) -> SitePlan:
    return replace(PLAN, settings=AwsSiteSettings(halls=halls))


def test_only_halls_that_join_are_remote_networks() -> None:
    assert RemoteNetworks(nodes=("10.48.0.0/16",), pods=("10.49.0.0/16",)) == choose_remote_networks(
        plan(oslo=OSLO, bergen=BERGEN)
    )
    assert not choose_remote_networks(plan(bergen=BERGEN))
    assert not choose_remote_networks(PLAN)


def test_halls_that_join_are_in_the_order_of_their_names() -> None:
    bergen = HallSettings(vpn=(WEST,), joins=JoinSettings(pods="10.51.0.0/16"))

    assert ("10.50.0.0/16", "10.48.0.0/16") == choose_remote_networks(plan(oslo=OSLO, bergen=bergen)).nodes


@pytest.mark.parametrize("hall", ["vardo", "kirkenes"])
def test_a_hall_without_a_range_or_outside_the_fleet_is_refused(hall: str) -> None:
    with pytest.raises(ValueError, match=hall):
        choose_hybrid_routes(plan(**{hall: OSLO}))


def test_no_hall_is_no_route() -> None:
    assert not choose_hybrid_routes(PLAN)


def names(routes: HybridRoutes) -> set[str]:
    return {one.name for one in (*routes.vpns, *routes.ports, *routes.routes)}


def test_a_hall_s_pods_have_a_route_when_it_joins() -> None:
    routes = choose_hybrid_routes(plan(oslo=OSLO, bergen=BERGEN))

    assert {
        "bergen-machines": "10.50.0.0/16",
        "oslo-machines": "10.48.0.0/16",
        "oslo-pods": "10.49.0.0/16",
    } == {route.name: route.cidr for route in routes.routes}


def test_removing_one_end_leaves_the_names_of_the_others() -> None:
    both = choose_hybrid_routes(plan(oslo=replace_links(vpn=(EAST, WEST))))

    assert names(choose_hybrid_routes(plan(oslo=replace_links(vpn=(WEST,))))) < names(both)
    assert names(choose_hybrid_routes(plan(oslo=replace_links(vpn=(EAST, WEST), direct_connect=())))) < names(
        both
    )


def replace_links(**links: Any) -> HallSettings:
    return OSLO.model_copy(update=links)


def test_two_routers_in_one_room_have_names_of_their_own() -> None:
    twin = EAST.model_copy(update={"address": "9.9.9.9"})

    assert 2 == len(
        {vpn.name for vpn in choose_hybrid_routes(plan(oslo=replace_links(vpn=(EAST, twin)))).vpns}
    )


@pytest.mark.parametrize(
    ("transit", "direct"), [(64_512, 64_513), (65_534, 65_533), (4_294_967_294, 4_294_967_293)]
)
def test_the_direct_connect_gateway_has_a_private_number_of_its_own(transit: int, direct: int) -> None:
    assert direct == choose_direct_connect_asn(transit)
    assert load_hybrid_facts().is_gateway_asn(direct)


def test_a_tunnel_takes_no_cipher_that_is_weak() -> None:
    tunnel = choose_tunnel()

    assert ["ikev2"] == tunnel["ike_versions"]
    for phase in (1, 2):
        assert ["AES256-GCM-16"] == tunnel[f"phase{phase}_encryption_algorithms"]
        # 22, 23 and 24 are numbered above the strong curves, and are weaker.
        assert [20, 21] == tunnel[f"phase{phase}_dh_group_numbers"]
        assert not any("SHA1" in name for name in tunnel[f"phase{phase}_integrity_algorithms"])


def test_every_value_of_a_tunnel_is_one_that_ec2_names() -> None:
    ec2: Any = botocore.session.Session().get_service_model("ec2")  # pyright: ignore[reportUnknownMemberType]
    model = ec2.shape_for("VpnTunnelOptionsSpecification")
    fields: dict[str, Any] = {name.lower(): member for name, member in model.members.items()}

    for name, value in choose_tunnel().items():
        field = fields[name.replace("_", "")]
        words: Any = [value] if isinstance(value, (str, bool)) else value
        for word in words:
            assert isinstance(word, bool) or str(word) in field.documentation, (name, word)


def test_a_machine_with_a_certificate_is_told_whose_anchor_profile_and_role() -> None:
    text = hybrid_node_config("prod-aws-use1", "us-east-1", "oslo", CertificateCredentials("a", "p", "r"))

    assert {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "cluster": {"name": "prod-aws-use1", "region": "us-east-1"},
            "kubelet": {"flags": ["--node-labels=topology.kubernetes.io/zone=oslo"]},
            "hybrid": {
                "iamRolesAnywhere": {
                    "nodeName": NODE_NAME,
                    "trustAnchorArn": "a",
                    "profileArn": "p",
                    "roleArn": "r",
                    "certificatePath": "/etc/iam/pki/server.pem",
                    "privateKeyPath": "/etc/iam/pki/server.key",
                }
            },
        },
    } == read(text)


def test_a_machine_without_a_certificate_is_told_its_activation_whatever_signs_the_code_holds() -> None:
    code = 'a"b: #{\\'
    text = hybrid_node_config("prod", "us-east-1", "oslo", ActivationCredentials("id-1", code))

    assert {"ssm": {"activationId": "id-1", "activationCode": code}} == read(text)["spec"]["hybrid"]


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]


def test_deciding_imports_no_sdk() -> None:
    program = (
        "import sys, argosy_aws.halls.choice, argosy_aws.halls.refusals\n"
        "print([name for name in sys.modules if name.startswith('pulumi')])"
    )

    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert "[]" == run.stdout.strip()


@pytest.mark.parametrize("name", ["halls/halls.yaml", "network/local_zones.yaml"])
def test_every_fact_says_where_it_is_from_and_since_when(name: str) -> None:
    content = read(Path(argosy_aws.__file__).parent.joinpath(name).read_text(encoding="utf-8"))
    sources = content.pop("sources", None) or {"zones": content.pop("source")}

    assert set(content) == set(sources)
    assert all({"source", "url", "as_of", "confidence"} == set(source) for source in sources.values())


def test_what_aws_advises_for_an_uplink_is_what_the_facts_say() -> None:
    facts = load_hybrid_facts()

    assert (100, 200) == (facts.least_mbps, facts.longest_rtt_ms)


@pytest.mark.parametrize(("asn", "legal"), [(64_511, False), (64_512, True), (65_534, True), (65_535, False)])
def test_a_gateway_s_number_is_a_private_one(asn: int, legal: bool) -> None:
    assert legal is load_hybrid_facts().is_gateway_asn(asn)
