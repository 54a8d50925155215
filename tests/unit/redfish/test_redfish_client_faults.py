"""What the client makes of each fault: repeated where that is safe, one clear stop where it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy_metal.redfish import (
    BmcAuthError,
    BmcBusyError,
    BmcInternalError,
    BmcTaskError,
    BmcTrustError,
    BmcUnreachableError,
    PasswordChangeError,
    Patience,
    RedfishClient,
    RedfishError,
    System,
    TaskUnfinishedError,
    Trust,
    WrongServerError,
    find_system,
)
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

SYSTEM = "/redfish/v1/Systems/1"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
IMAGE = "https://provision.hall-north.test/images/node.iso?install=I1"
HASTY = Patience(connect_seconds=0.5, read_seconds=0.5, total_seconds=0.5, attempts=2, close_seconds=0.5)
Read = Callable[[RedfishClient], Awaitable[Any]]


async def system_of(client: RedfishClient) -> System:
    return await find_system(client, "SN2")


def assert_told(error: RedfishError, host: str = "bmc-2.hall-north.test") -> None:
    """The message names host, operation and next step."""
    text = str(error)
    assert text.startswith(f"{host}: ")
    assert f": {error.operation}: " in text
    assert f"; next: {error.next_step}" in text
    assert error.next_step


def resets(simulator: RunningSimulator) -> int:
    return simulator.bmc("SN2").machine.state.counters.resets


# F3: 500, 502, 503 with Retry-After, SYS518, 409, 412, 429


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("status", status=500, times=1),
        FaultRule("status", status=502, times=1),
        FaultRule("status", status=503, retry_after=7, times=1),
        FaultRule("status", status=429, retry_after=7, times=1),
        FaultRule("status", status=409, times=1),
        FaultRule("not-ready", times=1),
    ],
    ids=lambda rule: f"{rule.kind} {rule.status}",
)
async def test_a_read_is_repeated_after_what_passes(
    connect: Any, simulator: RunningSimulator, client_clock: Any, rule: FaultRule
) -> None:
    async with connect("SN2") as bmc:
        await bmc.root()
        simulator.inject(replace(rule, path=SYSTEM))
        assert "SN2" == (await bmc.get(SYSTEM)).body["SerialNumber"]

    waited = 30 if rule.kind == "not-ready" else rule.retry_after or 1
    assert [waited] == client_clock.waits


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("status", method="PATCH", status=503, retry_after=3, times=2),
        FaultRule("status", method="PATCH", status=429, retry_after=3, times=2),
        FaultRule("status", method="PATCH", status=409, times=2),
        FaultRule("status", method="PATCH", status=412, times=1),
        FaultRule("not-ready", method="PATCH", times=2),
    ],
    ids=lambda rule: f"{rule.kind} {rule.status}",
)
async def test_a_change_is_sent_again_while_the_bmc_is_busy(
    connect: Any, simulator: RunningSimulator, rule: FaultRule
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(rule)
        await system.set_boot_override_once("Cd")

        assert (await system.observe()).boots_once_from("Cd")


async def test_a_change_that_stays_refused_as_busy_is_a_busy_error(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("status", method="PATCH", status=503))
        with pytest.raises(BmcBusyError) as caught:
            await system.set_boot_override_once("Cd")

    assert_told(caught.value)


@pytest.mark.parametrize("status", [503, 429, 409])
async def test_a_reset_that_was_not_carried_out_is_asked_for_again_after_a_look(
    connect: Any, simulator: RunningSimulator, status: int
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("status", path=RESET, status=status, times=2))
        await system.reset("On")

    assert 1 == resets(simulator)


async def test_a_bmc_that_is_busy_for_good_is_asked_for_a_reset_as_often_as_patience_allows(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("status", path=RESET, status=503))
        with pytest.raises(BmcBusyError) as caught:
            await system.reset("On")

    assert_told(caught.value)
    posts = [write for write in simulator.simulation.faults.shown() if write["path"] == RESET]
    assert (3, 0) == (posts[0]["matched"], resets(simulator))


async def test_a_reset_that_failed_inside_the_bmc_is_not_asked_for_again(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("status", path=RESET, status=500, times=1))
        with pytest.raises(BmcInternalError) as caught:
            await system.reset("On")

    assert_told(caught.value)
    assert 0 == resets(simulator)


# F4: hangs, drips, a slow link


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("hang"),
        FaultRule("hang-body"),
        FaultRule("drip", drip_seconds=0.05),
        FaultRule("slow-link", latency_seconds=0.6, bits_per_second=1000),
    ],
    ids=lambda rule: rule.kind,
)
async def test_an_answer_that_does_not_come_in_time_is_an_unreachable_bmc(
    connect: Any, simulator: RunningSimulator, rule: FaultRule
) -> None:
    simulator.inject(rule)
    async with connect("SN2", patience=HASTY) as bmc:
        with pytest.raises(BmcUnreachableError, match="no answer in time") as caught:
            await bmc.get(SYSTEM)
        simulator.clear_faults()

    assert_told(caught.value)


async def test_an_answer_that_is_cut_off_is_no_answer(connect: Any, simulator: RunningSimulator) -> None:
    async with connect("SN2", patience=HASTY) as bmc:
        await bmc.root()
        simulator.inject(FaultRule("cut-body", path=SYSTEM, times=1))
        assert "SN2" == (await bmc.get(SYSTEM)).body["SerialNumber"], "and a read is repeated"


# F5: applied, but no reply


@pytest.mark.parametrize("kind", ["lose-answer", "hang-after"])
async def test_a_reset_whose_answer_is_lost_is_looked_for_and_not_sent_again(
    connect: Any, simulator: RunningSimulator, kind: Any
) -> None:
    async with connect("SN2", patience=HASTY) as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule(kind, path=RESET, times=1))
        await system.reset("On")
        simulator.clear_faults()

    assert 1 == resets(simulator)


async def test_a_reset_that_may_have_been_lost_is_not_sent_again_though_nothing_shows(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("disconnect", path=RESET, times=1))
        with pytest.raises(BmcUnreachableError) as caught:
            await system.reset("On")

    assert caught.value.outcome_unknown
    assert_told(caught.value)
    assert 0 == resets(simulator)


async def test_an_image_whose_insertion_was_not_answered_is_looked_for(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        slot = await (await system_of(bmc)).optical_slot()
        simulator.inject(FaultRule("lose-answer", path="*InsertMedia", times=1))
        await slot.insert(IMAGE)

    assert 1 == simulator.bmc("SN2").machine.state.counters.media_inserts


# F6: wrong JSON


@pytest.mark.parametrize("kind", ["truncated", "html"])
async def test_what_is_no_json_object_is_an_error_and_nothing_is_written(
    connect: Any, simulator: RunningSimulator, kind: Any
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule(kind))
        for act in (system.observe, lambda: system.reset("On"), lambda: system.set_boot_override_once("Cd")):
            with pytest.raises(BmcInternalError, match="no JSON object") as caught:
                await act()
            assert_told(caught.value)
        simulator.clear_faults()

    assert [] == list(simulator.bmc("SN2").traffic.writes)


async def test_a_login_page_in_answer_to_a_write_is_no_success(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("html", path=RESET))
        with pytest.raises(BmcInternalError, match="no JSON object"):
            await system.reset("On")


@pytest.mark.parametrize("kind", ["missing-fields", "retyped-fields"])
@pytest.mark.parametrize(
    ("fields", "expected"), [(("SerialNumber",), WrongServerError), (("PowerState",), BmcInternalError)]
)
async def test_a_property_that_is_missing_or_of_another_type_stops_all_work(
    connect: Any,
    simulator: RunningSimulator,
    kind: Any,
    fields: tuple[str, ...],
    expected: type[RedfishError],
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule(kind, path=SYSTEM, fields=fields))
        with pytest.raises(expected) as caught:
            await system.observe()

    assert_told(caught.value)
    assert [] == list(simulator.bmc("SN2").traffic.writes)


async def test_a_drive_that_says_neither_yes_nor_no_is_not_believed(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        slot = await (await system_of(bmc)).optical_slot()
        simulator.inject(FaultRule("retyped-fields", path=slot.path, fields=("Inserted",)))
        with pytest.raises(BmcInternalError, match="Inserted is"):
            await slot.observe()


@pytest.mark.parametrize("write", ["reset", "boot", "clear"])
async def test_another_server_at_the_address_is_never_written_to(
    connect: Any, simulator: RunningSimulator, write: str
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("wrong-serial"))
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "reset": lambda: system.reset("On"),
            "boot": lambda: system.set_boot_override_once("Cd"),
            "clear": system.clear_boot_override,
        }
        with pytest.raises(WrongServerError, match="expected serial SN2, found NOT-SN2") as caught:
            await acts[write]()

    assert_told(caught.value)
    assert [] == list(simulator.bmc("SN2").traffic.writes)


# F7: accepted but ignored; tasks that are stuck, fail, or cannot be found


async def test_a_change_that_is_accepted_and_ignored_shows_in_the_next_look(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        simulator.inject(FaultRule("ignore-write", method="PATCH"))
        await system.set_boot_override_once("Cd")

        assert not (await system.observe()).boots_once_from("Cd")


@pytest.mark.parametrize(
    ("kind", "expected"), [("task-stuck", TaskUnfinishedError), ("task-exception", BmcTaskError)]
)
async def test_a_task_that_is_stuck_or_fails_is_told_as_such(
    connect: Any, simulator: RunningSimulator, kind: Any, expected: type[RedfishError]
) -> None:
    async with connect("SN1", patience=Patience(task_seconds=20)) as bmc:
        system = await find_system(bmc, "SN1")
        simulator.inject(FaultRule(kind, path="*ComputerSystem.Reset"))
        with pytest.raises(expected) as caught:
            await system.reset("On")

    assert_told(caught.value, "bmc-1.hall-north.test")


async def test_an_acceptance_that_names_no_task_is_left_to_the_next_look(
    connect: Any, simulator: RunningSimulator, clock: Any
) -> None:
    async with connect("SN1") as bmc:
        system = await find_system(bmc, "SN1")
        simulator.inject(FaultRule("no-location", path="*ComputerSystem.Reset"))
        await system.reset("On")
        clock.advance(10)

        assert "On" == (await system.observe()).power


# F8: sessions and passwords


async def test_a_password_that_was_rotated_is_a_clear_stop_after_one_more_login(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        await bmc.get(SYSTEM)
        simulator.inject(FaultRule("password-rotated"))
        with pytest.raises(BmcAuthError, match="log in: HTTP 401: user name or password refused") as caught:
            await bmc.get(SYSTEM)
        logins = simulator.simulation.faults.shown()[-1]["matched"]
        simulator.clear_faults()

    assert_told(caught.value)
    assert 2 == logins, "the read, and one login; no account is locked by more of them"


async def test_a_bmc_that_demands_another_password_first_is_a_clear_stop_and_keeps_no_session(
    connect: Any, simulator: RunningSimulator
) -> None:
    bmc = simulator.bmc("SN2")
    account = bmc.accounts.find("1")
    assert account is not None
    account.must_change_password = True
    async with connect("SN2") as client:
        with pytest.raises(
            PasswordChangeError, match=r"log in: .*next: change the account's password"
        ) as caught:
            await client.get(SYSTEM)

    assert_told(caught.value)
    assert (1, ()) == (bmc.sessions.counters.opened, bmc.sessions.live())


async def test_a_password_that_must_be_changed_from_now_on_is_told_by_basic_authentication_too(
    connect: Any, simulator: RunningSimulator
) -> None:
    account = simulator.bmc("SN3").accounts.find("1")
    assert account is not None
    account.must_change_password = True
    async with connect("SN3") as client:
        with pytest.raises(PasswordChangeError, match="must be changed before access is granted"):
            await client.get(SYSTEM)


async def test_an_account_without_the_privilege_is_a_clear_stop(
    connect: Any, simulator: RunningSimulator
) -> None:
    account = simulator.bmc("SN2").accounts.find("1")
    assert account is not None
    account.role = "ReadOnly"
    async with connect("SN2") as bmc:
        system = await system_of(bmc)
        with pytest.raises(
            BmcAuthError, match=r"HTTP 403: .*privileges.*next: mend the credential"
        ) as caught:
            await system.reset("On")

    assert_told(caught.value)
    assert 0 == resets(simulator)


# F9: clocks


async def test_a_bmc_whose_clock_is_ten_years_off_is_waited_for_as_long_as_it_means(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("clock-off"))
    async with connect("SN2") as bmc:
        assert "SN2" == (await (await system_of(bmc)).observe()).serial


# F10: certificates


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("tls-expired", "certificate has expired"),
        ("tls-not-yet-valid", "certificate is not yet valid"),
        ("tls-wrong-ca", "certificate verify failed"),
    ],
)
async def test_a_certificate_that_will_not_do_is_refused_and_told_why_before_any_password_is_sent(
    connect: Any, simulator: RunningSimulator, kind: Any, reason: str
) -> None:
    simulator.inject(FaultRule(kind))
    async with connect("SN2") as bmc:
        with pytest.raises(BmcTrustError, match=reason) as caught:
            await bmc.get(SYSTEM)

    assert_told(caught.value)
    assert 0 == simulator.bmc("SN2").traffic.requests


async def test_a_changed_certificate_is_refused_by_its_fingerprint(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("tls-changed"))
    async with connect("SN2", trust=Trust(fingerprint_sha256="00" * 32)) as bmc:
        with pytest.raises(BmcTrustError, match="and another one is pinned") as caught:
            await bmc.get(SYSTEM)

    assert_told(caught.value)
    assert 0 == simulator.bmc("SN2").traffic.requests
