from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatorConfig
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore

ROOT = "/redfish/v1"
SYSTEM = f"{ROOT}/Systems/1"
DGX = f"{ROOT}/Systems/DGX"
SESSIONS = f"{ROOT}/SessionService/Sessions"
ACCOUNT = {"UserName": "argosy", "Password": "secret"}
BASIC = {"Authorization": "Basic " + base64.b64encode(b"argosy:secret").decode()}


class Hall:
    """Requests to a simulation, without a network."""

    def __init__(self, simulation: Simulation, clock: ManualClock) -> None:
        self.simulation = simulation
        self.clock = clock

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        host: str = "bmc-2.hall-north.test",
    ) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return self.simulation.answer(
            host, Request(method, path, CIMultiDict(BASIC if headers is None else headers), raw)
        )

    def get(self, path: str, **more: Any) -> dict[str, Any]:
        reply = self.ask("GET", path, **more)
        assert reply.status == 200
        assert reply.body is not None
        return reply.body


@pytest.fixture
def hall(config: SimulatorConfig, clock: ManualClock, tmp_path: Path) -> Any:
    store = MachineStore(tmp_path / "s.sqlite")
    yield Hall(Simulation(config, clock, store, "secret"), clock)
    store.close()


def message_of(reply: Reply) -> str:
    assert reply.body is not None
    return reply.body["error"]["@Message.ExtendedInfo"][0]["MessageId"].rpartition(".")[2]


def links_in(body: dict[str, Any]) -> set[str]:
    return set(re.findall(r'"@odata.id": "([^"]+)"', json.dumps(body)))


@pytest.mark.parametrize("host", ["bmc-1.hall-north.test", "bmc-2.hall-north.test", "bmc-3.hall-north.test"])
def test_every_link_leads_to_a_resource_that_names_itself(hall: Hall, host: str) -> None:
    hall.ask("POST", SESSIONS, ACCOUNT, host=host)
    waiting, seen = {f"{ROOT}/"}, set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        body = hall.get(path, host=host)
        assert path == body["@odata.id"]
        assert {"@odata.type", "Name", "@odata.etag"} <= set(body)
        waiting |= links_in(body) - seen

    assert len(seen) > 10


def test_the_service_root_is_shown_to_anyone_and_nothing_else_is(hall: Hall) -> None:
    assert 200 == hall.ask("GET", f"{ROOT}/", headers={}).status
    assert 200 == hall.ask("GET", "/redfish", headers={}).status
    assert 401 == hall.ask("GET", SYSTEM, headers={}).status


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"argosy:wrong").decode(), "Basic /w=="]
)
def test_bad_credentials_are_refused(hall: Hall, header: str) -> None:
    assert 401 == hall.ask("GET", SYSTEM, headers={"Authorization": header}).status


def test_a_session_gives_a_token_that_ends_with_it(hall: Hall) -> None:
    opened = hall.ask("POST", SESSIONS, ACCOUNT, {})
    token = {"X-Auth-Token": opened.headers["X-Auth-Token"]}
    assert 200 == hall.ask("GET", SYSTEM, headers=token).status

    assert 204 == hall.ask("DELETE", opened.headers["Location"], headers=token).status
    assert 401 == hall.ask("GET", SYSTEM, headers=token).status


def test_a_session_ends_when_it_is_idle_too_long(hall: Hall) -> None:
    token = {"X-Auth-Token": hall.ask("POST", SESSIONS, ACCOUNT, {}).headers["X-Auth-Token"]}
    hall.clock.advance(1800)
    assert 200 == hall.ask("GET", SYSTEM, headers=token).status

    hall.clock.advance(1801)
    assert 401 == hall.ask("GET", SYSTEM, headers=token).status
    assert 1 == hall.simulation.bmc("SN2").sessions.counters.expired


def test_no_more_sessions_are_opened_than_the_bmc_has(hall: Hall) -> None:
    replies = [hall.ask("POST", SESSIONS, ACCOUNT, {}) for _ in range(9)]

    assert [201] * 8 + [503] == [reply.status for reply in replies]
    assert "SessionLimitExceeded" == message_of(replies[-1])


def test_no_session_shows_its_token_to_others(hall: Hall) -> None:
    opened = hall.ask("POST", SESSIONS, ACCOUNT, {})
    shown = json.dumps(hall.get(opened.headers["Location"]))

    assert opened.headers["X-Auth-Token"] not in shown


def test_an_etag_changes_exactly_when_the_content_does(hall: Hall) -> None:
    first, again = (hall.ask("GET", SYSTEM).headers["ETag"] for _ in range(2))
    hall.ask("PATCH", SYSTEM, {"Boot": {"BootSourceOverrideTarget": "Pxe"}})
    changed = hall.ask("GET", SYSTEM).headers["ETag"]

    assert first == again
    assert first != changed


def test_a_change_for_an_old_version_is_refused(hall: Hall) -> None:
    old = hall.ask("GET", SYSTEM).headers["ETag"]
    body = {"Boot": {"BootSourceOverrideTarget": "Pxe"}}
    assert 200 == hall.ask("PATCH", SYSTEM, body, BASIC | {"If-Match": old}).status

    assert 412 == hall.ask("PATCH", SYSTEM, body, BASIC | {"If-Match": old}).status
    assert 200 == hall.ask("PATCH", SYSTEM, body, BASIC | {"If-Match": "*"}).status


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"Bot": 1}, "PropertyUnknown"),
        ({"Model": "X"}, "PropertyNotWritable"),
        ({"Boot": 1}, "PropertyValueTypeError"),
        ({"Boot": {"BootSourceOverrideTarget": "Tape"}}, "PropertyValueNotInList"),
        ({"Boot": {"BootSourceOverrideMode": "Legacy"}}, "PropertyValueNotInList"),
        ({"Boot": {"BootOrder": []}}, "PropertyUnknown"),
        (b"{", "MalformedJSON"),
        ([1], "MalformedJSON"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(hall: Hall, body: Any, key: str) -> None:
    before = hall.get(SYSTEM)
    reply = hall.ask("PATCH", SYSTEM, body)

    assert key == message_of(reply)
    assert before == hall.get(SYSTEM)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{ROOT}/Nowhere", 404),
        ("PATCH", f"{ROOT}/Nowhere", 404),
        ("DELETE", f"{SESSIONS}/99", 404),
        ("GET", f"{ROOT}/TaskService/TaskMonitors/99", 404),
        ("DELETE", SYSTEM, 405),
        ("POST", SYSTEM, 405),
        ("PATCH", f"{ROOT}/Chassis/1", 405),
        ("HEAD", SYSTEM, 200),
        ("GET", f"{SYSTEM}/", 200),
    ],
)
def test_method_and_path_decide_the_status(hall: Hall, method: str, path: str, status: int) -> None:
    assert status == hall.ask(method, path, {"Model": "X"} if method == "PATCH" else None).status


@pytest.mark.parametrize(
    ("action", "body", "key"),
    [
        ("ComputerSystem.Reset", {"ResetType": "Explode"}, "ActionParameterValueNotInList"),
        ("ComputerSystem.Reset", {"Type": "On"}, "ActionParameterUnknown"),
        ("ComputerSystem.Reset", {"ResetType": "PowerCycle"}, "ResourceInStandby"),
    ],
)
def test_an_action_that_makes_no_sense_is_refused(hall: Hall, action: str, body: Any, key: str) -> None:
    assert key == message_of(hall.ask("POST", f"{SYSTEM}/Actions/{action}", body))


INSERT = f"{SYSTEM}/VirtualMedia/CD1/Actions/VirtualMedia.InsertMedia"


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({}, "ActionParameterMissing"),
        ({"Image": "https://elsewhere.test/images/node.iso"}, "ResourceAtUriInUnknownFormat"),
        ({"Image": "http://provision.hall-north.test/images/node.iso"}, "ResourceAtUriInUnknownFormat"),
        ({"Image": "https://provision.hall-north.test/images/none.iso"}, "ResourceAtUriInUnknownFormat"),
    ],
)
def test_an_image_that_cannot_be_fetched_is_refused(hall: Hall, body: Any, key: str) -> None:
    assert key == message_of(hall.ask("POST", INSERT, body))


TASKED = "bmc-1.hall-north.test"


def test_a_task_runs_as_long_as_simulated_time_says(hall: Hall) -> None:
    accepted = hall.ask("POST", f"{DGX}/Actions/ComputerSystem.Reset", {"ResetType": "On"}, host=TASKED)
    monitor, task = accepted.headers["Location"], f"{ROOT}/TaskService/Tasks/1"
    hall.clock.advance(2)
    assert (202, "Running", 50) == (
        hall.ask("GET", monitor, host=TASKED).status,
        hall.get(task, host=TASKED)["TaskState"],
        hall.get(task, host=TASKED)["PercentComplete"],
    )

    hall.clock.advance(2)
    assert (204, "Completed", 100) == (
        hall.ask("GET", monitor, host=TASKED).status,
        hall.get(task, host=TASKED)["TaskState"],
        hall.get(task, host=TASKED)["PercentComplete"],
    )


def test_only_the_last_fifty_tasks_are_remembered(hall: Hall) -> None:
    for _ in range(60):
        hall.ask("POST", f"{DGX}/Actions/ComputerSystem.Reset", {"ResetType": "On"}, host=TASKED)

    assert 50 == hall.get(f"{ROOT}/TaskService/Tasks", host=TASKED)["Members@odata.count"]


def test_writes_are_remembered_by_who_made_them_and_logins_are_not(hall: Hall) -> None:
    hall.ask("POST", SESSIONS, ACCOUNT, {})
    hall.ask("PATCH", SYSTEM, {"Model": "X"}, BASIC | {"User-Agent": "argosy run=7"})

    assert [("SN2", "PATCH", SYSTEM, "argosy run=7", 400)] == [
        (write["serial"], write["method"], write["path"], write["user_agent"], write["status"])
        for write in hall.simulation.writes()
    ]


def test_a_gpu_server_shows_its_gpus_under_a_second_system(hall: Hall) -> None:
    gpus = hall.get(f"{ROOT}/Systems/HGX_Baseboard_0/Processors", host=TASKED)

    assert 8 == gpus["Members@odata.count"]


def test_a_hall_gives_out_images_and_knows_only_its_own_machines(
    config: SimulatorConfig, clock: ManualClock, tmp_path: Path
) -> None:
    other = SimulatedHall("hall-south", "provision.hall-south.test", ())
    store = MachineStore(tmp_path / "s.sqlite")
    wider = SimulatorConfig(halls=(*config.halls, other))
    hall = Hall(Simulation(wider, clock, store, "secret"), clock)
    image = hall.ask("GET", "/images/node.iso", host="provision.hall-north.test")
    assert b"node" in (image.content or b"")
    for host, path in (
        ("provision.hall-north.test", "/phone-home/SN1"),
        ("provision.hall-north.test", "/images/none.iso"),
        ("provision.hall-south.test", "/phone-home/SN1"),
        ("nobody.hall-north.test", f"{ROOT}/"),
    ):
        assert 404 == hall.ask("GET", path, host=host).status
    store.close()
