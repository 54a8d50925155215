"""What a whole site hands to its halls: the links that the network towards them made."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from argosy_aws.descriptor import PROVIDER
from argosy_component.contract import PeerPlan
from argosy_component.mock_engine import run_program

from ..aws_plans import aws_plan, site_settings

RESOLVER = "aws:route53/resolverEndpoint:ResolverEndpoint"
ROUTERS = [
    {"location": "east room", "address": "8.8.4.4", "asn": 65010},
    {"location": "west room", "address": "8.8.8.8", "asn": 65010},
]
PLAN = aws_plan(
    peers=(PeerPlan("oslo", "metal", cidr="10.48.0.0/16"),),
    settings=site_settings(halls={"oslo": {"vpn": ROUTERS}}),
)


@pytest.fixture(scope="module")
def links() -> Mapping[str, Any]:
    """The links of a site with one hall, whose DNS AWS answers at two addresses."""

    def program() -> None:
        for name, value in PROVIDER.declare_site(PLAN).links.items():
            pulumi.export(name, value)

    # AWS tells them in no order, and one that is not up yet has none.
    told = [{"ip": "10.16.9.7"}, {"ip": "10.16.1.4"}, {"subnetId": "subnet-3"}]
    return run_program(program, outputs={RESOLVER: {"ipAddresses": told}}).outputs


def test_a_site_hands_on_where_its_tunnels_to_a_hall_end(links: Mapping[str, Any]) -> None:
    for router in ("8-8-4-4", "8-8-8-8"):
        tunnels = [links[f"oslo-vpn-{router}-tunnel-{number}"] for number in (1, 2)]

        assert ["192.0.2.1", "192.0.2.2"] == tunnels
        assert f"oslo-vpn-{router}-keys" in links


def test_the_links_of_halls_stand_beside_those_of_the_site(links: Mapping[str, Any]) -> None:
    assert {"clusterName", "vpcId", "dns"} <= set(links)


def test_the_addresses_of_the_site_s_dns_are_one_text_with_commas_sorted(links: Mapping[str, Any]) -> None:
    assert "10.16.1.4,10.16.9.7" == links["dns"]
