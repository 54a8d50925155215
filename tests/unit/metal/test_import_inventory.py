"""`argosy metal import-inventory`: a hall's inventory as NetBox has it, and what NetBox does not say."""

from __future__ import annotations

import pytest

from ...netbox_api import NetBoxApi
from .netbox_import import imported, refused, run


def test_servers_come_with_their_bmc_rack_and_feeds_by_rack_and_serial(netbox: NetBoxApi) -> None:
    netbox.server("gpu-3", "SN3", rack="R 2", oob="10.9.0.13/24")
    netbox.server("gpu-2", "SN2", oob="10.9.0.12/24")
    netbox.server("gpu-1", "SN1")

    result = run(netbox)

    expected = """\
# From NetBox, by `argosy metal import-inventory`.
version: 1
site: oslo
server_type: dgx-h200
credentials:
  username: env:OSLO_BMC_USERNAME
  password: env:OSLO_BMC_PASSWORD
servers:
  - {serial: SN1, bmc: "https://10.9.0.11", rack: r-1, feeds: [feed-a, feed-b]}
  - {serial: SN2, bmc: "https://10.9.0.12", rack: r-1, feeds: [feed-a, feed-b]}
  - {serial: SN3, bmc: "https://10.9.0.13", rack: r-2, feeds: [feed-a, feed-b]}
"""
    assert expected == result.stdout
    assert "left out: 2 of device type rack-pdu\n" == result.stderr


def test_the_same_netbox_gives_the_same_file_whatever_the_order_of_its_answers(netbox: NetBoxApi) -> None:
    for number in range(5):
        netbox.server(f"gpu-{number}", f"SN{number}")
    before = run(netbox).stdout
    netbox.devices.reverse()
    netbox.ports.reverse()

    assert before == run(netbox).stdout


def test_nothing_is_written_to_netbox_and_no_other_host_is_asked(netbox: NetBoxApi) -> None:
    for number in range(7):
        netbox.server(f"gpu-{number}", f"SN{number}")

    assert 7 == len(imported(netbox).servers)
    assert all(request.startswith("GET /api/dcim/") for request in netbox.requests)


def test_feeds_and_bmcs_may_be_named_as_the_fleet_file_and_dns_have_them(netbox: NetBoxApi) -> None:
    netbox.server("GPU-1", "SN1", oob=None)

    inventory = imported(
        netbox, "--feed", "Feed A=a", "--feed", "Feed B=b", bmc="https://bmc-{name}.oslo.example:8443"
    )

    assert ("https://bmc-gpu-1.oslo.example:8443", ("a", "b")) == (
        inventory.servers[0].bmc,
        inventory.servers[0].feeds,
    )


def test_other_server_types_stand_at_their_servers(netbox: NetBoxApi) -> None:
    netbox.server("gpu-1", "SN1")
    netbox.server("gpu-2", "SN2")
    netbox.server("gpu-3", "SN3", device_type="dgx-b200-8")

    inventory = imported(netbox, "--type", "dgx-b200-8=dgx-b200")

    assert "dgx-h200" == inventory.server_type
    assert [None, None, "dgx-b200"] == [server.server_type for server in inventory.servers]


def test_a_failed_server_is_out_of_service_and_a_planned_one_is_left_out(netbox: NetBoxApi) -> None:
    netbox.server("gpu-1", "SN1", status="failed")
    netbox.server("gpu-2", "SN2", status="staged")
    netbox.server("gpu-3", "SN3", status="planned")

    result = run(netbox)

    assert "out_of_service:\n  SN1: {reason: failed in NetBox}\n" in result.stdout
    assert "left out: 1 of status planned\n" in result.stderr
    assert ["SN2"] == [server.serial for server in imported(netbox).in_service]


def test_a_supply_that_hangs_on_a_feed_itself_needs_no_pdu(netbox: NetBoxApi) -> None:
    device = netbox.add("gpu-1", "SN1")
    netbox.supply(device, "psu1", "dcim.powerfeed", {"id": 1, "name": "Feed C"})

    assert ("feed-c",) == imported(netbox).servers[0].feeds


def test_an_outlet_without_an_inlet_is_supplied_by_its_pdu_s_only_one(netbox: NetBoxApi) -> None:
    for outlet in netbox.outlets:
        outlet["power_port"] = None
    netbox.server("gpu-1", "SN1")

    assert ("feed-a", "feed-b") == imported(netbox).servers[0].feeds


def test_a_loop_of_cables_ends(netbox: NetBoxApi) -> None:
    inlet = netbox.ports[0]
    inlet["connected_endpoints_type"] = "dcim.poweroutlet"
    inlet["connected_endpoints"] = [netbox.outlets[0]]
    netbox.server("gpu-1", "SN1")

    assert ("feed-b",) == imported(netbox).servers[0].feeds


def test_every_device_that_netbox_does_not_know_enough_of_is_named_at_once(netbox: NetBoxApi) -> None:
    netbox.server("gpu-1", "")
    netbox.server("gpu-2", "SN2", rack=None)
    netbox.add("gpu-3", "SN3")
    netbox.server("gpu-4", "SN4", oob=None)
    netbox.server("gpu-5", "SN5", oob="2001:db8::5/64")
    netbox.server("gpu-6", "SN6")
    netbox.server("gpu-7", "SN6")

    told = refused(netbox).splitlines()

    assert [
        "device gpu-1: given the serial number ''; enter it in NetBox",
        "device gpu-2: it stands in no rack; enter it in NetBox",
        "device gpu-3: its power ports lead to no power feed; enter its cables in NetBox",
        "device gpu-4: it has no out-of-band IP; enter it in NetBox, or give --bmc with {name}",
        "device gpu-5: 'https://2001:db8::5' is no https URL of a BMC; give another --bmc",
        "serial SN6: 2 devices have it; mend that in NetBox",
    ] == told


def test_a_pdu_with_two_inlets_and_an_outlet_that_names_none_is_no_supply(netbox: NetBoxApi) -> None:
    netbox.outlets[0]["power_port"] = None
    netbox.supply(netbox.devices[0], "inlet 2", None, None)
    netbox.server("gpu-1", "SN1")

    assert ("feed-b",) == imported(netbox).servers[0].feeds


@pytest.mark.parametrize("options", [{"site": "elsewhere"}, {"type": "other=dgx-h200"}])
def test_without_a_device_there_is_no_inventory(netbox: NetBoxApi, options: dict[str, str]) -> None:
    netbox.server("gpu-1", "SN1")

    assert "no device is left; check --site and --type" == refused(netbox, **options)


def test_what_an_inventory_file_does_not_take_is_told(netbox: NetBoxApi) -> None:
    netbox.server("gpu-1", "SN1")

    assert refused(netbox, name="Oslo Hall").startswith("site: given 'Oslo Hall'; ")


@pytest.mark.parametrize("option", ["--type", "--feed"])
def test_a_pair_that_is_none_is_refused(netbox: NetBoxApi, option: str) -> None:
    assert f"{option}: given 'feed-a'; expected NETBOX=NAME" == refused(netbox, option, "feed-a")


def test_a_ladder_of_cables_through_which_endless_ways_lead_is_followed_port_by_port(
    netbox: NetBoxApi,
) -> None:
    pdu = netbox.add("pdu", "", "rack-pdu")
    inlets = [netbox.supply(pdu, "inlet", "dcim.powerfeed", {"id": 1, "name": "Feed C"})]
    for _ in range(60):
        outlets = [netbox.outlet(pdu, inlet) for inlet in inlets]
        inlets = [netbox.supply(pdu, "inlet", "dcim.poweroutlet", None) for _ in range(2)]
        for inlet in inlets:
            inlet["connected_endpoints"] = outlets
    netbox.supply(netbox.add("gpu-1", "SN1"), "psu", "dcim.poweroutlet", netbox.outlet(pdu, inlets[0]))

    assert ("feed-c",) == imported(netbox).servers[0].feeds
