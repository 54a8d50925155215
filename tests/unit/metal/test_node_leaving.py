"""Whoever takes a machine down drains its Node first: `NodeJoin`, `Machine` or `ServerClaim`. No engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy_metal.budgets import DELETIONS_VARIABLE, TooManyDeletionsError
from argosy_metal.claims import Phase
from argosy_metal.kubernetes.nodes import NodeError
from argosy_metal.lifecycle import InterruptedMachineError
from argosy_metal.provider.cluster_membership import UNDRAINED_VARIABLE
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.values import UNKNOWN
from argosy_metal.simulator import image_sha256

from ...kube_api import TOKEN
from .joined_halls import JOIN, MACHINE, SERVER, Joined, joined_hall
from .setup_halls import Killed, urn

OTHER = {"url": "https://provision.hall.test/images/node-2.iso", "sha256": image_sha256("node-2")}
DRAINED = ["patch sn1", "evict job-1", "delete sn1"]
"""What is done in the cluster after the Node was marked."""


@pytest.fixture
async def joined(tmp_path: Path) -> AsyncIterator[Joined]:
    """A machine that runs and has a pod, in its cluster."""
    async with joined_hall(tmp_path) as found:
        found.registers()
        found.api.add_pod("job-1", "sn1")
        yield found


def is_on(joined: Joined) -> bool:
    return "On" == joined.setup.bmc.status()["power"]


def forget_note(joined: Joined) -> None:
    """As a claims store does that was restored from a backup."""
    record = {name: value for name, value in joined.claim.record.items() if name != "node"}
    joined.setup.provider.hall().store.change(joined.claim, record=record)


def other_image_is_wanted(joined: Joined) -> None:
    """The engine compares the machine, and then all that hangs on it with what comes from it unknown."""
    assert "image.sha256" in joined.setup.changes(MACHINE, joined.machine, image=OTHER, online=True)


async def test_a_node_is_drained_and_deleted_and_no_longer_noted(joined: Joined) -> None:
    olds = await joined.join()
    await joined.leave(olds)

    assert DRAINED == joined.api.done[1:]
    assert joined.noted is None
    assert is_on(joined)


async def test_a_refused_drain_names_the_pods_and_forces_nothing(joined: Joined) -> None:
    olds = await joined.join()
    joined.api.refusals["job-1"] = [429] * 99

    with pytest.raises(NodeError, match=r"hall/SN1 \(train/slot-01\) stays as it is.*work/job-1: HTTP") as no:
        await joined.leave(olds)
    assert f"{UNDRAINED_VARIABLE}=hall/SN1" in str(no.value)
    assert TOKEN not in str(no.value)
    assert "sn1" in joined.api.nodes
    assert joined.noted is not None

    joined.api.refusals.clear()
    await joined.leave(olds)
    assert DRAINED[1:] == joined.api.done[-2:]


async def test_a_machine_is_not_taken_down_while_its_node_is_not_drained(joined: Joined) -> None:
    await joined.join()
    joined.api.stubborn.add("job-1")

    with pytest.raises(NodeError, match="work/job-1: still ending"):
        await joined.setup.delete(MACHINE, joined.machine)
    assert is_on(joined)
    assert Phase.RUNNING is joined.claim.phase


async def test_a_machine_whose_node_join_is_lost_is_drained_before_it_is_taken_down(joined: Joined) -> None:
    await joined.join()
    joined.api.before["DELETE"] = lambda: joined.api.done.append(f"on: {is_on(joined)}")
    await joined.setup.delete(MACHINE, joined.machine)

    assert ["on: True", "delete sn1"] == joined.api.done[-2:]
    assert not is_on(joined)
    assert joined.noted is None


async def test_a_claim_whose_machine_the_state_has_lost_drains_it_first(
    joined: Joined,
) -> None:
    await joined.join()
    joined.api.stubborn.add("job-1")
    with pytest.raises(NodeError, match="work/job-1: still ending"):
        await joined.setup.delete(SERVER, {})
    assert is_on(joined)
    joined.api.stubborn.clear()
    await joined.setup.delete(SERVER, {})

    assert "delete sn1" == joined.api.done[-1]
    assert joined.setup.provider.hall().store.find("hall", "SN1") is None


async def test_a_machine_whose_join_was_killed_before_its_mark_is_drained_too(joined: Joined) -> None:
    node = joined.api.nodes["sn1"]
    node["status"]["nodeInfo"]["bootID"] = "first-boot"
    joined.setup.clock.die_at = joined.setup.clock.now() + 1
    with pytest.raises(Killed):
        await joined.join()
    joined.setup.again()
    node["status"]["nodeInfo"]["bootID"] = joined.machine["bootId"]
    await joined.setup.delete(MACHINE, joined.machine)

    assert DRAINED == joined.api.done


async def test_a_machine_that_is_in_no_cluster_is_taken_down_without_asking_one(joined: Joined) -> None:
    await joined.setup.delete(MACHINE, joined.machine)

    assert [] == joined.api.requests
    assert not is_on(joined)


async def test_a_machine_whose_cluster_is_silent_stays_until_a_person_gives_it_up(
    joined: Joined, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await joined.join()
    (tmp_path / "kubeconfig").unlink()
    with pytest.raises(NodeError, match="this kubeconfig cannot be used: it cannot be read"):
        await joined.setup.delete(MACHINE, joined.machine)
    assert is_on(joined)

    monkeypatch.setenv(UNDRAINED_VARIABLE, "hall/SN8, hall/SN9")
    with pytest.raises(NodeError):
        await joined.setup.delete(MACHINE, joined.machine)
    monkeypatch.setenv(UNDRAINED_VARIABLE, "hall/SN9, hall/SN1")
    await joined.setup.delete(MACHINE, joined.machine)
    assert not is_on(joined)


async def test_a_machine_whose_cluster_s_token_file_is_gone_is_told_with_the_way_to_give_it_up(
    joined: Joined,
) -> None:
    await joined.join()
    joined.api.write_kubeconfig(user="tokenFile: nowhere")

    with pytest.raises(NodeError, match=rf"nowhere: this kubeconfig .*{UNDRAINED_VARIABLE}=hall/SN1"):
        await joined.setup.delete(MACHINE, joined.machine)
    assert is_on(joined)


async def test_a_replaced_machine_is_drained_by_its_own_deletion_in_its_turn(
    joined: Joined,
) -> None:
    olds = await joined.join()
    other_image_is_wanted(joined)
    await joined.leave(olds)
    assert ["patch sn1"] == joined.api.done, "the engine asks for all nodes of a pool at once"

    await joined.setup.delete(MACHINE, joined.machine)
    assert DRAINED == joined.api.done[1:]
    assert not is_on(joined)


async def test_a_replacement_whose_drain_is_refused_leaves_the_machine_and_says_so_with_its_successor(
    joined: Joined,
) -> None:
    olds = await joined.join()
    joined.api.stubborn.add("job-1")
    other_image_is_wanted(joined)
    await joined.leave(olds)
    await joined.setup.delete(MACHINE, joined.machine)

    with pytest.raises(PartialFailureError, match="work/job-1: still ending") as left:
        await joined.setup.create(MACHINE, image=OTHER, online=True)
    assert is_on(joined)
    assert joined.machine["installId"] == joined.claim.install_id
    # The next run asks for the same again, and goes on.
    joined.setup.again()
    joined.api.stubborn.clear()
    assert "image.sha256" in joined.setup.changes(MACHINE, dict(left.value.outputs), image=OTHER, online=True)
    await joined.leave(olds)
    await joined.setup.delete(MACHINE, dict(left.value.outputs))
    assert "delete sn1" == joined.api.done[-1]
    assert not is_on(joined)


async def test_a_replacement_that_is_given_up_opens_the_node_again(joined: Joined) -> None:
    olds = await joined.join()
    joined.api.stubborn.add("job-1")
    other_image_is_wanted(joined)
    await joined.leave(olds)
    await joined.setup.delete(MACHINE, joined.machine)
    assert joined.api.nodes["sn1"]["spec"]["unschedulable"] is True

    joined.setup.again()
    await joined.join()
    assert "unschedulable" not in joined.api.nodes["sn1"]["spec"]


async def test_a_node_that_alone_is_replaced_and_does_not_drain_is_told_with_its_successor(
    joined: Joined,
) -> None:
    olds = await joined.join()
    joined.api.stubborn.add("job-1")
    assert ["nodeName"] == joined.setup.changes(JOIN, olds, **joined.inputs(nodeName="sn1-b"))
    await joined.leave(olds)

    with pytest.raises(PartialFailureError, match="work/job-1: still ending") as left:
        await joined.join(nodeName="sn1-b")
    assert "sn1" == left.value.outputs["nodeName"]
    assert "sn1" in joined.api.nodes


async def test_a_node_whose_machine_is_replaced_with_unknown_ids_is_not_counted_as_a_deletion(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DELETIONS_VARIABLE, "0")
    joined.setup.again()
    olds = await joined.join()
    with pytest.raises(TooManyDeletionsError):
        await joined.leave(olds)
    assert ["patch sn1"] == joined.api.done

    news = {**joined.setup.checked(JOIN, joined.inputs()), "serverId": UNKNOWN}
    joined.setup.kind(JOIN).diff(ResourceRequest(urn(JOIN), "hall/SN1", news, olds))
    await joined.leave(olds)
    assert DRAINED == joined.api.done[1:]


async def test_a_stop_during_a_drain_ends_it_between_two_looks(joined: Joined) -> None:
    olds = await joined.join()
    joined.api.stubborn.add("job-1")
    joined.api.before["POST"] = joined.setup.provider.stop.set

    with pytest.raises(InterruptedMachineError, match="the run was told to stop"):
        await joined.leave(olds)
    assert "sn1" in joined.api.nodes
    assert joined.noted is not None


async def test_a_drain_that_was_killed_is_gone_on_with(joined: Joined) -> None:
    olds = await joined.join()
    joined.api.stubborn.add("job-1")
    joined.setup.clock.die_at = joined.setup.clock.now() + 1
    with pytest.raises(Killed):
        await joined.leave(olds)
    joined.setup.again()
    joined.api.stubborn.clear()
    await joined.leave(olds)

    assert "delete sn1" == joined.api.done[-1]
    assert 1 == joined.api.done.count("evict job-1")


async def test_a_node_of_somebody_else_is_neither_drained_nor_deleted(joined: Joined) -> None:
    olds = await joined.join()
    joined.api.replace_node("sn1", "another-boot", "hall/SN9")
    await joined.leave(olds)

    assert ["patch sn1"] == joined.api.done
    assert "sn1" in joined.api.nodes


async def test_a_server_of_another_stack_or_a_released_one_is_not_drained(joined: Joined) -> None:
    olds = await joined.join()
    forget_note(joined)
    joined.setup.stack = "other"
    await joined.leave(olds)
    assert ["patch sn1"] == joined.api.done
    joined.setup.stack = "local"

    stale = {**olds, "installId": "of-a-store-that-was-lost"}
    store = joined.setup.provider.hall().store
    joined.setup.phase_is(Phase.CLAIMED)
    store.release(joined.claim)
    await joined.leave(olds)
    with pytest.raises(NotPossibleError, match="does not know server hall/SN1 as the state"):
        await joined.leave(stale)
    assert ["patch sn1"] == joined.api.done


async def test_a_node_join_with_another_urn_by_now_is_not_drained_by_the_old_one(
    joined: Joined,
) -> None:
    olds = await joined.join()
    request = ResourceRequest(f"{urn(JOIN)}-old-name", "hall/SN1", {}, olds)
    await joined.setup.kind(JOIN).delete(request)

    assert ["patch sn1"] == joined.api.done


async def test_a_node_that_no_note_tells_of_is_drained_by_what_the_state_knows(joined: Joined) -> None:
    olds = await joined.join()
    forget_note(joined)
    await joined.leave(olds)

    assert DRAINED == joined.api.done[1:]
