"""A machine joins its cluster, is marked, drained and deleted; another's Node is never touched."""

import asyncio
from collections.abc import Iterator

import pytest

from argosy_metal.kubernetes.membership import Member, Membership, Patience, Wish
from argosy_metal.kubernetes.nodes import NodeError, Nodes, Taint
from argosy_metal.lifecycle.leash import Leash, StopRequestedError
from argosy_metal.simulator import ManualClock

from ...kube_api import KubeApi, serving

GPU_TAINT = Taint("nvidia.com/gpu", "present", "NoSchedule")
WISH = Wish("oslo/SN1", "sn1", {"argosy.dev/pool": "train"}, (GPU_TAINT,), 8)
BOOT = "394c9ca6"


class Clock(ManualClock):
    """Passes as soon as somebody sleeps; `then` happens at each sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps = 0
        self.then: dict[int, object] = {}

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.advance(seconds)
        event = self.then.get(self.sleeps)
        if callable(event):
            event()
        await asyncio.sleep(0)


class World:
    def __init__(self, nodes: Nodes, api: KubeApi) -> None:
        self.api = api
        self.clock = Clock()
        self.stop = asyncio.Event()
        self.boot_id: str | None = BOOT
        self.member = Membership(
            nodes, self.clock, Leash(self.clock, None, self.stop), Patience(join_seconds=60, drain_seconds=60)
        )

    async def reported(self) -> str | None:
        return self.boot_id

    async def join(self, wish: Wish = WISH) -> None:
        await self.member.join(wish, self.reported)

    async def leave(self, node_uid: str = "") -> None:
        await self.member.leave(Member("oslo/SN1", "sn1", node_uid), self.reported)


@pytest.fixture
def world() -> Iterator[World]:
    api = KubeApi()
    with serving(api) as nodes:
        yield World(nodes, api)


async def test_a_machine_is_waited_for_and_marked(world: World):
    world.clock.then[2] = lambda: world.api.add_node("sn1", BOOT)
    await world.join()

    node = world.api.nodes["sn1"]
    assert {"argosy.dev/pool": "train"} == node["metadata"]["labels"]
    assert ["node.kubernetes.io/not-ready", "nvidia.com/gpu"] == [
        one["key"] for one in node["spec"]["taints"]
    ]


async def test_marks_come_before_the_node_is_ready_and_once_only(world: World):
    node = world.api.add_node("sn1", BOOT, ready=False, gpus=0)
    world.clock.then[1] = lambda: node["status"].update(
        allocatable={"nvidia.com/gpu": "8"}, conditions=[{"type": "Ready", "status": "True"}]
    )
    await world.join()
    await world.join()

    assert ["patch sn1"] == world.api.done


@pytest.mark.parametrize(
    ("boot_id", "ready", "gpus", "told"),
    [
        ("another-boot", True, 8, "node sn1 is of another boot"),
        (BOOT, False, 8, "node sn1 is not ready: kubelet is starting"),
        (BOOT, True, 7, "node sn1 offers 7 of 8 GPUs"),
    ],
)
async def test_what_a_node_lacks_is_told_after_the_time_is_over(
    world: World, boot_id: str, ready: bool, gpus: int, told: str
):
    world.api.add_node("sn1", boot_id, ready=ready, gpus=gpus)

    with pytest.raises(NodeError, match=told):
        await world.join()


async def test_a_node_of_another_boot_is_never_marked(world: World):
    world.api.add_node("sn1", "another-boot")
    with pytest.raises(NodeError):
        await world.join()

    assert [] == world.api.done


async def test_a_machine_that_never_registers_or_reports_is_told_so(world: World):
    with pytest.raises(NodeError, match="no node sn1 has registered after 60 s"):
        await world.join()
    world.api.add_node("sn1", BOOT)
    world.boot_id = None
    with pytest.raises(NodeError, match="the machine has not reported after 60 s"):
        await world.join()


async def test_a_node_that_belongs_to_another_server_is_refused(world: World):
    world.api.replace_node("sn1", BOOT, "oslo/SN9")

    with pytest.raises(NodeError, match="node sn1 belongs to server oslo/SN9, not oslo/SN1"):
        await world.join()


async def test_a_write_that_meets_another_is_made_anew_from_what_is_there_now(world: World):
    world.api.add_node("sn1", BOOT)
    world.api.conflicts = 3
    await world.join()

    assert ["patch sn1"] == world.api.done


async def test_a_node_that_keeps_changing_is_told_so(world: World):
    world.api.add_node("sn1", BOOT)
    world.api.conflicts = 99

    with pytest.raises(NodeError, match="node sn1 keeps changing while it is written"):
        await world.join()


async def test_what_is_ours_no_more_is_taken_away_and_others_marks_stay(world: World):
    node = world.api.add_node("sn1", BOOT)
    node["metadata"]["labels"]["theirs"] = "stays"
    await world.join()
    await world.join(Wish("oslo/SN1", "sn1", {"argosy.dev/role": "training"}, (), 8))

    assert {"theirs": "stays", "argosy.dev/role": "training"} == node["metadata"]["labels"]
    assert ["node.kubernetes.io/not-ready"] == [one["key"] for one in node["spec"]["taints"]]


async def test_leaving_cordons_evicts_and_deletes_in_this_order(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.api.add_pod("elsewhere", "sn2")
    await world.leave()

    assert ["patch sn1", "patch sn1", "evict job-1", "delete sn1"] == world.api.done
    assert ["elsewhere"] == list(world.api.pods)


@pytest.mark.parametrize("pod", [{"owner": "DaemonSet"}, {"phase": "Succeeded"}, {"phase": "Failed"}])
async def test_pods_that_no_drain_moves_do_not_hold_it_up(world: World, pod: dict[str, str]):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("bound", "sn1", **pod)
    await world.leave()

    assert "delete sn1" in world.api.done
    assert "evict bound" not in world.api.done


@pytest.mark.parametrize("status", [409, 429, 500])
async def test_an_eviction_that_is_refused_is_asked_for_again(world: World, status: int):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.api.refusals["job-1"] = [status, status]
    await world.leave()

    assert ["evict job-1", "delete sn1"] == world.api.done[-2:]


async def test_a_pod_that_is_gone_when_its_eviction_is_asked_for_is_no_error(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.api.before["POST"] = world.api.pods.clear
    await world.leave()

    assert "delete sn1" in world.api.done


async def test_a_pod_that_comes_back_during_the_drain_is_evicted_too(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.clock.then[world.clock.sleeps + 1] = lambda: world.api.add_pod("job-2", "sn1")
    await world.leave()

    assert ["evict job-1", "evict job-2", "delete sn1"] == world.api.done[-3:]


async def test_a_cordon_that_somebody_opens_during_the_drain_is_closed_again(world: World):
    node = world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.clock.then[world.clock.sleeps + 1] = lambda: node["spec"].pop("unschedulable")
    await world.leave()

    assert ["patch sn1", "evict job-1", "patch sn1", "delete sn1"] == world.api.done[-4:]


async def test_a_pod_that_ends_slowly_is_asked_once_and_waited_for(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.api.stubborn.add("job-1")
    world.clock.then[world.clock.sleeps + 3] = world.api.stubborn.clear
    await world.leave()

    assert 1 == world.api.done.count("evict job-1")
    assert "delete sn1" in world.api.done


@pytest.mark.parametrize(
    ("owner", "stubborn", "refusals", "told"),
    [
        ("ReplicaSet", False, [429] * 99, r"work/job-1: .*disruption budget"),
        ("ReplicaSet", True, [], r"work/job-1: still ending"),
        ("", False, [], r"work/job-1: no controller would start it anew; delete it yourself"),
    ],
)
async def test_a_node_that_will_not_drain_stays_cordoned_and_names_its_pods(
    world: World, owner: str, stubborn: bool, refusals: list[int], told: str
):
    node = world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1", owner=owner)
    world.api.stubborn |= {"job-1"} if stubborn else set()
    world.api.refusals["job-1"] = refusals

    with pytest.raises(NodeError, match=rf"{told}.*nothing was forced"):
        await world.leave()
    assert node["spec"]["unschedulable"] is True
    assert "sn1" in world.api.nodes
    assert "job-1" in world.api.pods
    assert ("evict job-1" in world.api.done) == stubborn


async def test_a_stop_ends_a_drain_between_two_looks(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1")
    world.api.stubborn.add("job-1")
    world.clock.then[world.clock.sleeps + 1] = world.stop.set

    with pytest.raises(StopRequestedError):
        await world.leave()


async def test_a_node_that_is_not_ours_is_neither_drained_nor_deleted(world: World):
    world.api.add_pod("job-1", "sn1")
    world.api.add_node("sn1", "another-boot")
    await world.leave()
    world.api.replace_node("sn1", "another-boot", "oslo/SN9")
    await world.leave("uid-of-ours")

    assert [] == world.api.done


@pytest.mark.parametrize(("boot_id", "uid"), [("another-boot", "uid-sn1-another-boot-other"), (BOOT, "")])
async def test_our_node_under_somebody_elses_mark_is_an_error_and_not_taken_for_gone(
    world: World, boot_id: str, uid: str
):
    world.api.replace_node("sn1", boot_id, "oslo/SN9")

    with pytest.raises(NodeError, match=r"node sn1 is server oslo/SN1, and its annotation argosy\.dev/owned"):
        await world.leave(uid)
    assert [] == world.api.done


@pytest.mark.parametrize(("boot_id", "uid"), [("another-boot", "uid-sn1-another-boot"), (BOOT, "")])
async def test_a_node_whose_mark_was_taken_away_is_known_by_its_uid_or_its_boot(
    world: World, boot_id: str, uid: str
):
    node = world.api.add_node("sn1", boot_id)
    node["metadata"]["annotations"] = {"argosy.dev/owned": "scrawl"}
    world.api.add_pod("job-1", "sn1")
    await world.leave(uid)

    assert ["patch sn1", "evict job-1", "delete sn1"] == world.api.done


async def test_a_node_that_another_machine_takes_before_it_is_marked_is_left_alone(world: World):
    world.api.add_node("sn1", BOOT)
    # The first request to find it is ours, the second one is that of the change.
    world.api.before["GET"] = lambda: world.api.before.update(
        GET=lambda: world.api.replace_node("sn1", "another-boot")
    )

    with pytest.raises(NodeError, match="node sn1 is of another boot"):
        await world.join()
    assert [] == world.api.done


async def test_a_node_that_another_machine_takes_before_it_is_cordoned_is_left_alone(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.before["GET"] = lambda: world.api.before.update(
        GET=lambda: world.api.replace_node("sn1", "another-boot", "oslo/SN9")
    )
    await world.leave()

    assert ["patch sn1"] == world.api.done


async def test_a_node_that_another_machine_takes_before_it_is_deleted_is_left_alone(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.before["DELETE"] = lambda: world.api.replace_node("sn1", "another-boot", "oslo/SN9")
    await world.leave()

    assert ["patch sn1", "patch sn1"] == world.api.done
    assert "sn1" in world.api.nodes


async def test_a_machine_that_registers_anew_before_its_node_is_deleted_is_drained_again(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()

    def registers_anew() -> None:
        world.api.replace_node("sn1", BOOT)
        world.api.add_pod("job-2", "sn1")

    world.api.before["DELETE"] = registers_anew
    await world.leave()

    assert ["patch sn1", "patch sn1", "evict job-2", "delete sn1"] == world.api.done[-4:]


async def test_a_node_that_goes_between_look_and_change_is_no_error_when_it_leaves(world: World):
    world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.before["GET"] = lambda: world.api.before.update(GET=world.api.nodes.clear)
    await world.leave()

    assert ["patch sn1"] == world.api.done


async def test_a_machine_that_reboots_while_it_joins_is_waited_for_and_marked_anew(world: World):
    world.api.add_node("sn1", BOOT, ready=False)

    def reboots() -> None:
        world.boot_id = "second-boot"
        del world.api.nodes["sn1"]

    world.clock.then[1] = reboots
    world.clock.then[3] = lambda: world.api.add_node("sn1", "second-boot")
    await world.join()

    assert ["patch sn1", "patch sn1"] == world.api.done
    assert {"argosy.dev/pool": "train"} == world.api.nodes["sn1"]["metadata"]["labels"]


async def test_leaving_a_cluster_that_knows_no_such_node_is_no_error(world: World):
    await world.leave()

    assert [] == world.api.done


async def test_joining_again_opens_the_cordon_that_a_drain_of_ours_has_left(world: World):
    node = world.api.add_node("sn1", BOOT)
    await world.join()
    world.api.add_pod("job-1", "sn1", owner="")
    with pytest.raises(NodeError):
        await world.leave()
    await world.join()

    assert "unschedulable" not in node["spec"]
    assert ["argosy.dev/owned"] == list(node["metadata"]["annotations"])


async def test_a_cordon_of_somebody_else_stays(world: World):
    node = world.api.add_node("sn1", BOOT)
    node["spec"]["unschedulable"] = True
    await world.join()
    world.api.add_pod("job-1", "sn1", owner="")
    with pytest.raises(NodeError):
        await world.leave()
    await world.join()

    assert node["spec"]["unschedulable"] is True


async def test_an_api_server_that_refuses_is_told_with_the_rights_that_are_needed(world: World):
    world.api.reply = (403, {"reason": "Forbidden", "message": "nodes is forbidden"})

    with pytest.raises(NodeError, match="nodes is forbidden; let the account get, patch and delete nodes"):
        await world.leave()


async def test_a_404_of_something_else_is_no_proof_that_the_node_is_gone(world: World):
    world.api.reply = (404, {"message": "page not found"})

    with pytest.raises(NodeError, match="page not found"):
        await world.leave()
