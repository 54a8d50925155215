"""The plugin over gRPC, without an engine: what it answers, and what it leaves alone."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.provider.servicer import Servicer
from argosy_metal.provider.values import UNKNOWN, plain_map, wire_map
from argosy_metal.simulator import FaultRule

from ..claims_files import claims_in
from .served_plugin import (
    CLAIM,
    CLAIM_URN,
    CONFIG,
    IMAGE,
    MACHINE,
    MACHINE_URN,
    OTHER_IMAGE,
    Plugin,
    delete_request,
    partial_state,
    refusal,
    served,
)


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[Plugin]:
    """A configured plugin and a quick hall of two servers."""
    async with served(tmp_path) as found:
        yield found


async def test_a_claim_and_a_machine_come_up_and_go_down(plugin: Plugin) -> None:
    claim = await plugin.create_claim()
    machine = await plugin.create_machine()

    assert ("hall/SN1", 1, "r1") == (claim["serverId"], claim["generation"], claim["rack"])
    assert ("running", "On", f"sha256:{IMAGE['sha256']}") == (
        machine["phase"],
        machine["power"],
        machine["imageDigest"],
    )
    for urn, state in ((MACHINE_URN, machine), (CLAIM_URN, claim)):
        await plugin.stub.Delete(
            provider_pb2.DeleteRequest(urn=urn, id="hall/SN1", properties=wire_map(state))
        )
    assert [] == plugin.claims()


async def test_what_was_created_shows_no_difference(plugin: Plugin) -> None:
    claim, machine = await plugin.create_claim(), await plugin.create_machine()

    for urn, olds, news in ((CLAIM_URN, claim, CLAIM), (MACHINE_URN, machine, MACHINE)):
        assert provider_pb2.DiffResponse.DIFF_NONE == (await plugin.diff(urn, olds, news)).changes


async def test_a_preview_says_what_it_knows_and_writes_nothing(plugin: Plugin) -> None:
    answers = [
        await plugin.stub.Create(
            provider_pb2.CreateRequest(urn=urn, properties=wire_map(inputs), preview=True)
        )
        for urn, inputs in ((CLAIM_URN, CLAIM), (MACHINE_URN, {**MACHINE, "serverId": UNKNOWN}))
    ]

    claim, machine = (plain_map(answer.properties) for answer in answers)
    assert "hall/SN1" == claim["serverId"]
    assert UNKNOWN is machine["phase"]
    assert not (plugin.folder / "claims.sqlite").exists()
    assert 0 == plugin.counters()["resets"]


@pytest.mark.parametrize(
    ("changes", "replaces", "diffs"),
    [
        ({"serial": "SN2"}, ["serial"], ["serial"]),
        ({"site": "other"}, ["site"], ["site"]),
        ({"rack": "r2", "slot": "train/slot-02"}, [], ["rack", "slot"]),
    ],
)
async def test_only_another_server_replaces_a_claim(
    plugin: Plugin, changes: dict[str, Any], replaces: list[str], diffs: list[str]
) -> None:
    answer = await plugin.diff(CLAIM_URN, CLAIM, {**CLAIM, **changes})

    assert (replaces, diffs, True) == (list(answer.replaces), list(answer.diffs), answer.deleteBeforeReplace)


@pytest.mark.parametrize(
    ("olds", "news", "replaces", "diffs"),
    [
        ({}, {"image": OTHER_IMAGE}, ["image.sha256"], ["image"]),
        ({}, {"serverId": "hall/SN2"}, ["serverId"], ["serverId"]),
        ({}, {"serverId": UNKNOWN}, ["serverId"], ["serverId"]),
        ({}, {"image": {**IMAGE, "url": "https://mirror.test/node.iso"}}, [], ["image"]),
        ({}, {"online": False}, [], ["online", "power"]),
        ({"power": "Off"}, {}, [], ["power"]),
        ({"phase": "installing"}, {}, [], ["phase"]),
    ],
)
async def test_a_machine_is_replaced_by_another_image_or_server_and_updated_for_the_rest(
    plugin: Plugin, olds: dict[str, Any], news: dict[str, Any], replaces: list[str], diffs: list[str]
) -> None:
    running = {**MACHINE, "phase": "running", "power": "On"}

    answer = await plugin.diff(MACHINE_URN, {**running, **olds}, {**MACHINE, **news})

    assert provider_pb2.DiffResponse.DIFF_SOME == answer.changes
    assert (replaces, diffs) == (list(answer.replaces), list(answer.diffs))


async def test_ignored_changes_are_ignored(plugin: Plugin) -> None:
    answer = await plugin.diff(CLAIM_URN, CLAIM, {**CLAIM, "rack": "r2"}, ignoreChanges=["rack"])

    assert provider_pb2.DiffResponse.DIFF_NONE == answer.changes


async def test_a_changed_configuration_is_taken_over_and_replaces_nothing(plugin: Plugin) -> None:
    answer = await plugin.stub.DiffConfig(
        provider_pb2.DiffRequest(
            olds=wire_map(CONFIG),
            news=wire_map({**CONFIG, "claims": {"backend": "sqlite", "path": "other.sqlite"}}),
        )
    )

    assert (["claims"], []) == (list(answer.diffs), list(answer.replaces))


async def test_every_bad_input_is_named(plugin: Plugin) -> None:
    bad = {**CLAIM, "bmc": "http://bmc", "passwordRef": "hunter2", "colour": "red"}
    del bad["rack"]
    answer = await plugin.stub.Check(provider_pb2.CheckRequest(urn=CLAIM_URN, news=wire_map(bad)))
    machine = await plugin.stub.Check(
        provider_pb2.CheckRequest(
            urn=MACHINE_URN, news=wire_map({"serverId": "x", "image": {"url": "http://x", "sha256": "1"}})
        )
    )

    assert ["bmc", "colour", "passwordRef", "rack"] == [failure.property for failure in answer.failures]
    assert {"image.sha256", "image.url", "serverId"} == {failure.property for failure in machine.failures}


async def test_a_configuration_without_what_is_needed_is_refused(plugin: Plugin) -> None:
    answer = await plugin.stub.CheckConfig(
        provider_pb2.CheckRequest(
            news=wire_map({"claims": {"backend": "sqlite", "path": "c.sqlite"}, "phoneHome": "http://x"})
        )
    )
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Configure(
            provider_pb2.ConfigureRequest(
                args=wire_map({"claims": {"backend": "sqlite", "path": "c.sqlite"}})
            )
        )

    assert {"phoneHome"} == {failure.property for failure in answer.failures}
    assert "phoneHome: it is required" in refusal(error, grpc.StatusCode.INVALID_ARGUMENT)


async def test_a_failure_in_checking_the_configuration_has_a_code_and_no_traceback(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("argosy_metal.provider.servicer.plain_map", fail)
    calls = (
        plugin.stub.CheckConfig(provider_pb2.CheckRequest()),
        plugin.stub.DiffConfig(provider_pb2.DiffRequest()),
    )
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call
        assert "ZeroDivisionError: unforeseen" in refusal(error, grpc.StatusCode.INTERNAL)


async def test_a_machine_without_a_claim_is_refused_with_what_to_do(plugin: Plugin) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine()

    assert "hall/SN1 is not claimed" in refusal(error, grpc.StatusCode.FAILED_PRECONDITION)


async def test_a_server_of_another_stack_is_neither_claimed_nor_read_nor_deleted(plugin: Plugin) -> None:
    await plugin.create_claim()
    await plugin.create_machine()
    theirs = CLAIM_URN.replace("local", "other")

    with pytest.raises(grpc.aio.AioRpcError) as claimed:
        await plugin.stub.Create(provider_pb2.CreateRequest(urn=theirs, properties=wire_map(CLAIM)))
    with pytest.raises(grpc.aio.AioRpcError) as imported:
        await plugin.read(theirs)
    await plugin.stub.Delete(provider_pb2.DeleteRequest(urn=theirs, id="hall/SN1"))
    await plugin.stub.Delete(
        provider_pb2.DeleteRequest(urn=MACHINE_URN.replace("local", "other"), id="hall/SN1")
    )

    for error in (claimed, imported):
        assert "owned by stack lab/local" in refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert [("SN1", Phase.RUNNING)] == plugin.claims()
    assert "On" == plugin.status()["power"]


async def test_a_claim_that_is_gone_or_someone_elses_reads_as_gone_and_is_deleted_without_ado(
    plugin: Plugin,
) -> None:
    state = await plugin.create_claim()
    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("by hand"))
    held = store.find("hall", "SN1")
    assert held is not None
    store.release(held)
    assert "" == (await plugin.read(CLAIM_URN, state)).id

    store.claim(replace(held, owner="lab/other", holder="urn-other"))
    assert "" == (await plugin.read(CLAIM_URN, state)).id
    assert "" == (await plugin.read(MACHINE_URN, dict(MACHINE))).id
    await plugin.stub.Delete(
        provider_pb2.DeleteRequest(urn=CLAIM_URN, id="hall/SN1", properties=wire_map(state))
    )
    assert ["lab/other"] == [claim.owner for claim in claims_in(plugin.folder / "claims.sqlite")]
    store.close()


async def test_a_claim_that_was_granted_anew_is_not_released_by_the_old_ones_deletion(plugin: Plugin) -> None:
    old = await plugin.create_claim()
    delete = provider_pb2.DeleteRequest(urn=CLAIM_URN, id="hall/SN1", properties=wire_map(old))
    await plugin.stub.Delete(delete)
    await plugin.create_claim()

    await plugin.stub.Delete(delete)

    assert [("SN1", Phase.CLAIMED)] == plugin.claims()


async def test_what_a_run_has_created_is_not_deleted_in_the_same_run_as_its_own_predecessor(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, servicer_of=Servicer) as plugin:
        claim, machine = await plugin.create_claim(), await plugin.create_machine()
        await plugin.configure()

        # As `pulumi up --replace` does where nothing tells the engine that deletion comes first.
        assert claim == await plugin.create_claim()
        assert machine == await plugin.create_machine()
        await plugin.stub.Delete(delete_request(MACHINE_URN, machine))
        await plugin.stub.Delete(delete_request(CLAIM_URN, claim))
        assert ([("SN1", Phase.RUNNING)], "On") == (plugin.claims(), plugin.status()["power"])

        # The next run may delete it.
        await plugin.configure()
        await plugin.stub.Delete(delete_request(MACHINE_URN, machine))
        assert ([("SN1", Phase.CLAIMED)], "Off") == (plugin.claims(), plugin.status()["power"])


async def test_releasing_a_claim_takes_down_what_a_killed_run_left_on_it(plugin: Plugin) -> None:
    state = await plugin.create_claim()
    await plugin.create_machine()

    await plugin.stub.Delete(
        provider_pb2.DeleteRequest(urn=CLAIM_URN, id="hall/SN1", properties=wire_map(state))
    )

    assert [] == plugin.claims()
    assert "Off" == plugin.status()["power"]


async def test_what_a_killed_destroy_left_reads_as_unfinished_and_is_brought_back_without_an_install(
    plugin: Plugin,
) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    # As a run leaves it that is killed right after it has cut the power.
    store = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("run-1"))
    claim = store.find("hall", "SN1")
    assert claim is not None
    store.change(claim, phase=Phase.LEAVING)
    store.close()
    plugin.simulator.bmc("SN1").machine.press_button(on=False, now=plugin.simulator.simulation.clock.now())

    refresh = provider_pb2.ReadRequest(
        urn=MACHINE_URN, id="hall/SN1", properties=wire_map(state), inputs=wire_map(MACHINE)
    )
    found = plain_map((await plugin.stub.Read(refresh)).properties)
    assert "leaving" == found["phase"]
    assert found["power"] in ("PoweringOff", "Off")
    assert ["phase"] == list((await plugin.diff(MACHINE_URN, found, MACHINE)).diffs)
    answer = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=MACHINE_URN, id="hall/SN1", olds=wire_map(found), news=wire_map(MACHINE)
        )
    )

    back = plain_map(answer.properties)
    assert ("running", "On", state["installId"]) == (back["phase"], back["power"], back["installId"])
    assert ("On", 1) == (plugin.status()["power"], plugin.counters()["installs_started"])


@pytest.mark.parametrize("loss", ["gone", "new"])
async def test_a_lost_claims_file_fails_destroy_and_refresh_and_leaves_the_machine_alone(
    plugin: Plugin, loss: str
) -> None:
    claim, machine = await plugin.create_claim(), await plugin.create_machine()
    path = plugin.folder / "claims.sqlite"
    path.unlink()
    await plugin.configure()
    if loss == "new":
        SqliteClaimStore(path, RunIdentity("other")).fence("lab/other")

    for urn, state in ((MACHINE_URN, machine), (CLAIM_URN, claim)):
        for call in (plugin.stub.Delete(delete_request(urn, state)), plugin.read(urn, state)):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call
            told = refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
            assert f"{path} does not know server hall/SN1" in told
            assert f"`pulumi state delete '{urn}'`" in told
    assert "On" == plugin.status()["power"]


async def test_a_store_that_granted_the_server_to_others_does_not_prove_that_our_machine_is_gone(
    plugin: Plugin,
) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    (plugin.folder / "claims.sqlite").unlink()
    await plugin.configure()
    theirs = SqliteClaimStore(plugin.folder / "claims.sqlite", RunIdentity("theirs"))
    theirs.claim(Claim("hall", "SN1", "train/slot-01", "lab/other", "urn", 0, {}))
    theirs.close()

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Delete(delete_request(MACHINE_URN, machine))

    assert "does not know server hall/SN1" in refusal(error, grpc.StatusCode.FAILED_PRECONDITION)


async def test_deleting_again_after_a_kill_between_release_and_state_succeeds(plugin: Plugin) -> None:
    claim, machine = await plugin.create_claim(), await plugin.create_machine()

    for _ in range(2):
        await plugin.stub.Delete(delete_request(MACHINE_URN, machine))
        await plugin.stub.Delete(delete_request(CLAIM_URN, claim))

    assert [] == plugin.claims()


async def test_a_new_claims_file_neither_adopts_nor_powers_off_what_another_one_runs(plugin: Plugin) -> None:
    await plugin.create_claim()
    machine = await plugin.create_machine()
    writes = plugin.simulator.simulation.writes()
    (plugin.folder / "claims.sqlite").unlink()
    await plugin.configure()
    claim = await plugin.create_claim()

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine()

    told = refusal(error, grpc.StatusCode.UNKNOWN)
    assert f"(install {machine['installId']} was reported); it was left alone" in told
    assert "claimed" == plain_map(partial_state(error.value).properties)["phase"]
    await plugin.stub.Delete(delete_request(MACHINE_URN, plain_map(partial_state(error.value).properties)))
    await plugin.stub.Delete(delete_request(CLAIM_URN, claim))
    assert ("On", writes) == (plugin.status()["power"], plugin.simulator.simulation.writes())


async def test_an_id_alone_finds_claim_and_machine_and_changes_no_power(plugin: Plugin) -> None:
    await plugin.create_claim()
    await plugin.create_machine()
    resets = plugin.counters()["resets"]

    claim, machine = await plugin.read(CLAIM_URN), await plugin.read(MACHINE_URN)

    assert dict(CLAIM) == plain_map(claim.inputs)
    assert dict(MACHINE) == plain_map(machine.inputs)
    assert resets == plugin.counters()["resets"]


async def test_an_id_that_is_none_is_refused(plugin: Plugin) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.read(CLAIM_URN, server="SN1")

    assert "give `site/serial`" in refusal(error, grpc.StatusCode.FAILED_PRECONDITION)


async def test_a_claim_described_anew_keeps_its_machine(plugin: Plugin) -> None:
    state = await plugin.create_claim()
    await plugin.create_machine()

    answer = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=CLAIM_URN, id="hall/SN1", olds=wire_map(state), news=wire_map({**CLAIM, "rack": "r9"})
        )
    )

    assert "r9" == plain_map(answer.properties)["rack"]
    assert [("SN1", Phase.RUNNING)] == plugin.claims()


async def test_a_failing_bmc_is_a_partial_failure_that_the_engine_can_record(plugin: Plugin) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(FaultRule("status", method="POST", path="*InsertMedia*", status=500))

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine()

    message = refusal(error, grpc.StatusCode.UNKNOWN)
    assert "hall/SN1 (train/slot-01): phase preparing: insert the image" in message
    partial = partial_state(error.value)
    assert ("hall/SN1", "preparing") == (partial.id, plain_map(partial.properties)["phase"])
    assert [message] == list(partial.reasons)

    plugin.simulator.clear_faults()
    answer = await plugin.stub.Update(
        provider_pb2.UpdateRequest(
            urn=MACHINE_URN, id="hall/SN1", olds=partial.properties, news=wire_map(MACHINE)
        )
    )
    assert "running" == plain_map(answer.properties)["phase"]
    assert 1 == plugin.counters()["installs_started"]


async def test_an_unreachable_bmc_is_an_error_of_read(plugin: Plugin) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    plugin.simulator.inject(FaultRule("disconnect", host="bmc-1.*"))

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.read(MACHINE_URN, state)

    assert "not taken for gone" in refusal(error, grpc.StatusCode.UNAVAILABLE)


async def test_swapped_hardware_is_an_error_of_read_and_create_and_is_not_written_to(plugin: Plugin) -> None:
    await plugin.create_claim()
    state = await plugin.create_machine()
    writes = plugin.simulator.simulation.writes()
    plugin.simulator.inject(FaultRule("wrong-serial", host="bmc-1.*"))

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.read(MACHINE_URN, state)

    assert "was the hardware swapped?" in refusal(error, grpc.StatusCode.UNAVAILABLE)
    assert writes == plugin.simulator.simulation.writes()


async def test_a_secret_that_is_not_there_is_named_by_its_reference(plugin: Plugin) -> None:
    await plugin.create_claim(passwordRef="env:NO_SUCH_VARIABLE")

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine()

    told = refusal(error, grpc.StatusCode.FAILED_PRECONDITION)
    assert "hall/SN1 (train/slot-01): phase claimed: env:NO_SUCH_VARIABLE: " in told
    assert "set it, then run again" in told


async def test_a_custom_timeout_is_kept(plugin: Plugin) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(FaultRule("status", path="/phone-home*", status=404))

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.create_machine(seconds=1.0)

    assert "the time given to this resource is over" in refusal(error, grpc.StatusCode.UNKNOWN)


async def test_cancel_lets_the_step_in_hand_finish_and_answers_with_the_phase(plugin: Plugin) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(FaultRule("status", path="/phone-home*", status=404))
    creating = asyncio.ensure_future(plugin.create_machine())
    await plugin.reaches(Phase.INSTALLING)

    await plugin.stub.Cancel(empty_pb2.Empty())
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await creating

    assert "installing" == plain_map(partial_state(error.value).properties)["phase"]
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await plugin.create_claim(serial="SN2")
    assert "was cancelled before" in refusal(late, grpc.StatusCode.FAILED_PRECONDITION)


async def test_a_call_that_the_engine_hangs_up_on_stops_between_two_steps(plugin: Plugin) -> None:
    await plugin.create_claim()
    plugin.simulator.inject(FaultRule("status", path="/phone-home*", status=404))
    creating = plugin.stub.Create(provider_pb2.CreateRequest(urn=MACHINE_URN, properties=wire_map(MACHINE)))
    await plugin.reaches(Phase.INSTALLING)

    creating.cancel()
    await plugin.servicer.finish()

    assert 0 == plugin.status()["sessions"]["live"], "the session is deleted even so"


async def test_an_unknown_resource_is_refused(plugin: Plugin) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.stub.Check(provider_pb2.CheckRequest(urn=CLAIM_URN.replace("ServerClaim", "Rack")))

    assert "no such resource" in refusal(error, grpc.StatusCode.INVALID_ARGUMENT)


async def test_the_schema_describes_what_check_accepts(plugin: Plugin) -> None:
    schema = (await plugin.stub.GetSchema(provider_pb2.GetSchemaRequest())).schema

    assert '"baremetal:index:Machine"' in schema
    assert '"baremetal:index:ServerClaim"' in schema


def test_the_plugin_ends_quietly_when_it_is_told_to_and_when_its_parent_is_gone(tmp_path: Path) -> None:
    start = [sys.executable, "-m", "argosy_metal.provider.main", "127.0.0.1:1"]
    for number in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as told:
            assert told.stdout is not None
            assert told.stdout.readline().strip().isdigit()
            told.send_signal(number)
            assert ("", 0) == (told.communicate(timeout=10)[0], told.returncode)

    program = (
        f"import subprocess; p = subprocess.Popen({start!r}, stdout=subprocess.PIPE);"
        " p.stdout.readline(); print(p.pid)"
    )
    parent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    deadline = time.monotonic() + 10
    while _is_alive(int(parent.stdout)):
        assert time.monotonic() < deadline, "the plugin outlives its parent"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
