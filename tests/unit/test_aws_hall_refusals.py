"""What AWS would reject about the halls of a site: each rule, and its absence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from argosy.errors import Fault
from argosy.spec.loader import load_spec
from argosy_aws.halls.refusals import refuse_halls

Refused = Callable[..., list[Fault]]

VPN = {"location": "east room", "address": "8.8.4.4", "asn": 65010}
OTHER_VPN = {"location": "west room", "address": "8.8.8.8", "asn": 65010}
PORT = {"location": "west room", "connection": "dxcon-fh6ayh1d", "vlan": 101, "asn": 65010}
JOINS = {"pods": "10.49.0.0/16", "certificate_authority": "ca.pem"}
SSM = {"pods": "10.49.0.0/16", "through": "ssm", "machines": 2, "expires": "2027-03-20T00:00Z"}
EAST = {"name": "east", "kind": "fibre", "mbps": 100, "rtt_ms": 200, "carrier": "one", "conduit": "east duct"}
WEST = {"name": "west", "kind": "leo", "mbps": 200, "rtt_ms": 45, "carrier": "two"}
INVENTORY = {
    "version": 1,
    "site": "oslo",
    "server_type": "dgx-h200",
    "credentials": {"username": "env:USERNAME", "password": "env:PASSWORD"},
    "servers": [
        {"serial": f"OSL{n}", "bmc": f"https://bmc-{n}.oslo.example", "rack": "r1", "feeds": ["a"]}
        for n in (1, 2)
    ],
}
CERTIFICATE = (Path(__file__).parents[1] / "fixtures/fleets/oslo-ca.pem").read_text(encoding="utf-8")
HALL = {
    "provider": "metal",
    "cidr": "10.48.0.0/16",
    "inventory": "oslo.yaml",
    "power": {"feeds": [{"name": "a", "rated_kw": 60}]},
    "uplinks": [EAST, WEST],
    "claims": {"path": "claims.sqlite"},
    "phone_home": "https://provision.oslo.example/phone-home",
    "node_pools": {
        "serve": {
            "server_type": "dgx-h200",
            "role": "inference",
            "nodes": 2,
            "image": {"url": "https://provision.oslo.example/node.iso", "sha256": "0" * 64},
        }
    },
}
POOL = {
    "instance_type": "p5en.48xlarge",
    "zone": "use1-az4",
    "role": "inference",
    "nodes": 2,
    "capacity": {"type": "on-demand"},
}
CLOUD = {
    "provider": "aws",
    "region": "us-east-1",
    "account": "111122223333",
    "cidr": "10.16.0.0/16",
    "node_pools": {"serve": POOL},
}


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Faults of a fleet of a cloud region and a hall that is linked to it, sound but for the changes."""

    def faults(
        link: dict[str, Any] | None = None,
        *,
        site: str = "cloud",
        hall: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        others: dict[str, Any] | None = None,
        risk_groups: dict[str, Any] | None = None,
    ) -> list[Fault]:
        linked = {"halls": {"oslo": {"vpn": [VPN], "direct_connect": [PORT], **(link or {})}}}
        fleet = {
            "version": 1,
            "name": "lab",
            "sites": {
                "cloud": {**CLOUD, "settings": {**linked, **(settings or {})}},
                "oslo": {key: value for key, value in {**HALL, **(hall or {})}.items() if value is not None},
                **(others or {}),
            },
            "risk_groups": risk_groups or {},
        }
        (tmp_path / "oslo.yaml").write_text(json.dumps(INVENTORY), encoding="utf-8")
        (tmp_path / "ca.pem").write_text(CERTIFICATE, encoding="utf-8")
        (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
        # JSON is YAML.
        (tmp_path / "lab.yaml").write_text(json.dumps(fleet, indent=1), encoding="utf-8")
        return list(refuse_halls(site, load_spec(str(tmp_path / "lab.yaml"), tmp_path)))

    return faults


def only(faults: list[Fault]) -> Fault:
    assert 1 == len(faults), [str(fault) for fault in faults]
    assert faults[0].line
    return faults[0]


@pytest.mark.parametrize("joins", [None, JOINS, SSM])
def test_a_sound_hall_is_not_refused(refused: Refused, joins: dict[str, Any] | None) -> None:
    assert [] == refused({"joins": joins} if joins else None)


@pytest.mark.parametrize(
    ("links", "given"),
    [
        ({"vpn": [], "direct_connect": []}, "no link"),
        ({"vpn": [VPN], "direct_connect": []}, "one location, east room"),
        ({"vpn": [OTHER_VPN]}, "one location, west room"),
    ],
)
def test_a_hall_reached_through_fewer_than_two_locations_is_refused(
    refused: Refused, links: dict[str, Any], given: str
) -> None:
    fault = only(refused(links))

    assert "sites.cloud.settings.halls.oslo" == fault.path
    assert given in fault.given
    assert "two locations" in fault.expected


def test_two_vpns_or_two_ports_in_two_locations_are_enough(refused: Refused) -> None:
    assert [] == refused({"vpn": [VPN, OTHER_VPN], "direct_connect": []})
    assert [] == refused(
        {"vpn": [], "direct_connect": [PORT, {**PORT, "location": "east room", "vlan": 102}]}
    )


@pytest.mark.parametrize(
    ("name", "given"),
    [("bergen", "bergen, which is not in the fleet"), ("cloud", "no hall but a cloud region")],
)
def test_a_hall_that_is_none_of_the_fleet_s_is_refused(refused: Refused, name: str, given: str) -> None:
    halls = {"halls": {name: {"vpn": [VPN], "direct_connect": [PORT]}}}

    fault = only(refused(settings=halls))
    assert given in fault.given
    assert "oslo" in fault.expected


def test_a_hall_without_a_range_is_refused(refused: Refused) -> None:
    assert "no range" in only(refused(hall={"cidr": None})).given


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.0.1",
        "192.0.0.9",
        "192.0.0.200",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.5",
        "232.1.1.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "999.1.1.1",
        "8.8.4.04",
    ],
)
def test_a_router_without_a_public_address_is_refused(refused: Refused, address: str) -> None:
    fault = only(refused({"vpn": [{**VPN, "address": address}]}))

    assert "sites.cloud.settings.halls.oslo.vpn[0].address" == fault.path
    assert "public IPv4" in fault.expected


@pytest.mark.parametrize(
    ("links", "path", "given"),
    [
        ({"vpn": [VPN, {**OTHER_VPN, "address": "8.8.4.4"}]}, "vpn[1].address", "8.8.4.4, as at"),
        (
            {"direct_connect": [PORT, {**PORT, "location": "north room"}]},
            "direct_connect[1].vlan",
            "VLAN 101 of dxcon-fh6ayh1d",
        ),
    ],
)
def test_one_end_of_two_links_is_refused(
    refused: Refused, links: dict[str, Any], path: str, given: str
) -> None:
    fault = only(refused(links))

    assert f"sites.cloud.settings.halls.oslo.{path}" == fault.path
    assert given in fault.given


def test_two_halls_may_not_share_an_end(refused: Refused, tmp_path: Path) -> None:
    halls = {
        "oslo": {"vpn": [VPN], "direct_connect": [PORT]},
        "bergen": {"vpn": [OTHER_VPN], "direct_connect": [{**PORT, "location": "north room"}]},
    }

    fault = only(refused(settings={"halls": halls}, others=second_hall(tmp_path)))
    assert "sites.cloud.settings.halls.oslo.direct_connect[0].vlan" == fault.path
    assert "halls.bergen.direct_connect[0].vlan" in fault.given


def test_a_site_that_names_no_hall_has_no_fault_and_neither_has_a_hall(refused: Refused) -> None:
    assert [] == refused(settings={"halls": {}})
    assert [] == refused({"vpn": []}, site="oslo")


@pytest.mark.parametrize("asn", [65_535, 100_000, 4_199_999_999])
def test_a_gateway_takes_private_numbers_only(refused: Refused, asn: int) -> None:
    fault = only(refused(settings={"transit_gateway_asn": asn}))

    assert "sites.cloud.settings.transit_gateway_asn" == fault.path
    assert "64512 to 65534" in fault.expected


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({"vpn": [{**VPN, "asn": 64_512}]}, "vpn[0].asn"),
        ({"direct_connect": [{**PORT, "asn": 64_513}]}, "direct_connect[0].asn"),
    ],
)
def test_a_router_with_the_number_of_its_peer_is_refused(
    refused: Refused, links: dict[str, Any], path: str
) -> None:
    assert f"sites.cloud.settings.halls.oslo.{path}" == only(refused(links)).path


def test_a_hall_that_joins_without_a_link_is_refused(refused: Refused) -> None:
    fault = only(refused({"vpn": [], "direct_connect": [], "joins": JOINS}))

    assert "sites.cloud.settings.halls.oslo.joins" == fault.path
    assert "without a link" in fault.given


@pytest.mark.parametrize(
    ("pods", "given"),
    [
        ("10.49.0.1/16", "10.49.0.1/16"),
        ("10.49.0.0", "10.49.0.0"),
        ("100.64.0.0/16", "100.64.0.0/16"),
        ("10.0.0.0/7", "10.0.0.0/7"),
        ("10.48.128.0/17", "overlaps 10.48.0.0/16 of oslo"),
        ("10.16.0.0/12", "overlaps 10.16.0.0/16 of cloud"),
    ],
)
def test_a_range_of_pods_that_eks_cannot_take_is_refused(refused: Refused, pods: str, given: str) -> None:
    fault = only(refused({"joins": {**JOINS, "pods": pods}}))

    assert "sites.cloud.settings.halls.oslo.joins.pods" == fault.path
    assert given in fault.given


def second_hall(tmp_path: Path) -> dict[str, Any]:
    inventory = json.dumps({**INVENTORY, "site": "bergen"}).replace("OSL", "BGO").replace("oslo", "bergen")
    (tmp_path / "bergen.yaml").write_text(inventory, encoding="utf-8")
    return {"bergen": {**HALL, "cidr": "10.50.0.0/16", "inventory": "bergen.yaml"}}


def test_pods_of_two_halls_may_not_share_a_range(refused: Refused, tmp_path: Path) -> None:
    bergen = {"vpn": [{**VPN, "address": "9.9.9.9"}], "direct_connect": [{**PORT, "vlan": 102}]}
    halls = {
        "oslo": {"vpn": [VPN], "direct_connect": [PORT], "joins": JOINS},
        "bergen": {**bergen, "joins": {**JOINS, "pods": "10.49.128.0/17"}},
    }

    faults = refused(settings={"halls": halls}, others=second_hall(tmp_path))
    assert [
        "10.49.128.0/17, which overlaps 10.49.0.0/16 of the pods of oslo in cloud",
        "10.49.0.0/16, which overlaps 10.49.128.0/17 of the pods of bergen in cloud",
    ] == [fault.given for fault in faults]
    halls["bergen"]["joins"] = {**JOINS, "pods": "10.51.0.0/16"}
    assert [] == refused(settings={"halls": halls}, others=second_hall(tmp_path))


def test_a_hall_joins_one_cluster(refused: Refused) -> None:
    links = {"vpn": [VPN], "direct_connect": [PORT], "joins": {**JOINS, "pods": "10.51.0.0/16"}}
    later = {**CLOUD, "region": "us-west-2", "cidr": "10.24.0.0/16", "settings": {"halls": {"oslo": links}}}
    later["node_pools"] = {"serve": {**POOL, "zone": "usw2-az3"}}

    fault = only(refused({"joins": JOINS}, site="second", others={"second": later}))
    assert "joins cloud already" in fault.given
    assert [] == refused({"joins": JOINS}, others={"second": later})
    assert [] == refused(site="second", others={"second": later})


@pytest.mark.parametrize(
    ("uplinks", "said"),
    [
        ([EAST, {**WEST, "mbps": 99}], ["east (fit)", "west (99 Mbps is less than 100)"]),
        ([EAST, {**WEST, "rtt_ms": 201}], ["west (201 ms is more than 200)"]),
        (
            [{**EAST, "mbps": 50}, {**WEST, "mbps": 10, "rtt_ms": 300}],
            ["east (50 Mbps is less than 100)", "west (10 Mbps is less than 100; 300 ms is more than 200)"],
        ),
        ([EAST, {**WEST, "kind": "geo", "rtt_ms": 600}], ["west (600 ms is more than 200)"]),
        (
            [EAST, {**WEST, "kind": "geo", "rtt_ms": 150}],
            ["west (a geostationary round trip is never 200 ms"],
        ),
        (
            [
                {**EAST, "usage": ["data", "control", "oob"]},
                {**WEST, "usage": ["data"]},
                {**WEST, "name": "thin", "carrier": "third", "mbps": 50, "usage": ["control", "oob"]},
            ],
            ["east (fit)", "west (its usage, data, leaves out control)", "thin (50 Mbps is less than 100)"],
        ),
        (
            [
                EAST,
                {**WEST, "conduit": "east duct"},
                {**WEST, "name": "thin", "carrier": "third", "mbps": 50},
            ],
            ["thin (50 Mbps is less than 100)", "the fit ones fail together: conduit east duct"],
        ),
    ],
)
def test_a_hall_whose_uplinks_would_orphan_its_nodes_may_not_join(
    refused: Refused, uplinks: list[dict[str, Any]], said: list[str]
) -> None:
    fault = only(refused({"joins": JOINS}, hall={"uplinks": uplinks}))

    assert "sites.cloud.settings.halls.oslo.joins" == fault.path
    assert all(words in fault.given for words in said), fault.given
    assert "the loss of one orphans no node" in fault.expected
    assert "a control plane of its own" in fault.fix
    assert [] == refused(hall={"uplinks": uplinks})


def test_uplinks_that_share_a_risk_may_not_be_all_that_joins(refused: Refused) -> None:
    risks = {"same-street": {"uplinks": ["oslo/east", "oslo/west"]}}
    third = {**EAST, "name": "north", "conduit": "north duct"}

    assert "risk group same-street" in only(refused({"joins": JOINS}, risk_groups=risks)).given
    assert [] == refused({"joins": JOINS}, hall={"uplinks": [EAST, WEST, third]}, risk_groups=risks)


@pytest.mark.parametrize(
    ("joins", "path", "given"),
    [
        ({"pods": "10.49.0.0/16"}, "joins", "without a certificate_authority"),
        ({**JOINS, "machines": 2}, "joins.machines", "`machines` with roles-anywhere"),
        ({**JOINS, "expires": "2027-03-20T00:00Z"}, "joins.expires", "`expires` with roles-anywhere"),
        ({**SSM, "machines": None}, "joins", "without `machines`"),
        ({**SSM, "expires": None}, "joins", "without `expires`"),
        ({**SSM, "machines": 3}, "joins.machines", "3"),
        (
            {**SSM, "certificate_authority": "ca.pem"},
            "joins.certificate_authority",
            "`certificate_authority` with ssm",
        ),
        ({**JOINS, "certificate_authority": "no.pem"}, "joins.certificate_authority", "does not exist"),
        ({**JOINS, "certificate_authority": "../ca.pem"}, "joins.certificate_authority", "not below"),
        ({**JOINS, "certificate_authority": "key.pem"}, "joins.certificate_authority", "a private key"),
        ({**JOINS, "certificate_authority": "oslo.yaml"}, "joins.certificate_authority", "no certificate"),
        (
            {**JOINS, "certificate_authority": "arn:aws:acm:us-east-1:111122223333:certificate/1"},
            "joins.certificate_authority",
            "no private CA of 111122223333 in us-east-1",
        ),
        (
            {
                **JOINS,
                "certificate_authority": "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/"
                "12345678-1234-1234-1234-123456789012",
            },
            "joins.certificate_authority",
            "no private CA of 111122223333 in us-east-1",
        ),
    ],
)
def test_credentials_that_do_not_go_together_are_refused(
    refused: Refused, joins: dict[str, Any], path: str, given: str
) -> None:
    fault = only(refused({"joins": {key: value for key, value in joins.items() if value is not None}}))

    assert f"sites.cloud.settings.halls.oslo.{path}" == fault.path
    assert given in fault.given


PRIVATE_CA = (
    "arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/12345678-1234-1234-1234-123456789abc"
)


def test_a_private_ca_of_the_account_and_region_is_taken(refused: Refused) -> None:
    assert [] == refused({"joins": {**JOINS, "certificate_authority": PRIVATE_CA}})


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("us-east-1", "us-east-2"),
        ("111122223333", "444455556666"),
        ("111122223333", "\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663"),
        ("12345678-1234", "123456781234-"),
        ("12345678-", "-12345678"),
        ("123456789abc", "123456789abcd"),
    ],
)
def test_a_private_ca_that_is_none_of_the_site_s_is_refused(refused: Refused, right: str, wrong: str) -> None:
    arn = PRIVATE_CA.replace(right, wrong)

    assert (
        "no private CA of 111122223333 in us-east-1"
        in only(refused({"joins": {**JOINS, "certificate_authority": arn}})).given
    )


def test_no_more_halls_join_than_eks_takes(refused: Refused, tmp_path: Path) -> None:
    def faults(count: int) -> list[Fault]:
        names = [f"hall-{number}" for number in range(1, count + 1)]
        linked: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for number, name in enumerate(names, start=1):
            written = json.dumps({**INVENTORY, "site": name}).replace("OSL", f"H{number}-")
            (tmp_path / f"{name}.yaml").write_text(written.replace("oslo", name), encoding="utf-8")
            others[name] = {**HALL, "cidr": f"10.1{number:02}.0.0/16", "inventory": f"{name}.yaml"}
            linked[name] = {
                "vpn": [{**VPN, "address": f"8.8.4.{number}"}, {**OTHER_VPN, "address": f"8.8.8.{number}"}],
                "joins": {**JOINS, "pods": f"192.168.{number}.0/24"},
            }
        return refused(settings={"halls": linked}, others=others)

    fault = only(faults(16))
    assert ("sites.cloud.settings.halls", "16 halls that join") == (fault.path, fault.given)
    assert [] == faults(15)


def test_every_fault_of_a_hall_is_said_at_once(refused: Refused) -> None:
    link = {"vpn": [{**VPN, "address": "10.0.0.1"}], "direct_connect": [], "joins": {"pods": "8.8.0.0/16"}}

    assert 4 == len(refused(link))


@pytest.mark.parametrize(("region", "refused_so"), [("eu-north-1", False), ("eu-north-9", True)])
def test_a_connection_belongs_to_a_region_that_there_is(
    refused: Refused, region: str, refused_so: bool
) -> None:
    other = {**PORT, "location": "east room", "vlan": 102}
    faults = refused({"vpn": [], "direct_connect": [{**PORT, "region": region}, other]})

    assert refused_so == bool(faults)
    for fault in faults:
        assert "sites.cloud.settings.halls.oslo.direct_connect[0].region" == fault.path
        assert "write eu-north-1" == fault.fix
