"""The verifier finds each way in which a lock's witness can be impossible, or short of a floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import LockError, Shortfall, ShortfallError
from argosy.planner.models import Lock, ScenarioPlan

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]

H100 = "8xH100 inference anywhere for all"
H200 = "8xH200 inference anywhere for all"
TRAINS = "8xH200 training anywhere for all"

TRAIN = {"role": "training", "nodes": 4, "server_type": "dgx-h200"}
SERVE = {"role": "inference", "nodes": 4, "instance_type": "p5en.48xlarge", "zone": "z1"}
OTHER = {"role": "inference", "nodes": 2, "instance_type": "a3-megagpu-8g", "zone": "z1"}


@pytest.fixture
def made(world: NewWorld) -> World:
    """Two halls that train, two clouds that serve; H100 in gcp serves `any` only."""
    built = world().hall("north", 4, train=TRAIN).hall("south", 4, train=TRAIN)
    built.cloud("use1", "aws", serve=SERVE).cloud("euw4", "gcp", serve=OTHER)
    built.serve("any", 2, "H200", "H100").serve("fast", 1, "H200")
    built.train("pretrain", 4, protected=True).train("extra", 2)
    built.survive("north", inference="0.5", training="0.5", within="15m").survive("south", training="0.5")
    return built.survive("gcp", inference="1")


@pytest.fixture
def lock(made: World) -> Lock:
    return made.plan()


def scenario(lock: Lock, name: str) -> ScenarioPlan:
    (found,) = [plan for plan in lock.scenarios if plan.id == name]
    return found


def forged(lock: Lock, name: str, **changes: object) -> Lock:
    """The lock with parts of a scenario's witness replaced."""
    old = scenario(lock, name)
    scenarios = tuple(plan.model_copy(update=changes) if plan is old else plan for plan in lock.scenarios)
    return lock.model_copy(update={"scenarios": scenarios})


def serving(lock: Lock, name: str, row: str, **micro_nodes: int) -> Lock:
    """The lock in whose scenario a row is served so, `H200=1` for `TRAINS=0`."""
    kinds = {{"H100": H100, "H200": H200, "TRAINS": TRAINS}[kind]: n for kind, n in micro_nodes.items()}
    return forged(lock, name, serves={**scenario(lock, name).serves, row: kinds})


def running(lock: Lock, name: str, **jobs: str) -> Lock:
    """The lock in whose scenario jobs run in other pools."""
    changed = {f"training/{job}": pool for job, pool in jobs.items()}
    return forged(lock, name, jobs={**scenario(lock, name).jobs, **changed})


def impossible(made: World, lock: Lock) -> list[str]:
    with pytest.raises(LockError) as caught:
        made.verify(lock)
    _, *reasons, _ = str(caught.value).splitlines()
    return [reason.strip() for reason in reasons]


def shortfalls(made: World, lock: Lock) -> list[str]:
    with pytest.raises(ShortfallError) as caught:
        made.verify(lock)
    return [str(shortfall) for shortfall in caught.value.shortfalls]


def test_a_row_that_the_fleet_file_does_not_demand_is_refused(made: World, lock: Lock) -> None:
    assert ["nothing lost: serves inference/ghost, which the fleet file does not demand"] == impossible(
        made, serving(lock, "nothing lost", "inference/ghost", H200=1)
    )


@pytest.mark.parametrize(("kind", "words"), [("H100", H100), ("TRAINS", TRAINS)])
def test_a_kind_that_may_not_serve_the_row_is_refused(made: World, lock: Lock, kind: str, words: str) -> None:
    assert [
        f"nothing lost: inference/fast is served from {words}, which may not serve it in time"
    ] == impossible(made, serving(lock, "nothing lost", "inference/fast", **{"H200": 1_000_000, kind: 0}))


def test_a_kind_that_no_pool_is_of_is_refused(made: World, lock: Lock) -> None:
    ghosts = {"inference/fast": {H200: 1_000_000, "8xH900": 0}}
    serves = scenario(lock, "nothing lost").serves | ghosts

    assert [
        "nothing lost: inference/fast is served from 8xH900, which may not serve it in time"
    ] == impossible(made, forged(lock, "nothing lost", serves=serves))


def test_less_than_nothing_serves_nobody(made: World, lock: Lock) -> None:
    # No lock can say so; a caller's own witness might.
    reasons = impossible(made, serving(lock, "nothing lost", "inference/any", H200=-1, H100=2_000_000))

    assert [f"nothing lost: inference/any is served by -1 micro-nodes of {H200}"] == reasons


def test_services_that_take_more_of_a_kind_than_is_held_are_refused(made: World, lock: Lock) -> None:
    assert [f"nothing lost: services take 4.000001 nodes of {H200}, of which 4 are left"] == impossible(
        made, serving(lock, "nothing lost", "inference/any", H200=3_000_001)
    )


def test_services_may_take_a_kind_to_its_last_micro_node(made: World, lock: Lock) -> None:
    made.verify(serving(lock, "nothing lost", "inference/any", H200=3_000_000))


def test_services_that_take_what_is_lost_are_refused(made: World, lock: Lock) -> None:
    assert [f"lose provider gcp: services take 0.5 nodes of {H100}, of which 0 are left"] == impossible(
        made, serving(lock, "lose provider gcp", "inference/any", H200=2_000_000, H100=500_000)
    )


def test_a_job_that_the_fleet_file_does_not_demand_is_refused(made: World, lock: Lock) -> None:
    assert ["nothing lost: runs training/ghost, which the fleet file does not demand"] == impossible(
        made, running(lock, "nothing lost", ghost="north/train")
    )


@pytest.mark.parametrize("pool", ["use1/serve", "west/train"])
def test_a_job_in_a_pool_where_it_may_not_run_is_refused(made: World, lock: Lock, pool: str) -> None:
    reasons = impossible(made, running(lock, "nothing lost", extra=pool))

    assert f"nothing lost: training/extra runs in {pool}, where it may not" in reasons


def test_a_pool_that_two_jobs_overfill_is_refused(made: World, lock: Lock) -> None:
    reasons = impossible(made, running(lock, "nothing lost", extra="north/train"))

    assert "nothing lost: jobs take 6 nodes of north/train, of which 4 are left" in reasons


def test_a_job_in_a_pool_that_is_lost_is_refused(made: World, lock: Lock) -> None:
    assert [
        "lose site north (within 15m): jobs take 4 nodes of north/train, of which 0 are left"
    ] == impossible(made, running(lock, "lose site north", pretrain="north/train"))


def test_a_job_that_leaves_a_home_of_which_nothing_is_lost_is_refused(made: World, lock: Lock) -> None:
    moved = forged(lock, "lose provider gcp", jobs={"training/pretrain": "south/train"})

    # With no time to stop it, `extra` still sits there too.
    assert [
        "lose provider gcp: jobs take 6 nodes of south/train, of which 4 are left",
        "lose provider gcp: training/pretrain moves from north/train to south/train although its home loses "
        "nothing",
    ] == impossible(made, moved)


@pytest.mark.parametrize("within", ["0", "15m"])
def test_a_job_that_nobody_can_stop_in_time_still_takes_its_nodes(world: NewWorld, within: str) -> None:
    made = world().hall("north", 4, train=TRAIN).hall("south", 4, train=TRAIN).hall("west", 4, train=TRAIN)
    made.train("pretrain", 4, protected=True).train("extra", 2)
    lock = made.survive("any site", training="0.5", within=within).plan()
    homes = scenario(lock, "nothing lost").jobs
    lost, kept = (homes[job].partition("/")[0] for job in ("training/pretrain", "training/extra"))
    crowded = forged(lock, f"lose site {lost}", jobs={"training/pretrain": f"{kept}/train"})

    if within == "0":
        assert [f"lose site {lost}: jobs take 6 nodes of {kept}/train, of which 4 are left"] == impossible(
            made, crowded
        )
    else:
        made.verify(crowded)


def test_a_floor_that_a_possible_witness_does_not_meet_is_a_shortfall(made: World, lock: Lock) -> None:
    assert ["nothing lost: inference/any needs 2 nodes, keeps 1 node"] == shortfalls(
        made, serving(lock, "nothing lost", "inference/any", H100=1_999_999)
    )


def test_a_row_that_nothing_serves_is_a_shortfall(made: World, lock: Lock) -> None:
    assert [
        "nothing lost: inference/any needs 2 nodes, keeps 0 nodes",
        "nothing lost: inference/fast needs 1 node, keeps 0 nodes",
    ] == shortfalls(made, forged(lock, "nothing lost", serves={}))


def test_a_shortfall_says_scenario_time_workload_and_both_numbers(made: World, lock: Lock) -> None:
    with pytest.raises(ShortfallError) as caught:
        made.verify(forged(lock, "lose site north", serves={"inference/fast": {H200: 1_000_000}}))

    assert (Shortfall("lose site north", "15m", "inference/any", "1 node", "0 nodes"),) == (
        caught.value.shortfalls
    )


def test_a_job_that_must_run_and_does_not_is_a_shortfall(made: World, lock: Lock) -> None:
    assert [
        "lose site north (within 15m): training/pretrain needs 4 nodes, keeps 0 nodes",
        "lose site north (within 15m): training needs 3 nodes, keeps 0 nodes",
    ] == shortfalls(made, forged(lock, "lose site north", jobs={}))


def test_jobs_that_add_up_to_less_than_the_floor_of_training_are_a_shortfall(made: World, lock: Lock) -> None:
    made.training[0]["protected"] = False
    lock = made.plan()

    # Half of six nodes is 3.
    assert ["lose site north (within 15m): training needs 3 nodes, keeps 2 nodes"] == shortfalls(
        made, forged(lock, "lose site north", jobs={"training/extra": "south/train"})
    )


def test_every_shortfall_of_every_scenario_is_listed(made: World, lock: Lock) -> None:
    idle = tuple(plan.model_copy(update={"serves": {}, "jobs": {}}) for plan in lock.scenarios)

    assert [
        ("nothing lost", "inference/any"),
        ("nothing lost", "inference/fast"),
        ("nothing lost", "training/extra"),
        ("nothing lost", "training/pretrain"),
        ("nothing lost", "training"),
        ("lose provider gcp", "inference/any"),
        ("lose provider gcp", "inference/fast"),
        ("lose site north", "inference/any"),
        ("lose site north", "inference/fast"),
        ("lose site north", "training/pretrain"),
        ("lose site north", "training"),
        ("lose site south", "training/pretrain"),
        ("lose site south", "training"),
    ] == _places(made, lock.model_copy(update={"scenarios": idle}))


def _places(made: World, lock: Lock) -> list[tuple[Any, Any]]:
    with pytest.raises(ShortfallError) as caught:
        made.verify(lock)
    return [(s.scenario, s.workload) for s in caught.value.shortfalls if isinstance(s, Shortfall)]


def one_hall(world: NewWorld, **more: Any) -> World:
    """A hall of four servers of 10.2 kW at a PUE of 1 which serves, and trains."""
    pools = {"serve": TRAIN | {"role": "inference", "nodes": 2}, "train": TRAIN | {"nodes": 2}}
    made = world().hall("oslo", 4, pue="1", **pools, **more)
    return made.serve("bot", 1).train("job", 2, protected=True)


@pytest.fixture
def dark(world: NewWorld) -> tuple[World, Lock]:
    """When a feed is lost, three of the four servers can stay on; the service needs one, the job two."""
    made = one_hall(world, feed_kw={"a": 31, "b": 31}).survive("any feed", "1", "1")
    return made, made.plan()


def powered(lock: Lock, **pools: int) -> Lock:
    """The lock that keeps so many nodes of each pool on, first rack first."""
    left = {f"oslo/{pool}": nodes for pool, nodes in pools.items()}
    nodes: dict[str, int] = {}
    for offering in sorted(scenario(lock, "lose feed oslo/a").powered):
        pool = offering.partition("@")[0]
        nodes[offering] = min(1, left[pool])
        left[pool] -= nodes[offering]
    return forged(lock, "lose feed oslo/a", powered=nodes)


def test_what_a_live_feed_carries_stays_on(dark: tuple[World, Lock]) -> None:
    made, lock = dark

    made.verify(powered(lock, serve=1, train=2))


def test_a_feed_that_carries_more_than_it_is_rated_for_is_refused(dark: tuple[World, Lock]) -> None:
    made, lock = dark
    (reason,) = impossible(made, powered(lock, serve=2, train=2))

    assert reason.startswith("lose feed oslo/a: power of oslo/b would carry ")


def test_nodes_without_power_serve_nobody(dark: tuple[World, Lock]) -> None:
    made, lock = dark

    assert [f"lose feed oslo/a: services take 1 nodes of {H200}, of which 0 are left"] == impossible(
        made, powered(lock, serve=0, train=2)
    )


def test_nodes_without_power_run_no_job(dark: tuple[World, Lock]) -> None:
    made, lock = dark

    assert ["lose feed oslo/a: jobs take 2 nodes of oslo/train, of which 1 are left"] == impossible(
        made, powered(lock, serve=2, train=1)
    )


def test_a_witness_that_says_nothing_of_power_has_none(dark: tuple[World, Lock]) -> None:
    made, lock = dark

    assert 2 == len(impossible(made, forged(lock, "lose feed oslo/a", powered={})))


def test_more_nodes_on_than_are_held_are_refused(dark: tuple[World, Lock]) -> None:
    made, lock = dark
    told = scenario(lock, "lose feed oslo/a").powered
    offering = next(name for name in sorted(told) if name.startswith("oslo/train"))
    reasons = impossible(made, forged(lock, "lose feed oslo/a", powered={**told, offering: 3}))

    assert any(f"keeps 3 nodes of {offering} on, of 1 held" in reason for reason in reasons)


def test_power_where_nothing_limits_it_is_refused(dark: tuple[World, Lock]) -> None:
    made, lock = dark
    told = scenario(lock, "lose feed oslo/a").powered
    offering = min(told)

    assert [
        f"nothing lost: says how much of {offering} has power, which nothing in this case limits"
    ] == impossible(made, forged(lock, "nothing lost", powered={offering: 1}))


def test_a_hall_with_satellites_only_serves_nobody(world: NewWorld) -> None:
    made = one_hall(world).survive("any uplink", training="1")
    lock = made.plan()

    assert [f"lose uplink oslo/fibre-1: services take 1 nodes of {H200}, of which 0 are left"] == impossible(
        made, forged(lock, "lose uplink oslo/fibre-1", serves={"inference/bot": {H200: 1_000_000}})
    )


@pytest.fixture
def far(world: NewWorld) -> tuple[World, Lock]:
    """Two halls; `job` sends 80 GB an hour (178 Mbit/s) to a cloud, and each hall has 200 by satellite."""
    made = world().hall("north", 4, train=TRAIN).hall("south", 4, train=TRAIN)
    made.cloud("use1", "aws", serve=SERVE)
    sends: dict[str, Any] = {"checkpoint_gb": 80, "checkpoint_minutes": 60, "replicated_to": ["use1"]}
    made.train("first", 2, protected=True, **sends).train("second", 2, protected=True, **sends)
    return made, made.survive("any uplink", training="1", within="15m").plan()


def test_links_that_carry_more_checkpoints_than_they_can_are_refused(far: tuple[World, Lock]) -> None:
    made, lock = far
    homes = scenario(lock, "nothing lost").jobs
    site = homes["training/first"].partition("/")[0]
    cut = f"lose uplink {site}/fibre-1"
    both = dict.fromkeys(homes, f"{site}/train")
    everywhere = tuple(
        plan.model_copy(update={"jobs": both})
        if (plan.id != cut and site in plan.id) or plan.id == "nothing lost"
        else plan
        for plan in lock.scenarios
    )
    together = lock.model_copy(update={"scenarios": everywhere})

    assert (
        f"{cut} (within 15m): uplinks of {site} would carry 356 Mbit/s of checkpoints, of 200 left"
    ) in impossible(made, forged(together, cut, jobs=both))


def test_a_training_pool_that_lends_serves_only_once_there_was_time_to_stop_its_jobs(world: NewWorld) -> None:
    made = world().hall("oslo", 4, train=TRAIN | {"lends": True}).cloud("use1", serve=SERVE)
    made.serve("bot", 2).survive("use1", "1", within="15m").survive("use1", "0")
    lock = made.plan()
    lends = "8xH200 training+lends anywhere for all"
    late, early = [plan for plan in lock.scenarios if plan.id == "lose site use1"][::-1]
    assert ("15m", "0") == (late.within, early.within)
    hasty = early.model_copy(update={"serves": {"inference/bot": {lends: 1_000_000}}})
    scenarios = tuple(hasty if plan is early else plan for plan in lock.scenarios)

    assert {"inference/bot": {lends: 2_000_000}} == late.serves
    assert [
        f"lose site use1: inference/bot is served from {lends}, which may not serve it in time"
    ] == impossible(made, lock.model_copy(update={"scenarios": scenarios}))


def test_a_job_takes_its_nodes_from_what_its_pool_lends(world: NewWorld) -> None:
    made = world().hall("oslo", 4, train=TRAIN | {"lends": True}).cloud("use1", serve=SERVE)
    made.serve("bot", 2).train("job", 2, protected=True).survive("use1", "1", training="1", within="15m")
    lock = made.plan()
    lends = "8xH200 training+lends anywhere for all"
    greedy = forged(lock, "lose site use1", serves={"inference/bot": {lends: 3_000_000}})

    assert [
        f"lose site use1 (within 15m): services take 3 nodes of {lends}, of which 2 are left"
    ] == impossible(made, greedy)
