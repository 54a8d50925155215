"""How requests and answers are spoilt, as a plain HTTP client meets it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest

from argosy_metal.simulator import FaultRule, ManualClock, fault_rules
from argosy_metal.simulator.fault_rules import FaultKind
from argosy_metal.simulator.faults import Spoilt
from argosy_metal.simulator.machine import PhoneHome
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.spoiling import carry_out

from .fault_client import LOST, RESET, ROOT, SYSTEM, Client, asked
from .simulated_halls import config_of, hall_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Client]:
    async with asked(config_of(hall_of(2)), tmp_path, clock) as found:
        yield found


def test_every_kind_of_fault_has_a_test_and_a_line_in_the_table() -> None:
    tests = "".join(
        file.read_text("utf-8") for file in Path(__file__).parent.glob("test_simulator_fault*.py")
    )
    table = Path(fault_rules.__file__).read_text("utf-8")

    assert [] == [kind for kind in get_args(FaultKind) if f'"{kind}"' not in tests]
    assert [] == [kind for kind in get_args(FaultKind) if f"`{kind}`" not in table]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (409, "ResourceInUse"),
        (412, "PreconditionFailed"),
        (429, "ServiceTemporarilyUnavailable"),
        (500, "InternalError"),
        (502, "InternalError"),
        (503, "ServiceTemporarilyUnavailable"),
    ],
)
async def test_a_status_fault_answers_with_that_status_and_does_nothing(
    client: Client, status: int, message: str
) -> None:
    client.simulator.inject(FaultRule("status", status=status, retry_after=7))
    answer = await client.ask("POST", RESET, {"ResetType": "On"})

    assert (status, "7") == (answer.status, answer.headers["Retry-After"])
    assert message == answer.messages[0].rpartition(".")[2]
    assert 0 == client.counters().resets


async def test_a_status_without_retry_after_says_nothing_of_it(client: Client) -> None:
    client.simulator.inject(FaultRule("status", status=503))

    assert "Retry-After" not in (await client.ask()).headers


async def test_a_bmc_that_is_not_ready_says_so_as_an_idrac_does(client: Client) -> None:
    client.simulator.inject(FaultRule("not-ready"))
    answer = await client.ask()

    assert (503, "30") == (answer.status, answer.headers["Retry-After"])
    assert "IDRAC.2.8.SYS518" in answer.messages


@pytest.mark.parametrize(("kind", "resets"), [("hang", 0), ("hang-after", 1)])
async def test_a_request_hangs_before_or_after_it_is_carried_out(
    client: Client, kind: FaultKind, resets: int
) -> None:
    client.simulator.inject(FaultRule(kind, method="POST"))
    asking = client.asking(method="POST", path=RESET, body={"ResetType": "On"})
    await client.is_held()
    assert resets == client.counters().resets

    client.simulator.delivery.release()
    with pytest.raises(LOST):
        await asking


@pytest.mark.parametrize(("kind", "resets"), [("disconnect", 0), ("lose-answer", 1)])
async def test_a_connection_is_reset_before_or_after_the_request_is_carried_out(
    client: Client, kind: FaultKind, resets: int
) -> None:
    client.simulator.inject(FaultRule(kind, method="POST"))
    with pytest.raises(LOST):
        await client.ask("POST", RESET, {"ResetType": "On"})

    assert resets == client.counters().resets


async def test_an_answer_hangs_in_its_middle(client: Client) -> None:
    client.simulator.inject(FaultRule("hang-body"))
    asking = client.asking()
    await client.is_held()
    assert not asking.done()

    client.simulator.delivery.release()
    with pytest.raises(LOST):
        await asking


async def test_an_answer_is_cut_off_in_its_middle(client: Client) -> None:
    client.simulator.inject(FaultRule("cut-body"))
    with pytest.raises(LOST):
        await client.ask()


async def test_an_answer_drips_and_is_whole_in_the_end(client: Client) -> None:
    whole = await client.ask(path=f"{ROOT}/")
    client.simulator.inject(FaultRule("drip", drip_seconds=2))
    dripped = await client.ask(path=f"{ROOT}/")

    assert whole.body == dripped.body
    assert [2.0] * len(dripped.raw) == client.slept


async def test_a_slow_link_delays_connections_and_answers_and_carries_few_bits(client: Client) -> None:
    client.simulator.inject(FaultRule("slow-link", latency_seconds=0.6, bits_per_second=1000))
    answer = await client.ask("PATCH", SYSTEM, {"PowerOnDelaySeconds": 5})
    connecting, arriving, *parts = client.slept

    assert 200 == answer.status
    assert 1.2 == connecting
    assert pytest.approx(0.6 + 26 * 8 / 1000, abs=0.02) == arriving
    assert pytest.approx(len(answer.raw) * 8 / 1000, rel=0.02) == sum(parts)


async def test_the_first_half_of_the_json_arrives_as_a_whole_answer(client: Client) -> None:
    client.simulator.inject(FaultRule("truncated"))
    answer = await client.ask()

    assert (200, "application/json") == (answer.status, answer.headers["Content-Type"])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(answer.raw)


async def test_a_login_page_comes_instead_of_json(client: Client) -> None:
    client.simulator.inject(FaultRule("html", method="POST"))
    answer = await client.ask("POST", RESET, {"ResetType": "On"})

    assert (200, True) == (answer.status, answer.headers["Content-Type"].startswith("text/html"))
    assert b"<form>" in answer.raw
    assert 0 == client.counters().resets


async def test_fields_are_missing_at_any_depth(client: Client) -> None:
    client.simulator.inject(FaultRule("missing-fields", fields=("SerialNumber", "target")))
    body = (await client.ask()).body

    assert "SerialNumber" not in body
    assert "target" not in body["Actions"]["#ComputerSystem.Reset"]
    assert "PowerState" in body


async def test_fields_are_of_another_type(client: Client) -> None:
    client.simulator.inject(
        FaultRule("retyped-fields", fields=("PowerState", "ManagedBy", "PowerOnDelaySeconds"))
    )
    body = (await client.ask()).body

    assert ["Off"] == body["PowerState"]
    assert "0" == body["PowerOnDelaySeconds"]
    assert {"value"} == set(body["Links"]["ManagedBy"])


async def test_lists_come_in_pages_that_lead_to_one_another(client: Client) -> None:
    unit = f"{SYSTEM}/Storage/Unit_1"
    whole = (await client.ask(path=unit)).body
    client.simulator.inject(FaultRule("paged", path="*/Storage/*"))

    found: list[object] = []
    link, pages = unit, 0
    while link:
        page = (await client.ask(path=link)).body
        found, pages, link = [*found, *page["Drives"]], pages + 1, page.get("Drives@odata.nextLink")
        assert whole["Drives@odata.count"] == page["Drives@odata.count"]

    assert (whole["Drives"], 2) == (found, pages)


async def test_late_drives_show_after_the_self_test_and_not_before(
    client: Client, clock: ManualClock
) -> None:
    client.simulator.inject(FaultRule("late-drives"))
    unit = f"{SYSTEM}/Storage/Unit_1"

    assert [] == (await client.ask(path=unit)).body["Drives"], "the server is off"
    await client.ask("POST", RESET, {"ResetType": "On"})
    clock.advance(30)
    assert [] == (await client.ask(path=unit)).body["Drives"], "it is in its self-test"
    clock.advance(3600)
    assert 4 == len((await client.ask(path=unit)).body["Drives"])


async def test_another_serial_number_or_uuid_is_shown(client: Client) -> None:
    right = (await client.ask()).body
    client.simulator.inject(FaultRule("wrong-serial"), FaultRule("wrong-uuid"))
    wrong = (await client.ask()).body
    client.simulator.clear_faults()

    assert "NOT-SN1" == wrong["SerialNumber"]
    assert "00000000-0000-0000-0000-000000000000" == wrong["UUID"]
    assert right == (await client.ask()).body


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", SYSTEM, {"Boot": {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"}}),
        ("POST", RESET, {"ResetType": "On"}),
        (
            "POST",
            f"{SYSTEM}/VirtualMedia/CD1/Actions/VirtualMedia.InsertMedia",
            {"Image": "https://provision.hall.test/images/node.iso"},
        ),
    ],
)
async def test_a_write_is_accepted_and_ignored(client: Client, method: str, path: str, body: Any) -> None:
    client.simulator.inject(FaultRule("ignore-write"))
    before = client.simulator.bmc("SN1").status()
    answer = await client.ask(method, path, body)
    after = client.simulator.bmc("SN1").status()

    assert 204 == answer.status
    assert [204] == [write["status"] for write in client.simulator.simulation.writes()]
    assert "Disabled" == client.simulator.bmc("SN1").machine.state.override.enabled
    assert [before[key] for key in ("power", "media", "counters")] == [
        after[key] for key in ("power", "media", "counters")
    ]


async def test_a_read_is_not_touched_by_ignored_writes(client: Client) -> None:
    client.simulator.inject(FaultRule("ignore-write"))

    assert 200 == (await client.ask()).status


async def test_a_fault_begins_and_ends_with_simulated_time(client: Client, clock: ManualClock) -> None:
    client.simulator.inject(FaultRule("status", at=100, until=200, times=5))
    found: list[int] = []
    for _ in range(5):
        found.append((await client.ask()).status)
        clock.advance(66)

    assert [200, 200, 500, 500, 200] == found


async def test_a_fault_hits_one_request_of_all_that_come(client: Client) -> None:
    client.simulator.inject(FaultRule("status", request=3), FaultRule("status", status=503, request=4))
    found = [(await client.ask(server=1 + turn % 2)).status for turn in range(5)]

    assert [200, 200, 500, 503, 200] == found
    assert 5 == client.simulator.simulation.faults.requests


async def test_faults_heed_host_method_and_path(client: Client) -> None:
    client.simulator.inject(FaultRule("status", host="bmc-2.*", method="PATCH", path="*/Systems/?"))

    assert [200, 200, 500] == [
        (await client.ask("PATCH", SYSTEM, {"PowerOnDelaySeconds": 1}, server=1)).status,
        (await client.ask("GET", SYSTEM, server=2)).status,
        (await client.ask("PATCH", SYSTEM, {"PowerOnDelaySeconds": 1}, server=2)).status,
    ]


async def test_an_unfit_machine_shows_fewer_gpus_and_more_errors(client: Client) -> None:
    simulation = client.simulator.simulation
    (serial, *_), host = [one["serial"] for one in simulation.statuses()], simulation.hosts[-1]
    machine = simulation.bmc(serial).machine
    machine.state.phone_home = PhoneHome(serial, "a", "https://h/i", "i1", "b1", 0.0)
    request = Request("GET", f"/acceptance/{serial}", {}, b"")

    whole = carry_out(simulation, host, request, {}).body
    rules: Spoilt = {"unfit": FaultRule("unfit", fields=("gpu_stress_errors", "p2p_bandwidth_percent"))}
    named = carry_out(simulation, host, request, rules).body
    plain = carry_out(simulation, host, request, {"unfit": FaultRule("unfit")}).body

    assert whole is not None
    assert named is not None
    assert plain is not None
    assert (
        whole | {"figures": whole["figures"] | {"gpu_stress_errors": 1, "p2p_bandwidth_percent": 89}} == named
    )
    # This server has no GPU, so one too many is what should not be.
    assert whole | {"figures": whole["figures"] | {"gpu_count": 1}} == plain
