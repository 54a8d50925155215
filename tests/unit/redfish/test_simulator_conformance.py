"""How a simulated BMC keeps to the protocol: methods, headers, accounts, privileges, queries."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.profiles import profile_of, vendor_files
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore

ROOT = "/redfish/v1"
SYSTEM = f"{ROOT}/Systems/1"
ACCOUNTS = f"{ROOT}/AccountService/Accounts"
SESSIONS = f"{ROOT}/SessionService/Sessions"
NEW = {"UserName": "auditor", "Password": "audit-only-please", "RoleId": "ReadOnly"}


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


ADMIN = basic("argosy", "secret")
AUDITOR = basic("auditor", "audit-only-please")


class Bmc:
    """Requests to one BMC, without a network."""

    def __init__(self, simulation: Simulation, vendor: str) -> None:
        self.simulation = simulation
        self.inside = simulation.bmc(vendor)
        self._host = f"{vendor}.hall.test"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: str = "",
        **more: str,
    ) -> Reply:
        raw = b"" if body is None else json.dumps(body).encode()
        sent = CIMultiDict(
            (ADMIN if headers is None else headers) | {k.replace("_", "-"): v for k, v in more.items()}
        )
        return self.simulation.answer(self._host, Request(method, path, sent, raw, query))

    def get(self, path: str, **more: Any) -> dict[str, Any]:
        reply = self.ask("GET", path, **more)
        assert (200, True) == (reply.status, reply.body is not None)
        return reply.body or {}


@pytest.fixture
def vendors(clock: ManualClock, tmp_path: Path) -> Any:
    servers = tuple(
        SimulatedServer(f"{name}.hall.test", name, "plain", "r1", vendor=name) for name in vendor_files()
    )
    store = MachineStore(tmp_path / "s.sqlite")
    config = SimulatorConfig(halls=(SimulatedHall("hall", "provision.hall.test", servers),))
    simulation = Simulation(config, clock, store, "secret")
    yield {name: Bmc(simulation, name) for name in vendor_files()}
    store.close()


@pytest.fixture
def bmc(vendors: dict[str, Bmc]) -> Bmc:
    return vendors["generic"]


def said(reply: Reply) -> str:
    return (reply.body or {})["error"]["@Message.ExtendedInfo"][0]["MessageId"].rpartition(".")[2]


@pytest.mark.parametrize("vendor", sorted(vendor_files()))
def test_every_link_of_every_vendor_leads_to_a_resource_that_names_itself(
    vendors: dict[str, Bmc], vendor: str
) -> None:
    bmc = vendors[vendor]
    bmc.inside.service.restart()
    waiting, seen = {f"{ROOT}/"}, set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        body = bmc.get(path)
        assert path == body["@odata.id"]
        waiting |= {link for link in links_in(body) if "JsonSchemas" not in link} - seen

    assert len(seen) > 30


def links_in(value: Any) -> set[str]:
    return set(re.findall(r'\{"@odata.id": "([^"]+)"\}', json.dumps(value)))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"{ROOT}/", "GET, HEAD"),
        (SYSTEM, "GET, HEAD, PATCH"),
        (SESSIONS, "GET, HEAD, POST"),
        (ACCOUNTS, "GET, HEAD, POST"),
        (f"{ACCOUNTS}/1", "GET, HEAD, PATCH, DELETE"),
        (f"{ROOT}/AccountService/Roles/ReadOnly", "GET, HEAD"),
    ],
)
def test_allow_says_which_methods_a_resource_takes_and_405_is_for_the_others(
    bmc: Bmc, path: str, allowed: str
) -> None:
    assert allowed == bmc.ask("GET", path).headers["Allow"]
    refused = bmc.ask("PUT", path, {})
    assert (405, allowed, "OperationNotAllowed") == (refused.status, refused.headers["Allow"], said(refused))


def test_an_action_takes_post_only(bmc: Bmc) -> None:
    reply = bmc.ask("GET", f"{SYSTEM}/Actions/ComputerSystem.Reset")

    assert (405, "POST") == (reply.status, reply.headers["Allow"])


def test_another_odata_version_is_refused_but_only_after_the_account(bmc: Bmc) -> None:
    assert 412 == bmc.ask("GET", SYSTEM, OData_Version="4.1").status
    assert 401 == bmc.ask("GET", SYSTEM, headers={}, OData_Version="4.1").status


def test_what_the_client_has_already_is_not_sent_again(bmc: Bmc) -> None:
    etag = bmc.ask("GET", SYSTEM).headers["ETag"]
    again = bmc.ask("GET", SYSTEM, If_None_Match=etag)

    assert (304, None) == (again.status, again.body)
    assert 200 == bmc.ask("GET", SYSTEM, If_None_Match='"other"').status


def test_a_refused_login_says_how_to_log_in(bmc: Bmc) -> None:
    assert 'Basic realm="Redfish"' == bmc.ask("GET", SYSTEM, headers={}).headers["WWW-Authenticate"]


def test_metadata_names_every_type_in_use_and_the_service_document_every_service(bmc: Bmc) -> None:
    reply = bmc.ask("GET", f"{ROOT}/$metadata", headers={})
    text = (reply.content or b"").decode()
    ET.fromstring(text)
    document = bmc.get(f"{ROOT}/odata", headers={})

    assert reply.headers["Content-Type"].startswith("application/xml")
    assert 'Namespace="ComputerSystem.v1_22_0"' in text
    assert {"Systems", "AccountService", "EventService"} <= {entry["name"] for entry in document["value"]}


def test_a_resource_says_where_its_schema_is(bmc: Bmc) -> None:
    link = bmc.ask("HEAD", SYSTEM).headers["Link"]

    assert "<http://redfish.dmtf.org/schemas/v1/ComputerSystem.v1_22_0.json>; rel=describedby" == link


def test_members_are_expanded_whole_and_a_query_that_is_not_known_is_refused(bmc: Bmc) -> None:
    body = bmc.get(f"{ROOT}/Managers", query="$expand=.($levels=1)")

    assert ["Manager"] == [member["Name"] for member in body["Members"]]
    assert 501 == bmc.ask("GET", f"{ROOT}/Managers", query="$filter=x").status
    assert 400 == bmc.ask("GET", f"{ROOT}/Managers", query="$expand=everything").status
    assert 200 == bmc.ask("GET", f"{ROOT}/Managers", query="foo=bar").status


def test_a_resource_is_expanded_by_what_stands_under_it(bmc: Bmc) -> None:
    body = bmc.get(f"{ROOT}/AccountService", query="$expand=*")

    assert "Members" in body["Accounts"]


def test_a_vendor_without_expand_says_so_and_refuses_it(vendors: dict[str, Bmc]) -> None:
    hpe = vendors["hpe"]

    assert not hpe.get(f"{ROOT}/")["ProtocolFeaturesSupported"]["ExpandQuery"]["Levels"]
    assert 501 == hpe.ask("GET", f"{ROOT}/Managers", query="$expand=.").status


def test_an_account_is_made_used_changed_and_deleted(bmc: Bmc) -> None:
    made = bmc.ask("POST", ACCOUNTS, NEW)
    path = made.headers["Location"]
    assert (201, None) == (made.status, (made.body or {})["Password"])
    assert 200 == bmc.ask("GET", SYSTEM, headers=AUDITOR).status

    assert 200 == bmc.ask("PATCH", path, {"Password": "another-one-now"}, headers=AUDITOR).status
    assert 401 == bmc.ask("GET", SYSTEM, headers=AUDITOR).status
    assert 204 == bmc.ask("DELETE", path).status
    assert 401 == bmc.ask("GET", SYSTEM, headers=basic("auditor", "another-one-now")).status


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", SYSTEM, {"LocationIndicatorActive": True}),
        ("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", {"ResetType": "On"}),
        ("POST", ACCOUNTS, NEW),
        ("GET", f"{ACCOUNTS}/1", None),
        ("PATCH", f"{ACCOUNTS}/1", {"Password": "taken-over-now"}),
        ("PATCH", f"{ACCOUNTS}/2", {"RoleId": "Administrator"}),
        ("POST", f"{ROOT}/Managers/BMC/Actions/Manager.Reset", {}),
    ],
)
def test_an_account_may_do_no_more_than_its_role(bmc: Bmc, method: str, path: str, body: Any) -> None:
    bmc.ask("POST", ACCOUNTS, NEW)
    reply = bmc.ask(method, path, body, headers=AUDITOR)

    assert (403, "InsufficientPrivilege") == (reply.status, said(reply))


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"UserName": "x", "Password": "long-enough"}, "PropertyMissing"),
        ({**NEW, "Password": "short"}, "PropertyValueFormatError"),
        ({**NEW, "RoleId": "Emperor"}, "PropertyValueNotInList"),
        ({**NEW, "UserName": "argosy"}, "ResourceAlreadyExists"),
        ({**NEW, "Enabled": "yes"}, "PropertyValueTypeError"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused_without_its_password(
    bmc: Bmc, body: dict[str, Any], key: str
) -> None:
    reply = bmc.ask("POST", ACCOUNTS, body)

    assert (400, key) == (reply.status, said(reply))
    assert str(body["Password"]) not in json.dumps(reply.body)


def test_the_first_account_cannot_be_deleted_and_a_role_cannot_be_changed(bmc: Bmc) -> None:
    assert 400 == bmc.ask("DELETE", f"{ACCOUNTS}/1").status
    assert 405 == bmc.ask("PATCH", f"{ROOT}/AccountService/Roles/ReadOnly", {"AssignedPrivileges": []}).status


def test_an_account_whose_password_must_be_changed_may_do_that_and_nothing_else(bmc: Bmc) -> None:
    path = bmc.ask("POST", ACCOUNTS, {**NEW, "PasswordChangeRequired": True}).headers["Location"]
    login = bmc.ask("POST", SESSIONS, {"UserName": "auditor", "Password": NEW["Password"]}, headers={})
    token = {"X-Auth-Token": login.headers["X-Auth-Token"]}
    refused = bmc.ask("GET", SYSTEM, headers=token)

    assert "PasswordChangeRequired" in json.dumps(login.body)
    assert (403, "PasswordChangeRequired") == (refused.status, said(refused))
    assert 200 == bmc.ask("PATCH", path, {"Password": "a-new-one-then"}, headers=token).status
    assert 200 == bmc.ask("GET", SYSTEM, headers=token).status


def test_of_several_properties_the_unknown_are_told_and_the_others_written(bmc: Bmc) -> None:
    reply = bmc.ask("PATCH", SYSTEM, {"LocationIndicatorActive": True, "Bogus": 1})
    (told,) = (reply.body or {})["@Message.ExtendedInfo"]

    assert (200, True, ["#/Bogus"]) == (
        reply.status,
        (reply.body or {})["LocationIndicatorActive"],
        told["RelatedProperties"],
    )


@pytest.mark.parametrize("body", [{}, {"@odata.id": SYSTEM}])
def test_a_change_of_nothing_is_refused(bmc: Bmc, body: dict[str, Any]) -> None:
    reply = bmc.ask("PATCH", SYSTEM, body)

    assert (400, "NoOperation") == (reply.status, said(reply))


def test_time_servers_are_written_as_a_whole_list(bmc: Bmc) -> None:
    path = f"{ROOT}/Managers/BMC/NetworkProtocol"
    bmc.ask("PATCH", path, {"NTP": {"NTPServers": ["a.test", "b.test"]}})
    bmc.ask("PATCH", path, {"NTP": {"NTPServers": ["c.test", {}]}})
    both = bmc.get(path)["NTP"]["NTPServers"]
    bmc.ask("PATCH", path, {"NTP": {"NTPServers": [None, "b.test"]}})

    assert (["c.test", "b.test"], ["b.test", None]) == (both, bmc.get(path)["NTP"]["NTPServers"])


def test_a_restart_of_the_bmc_ends_its_sessions_and_shows_links_that_were_missing(
    vendors: dict[str, Bmc],
) -> None:
    bmc = vendors["ami-dgx"]
    bmc.ask("POST", SESSIONS, {"UserName": "argosy", "Password": "secret"}, headers={})
    before = bmc.get(f"{ROOT}/")
    assert 204 == bmc.ask("POST", f"{ROOT}/Managers/BMC/Actions/Manager.Reset", {}).status

    assert ("Systems" in before, "Systems" in bmc.get(f"{ROOT}/")) == (False, True)
    assert () == bmc.inside.sessions.live()


def test_more_requests_at_once_than_a_bmc_bears_are_turned_away(vendors: dict[str, Bmc]) -> None:
    bmc = vendors["nvidia-gb200"]
    bmc.inside.traffic.in_flight = 5

    assert 503 == bmc.ask("GET", f"{ROOT}/").status


def test_a_type_of_server_or_a_vendor_by_name_picks_the_profile() -> None:
    assert ("ami-dgx", "DGX B200", "B200 SXM") == (
        profile_of("dgx-b200").vendor,
        profile_of("dgx-b200").model,
        profile_of("dgx-b200").gpu_model,
    )
    assert "generic" == profile_of("whatever").vendor
    assert "hpe" == profile_of("dgx-b200", "hpe").vendor
    with pytest.raises(KeyError):
        profile_of("plain", "nobody")


def test_every_vendor_says_where_its_facts_are_from() -> None:
    for name, file in vendor_files().items():
        assert name == file.profile.vendor
        assert all(fact.url.startswith("http") and fact.says for fact in file.facts)
