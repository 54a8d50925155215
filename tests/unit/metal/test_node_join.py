"""`NodeJoin` at the provider: checked, compared, made, gone on with, read. No engine."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.kubernetes.nodes import NodeError
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.node_join import NodeJoins
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change
from argosy_metal.provider.values import UNKNOWN
from argosy_metal.simulator import FaultRule

from ...kube_api import TOKEN
from .joined_halls import JOIN, LABELS, TAINT, Joined, joined_hall
from .setup_halls import Killed, urn

GOOD: dict[str, Any] = {
    "serverId": "hall/SN1",
    "installId": "i-1",
    "kubeconfig": "kubeconfig",
    "nodeName": "sn1",
    "labels": LABELS,
    "taints": [TAINT],
    "gpus": 8,
}


@pytest.fixture
async def joined(tmp_path: Path) -> AsyncIterator[Joined]:
    """A machine that runs, and the cluster that it is to join."""
    async with joined_hall(tmp_path) as found:
        yield found


def unconfigured() -> NodeJoins:
    def hall() -> Any:
        raise AssertionError("checks and comparisons look at no hall")

    return NodeJoins(hall)


def test_good_inputs_get_their_defaults() -> None:
    inputs, failures = unconfigured().check({**GOOD, "gpus": UNKNOWN})

    assert [] == list(failures)
    assert 900 == inputs["drainSeconds"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"serverId": "SN1"}, "serverId"),
        ({"installId": "a b"}, "installId"),
        ({"kubeconfig": ""}, "kubeconfig"),
        ({"context": "a b"}, "context"),
        ({"nodeName": "SN1"}, "nodeName"),
        ({"nodeName": "sn1..oslo"}, "nodeName"),
        ({"nodeName": f"{'a.' * 127}a"}, "nodeName"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": {"a b": "c"}}, "labels"),
        ({"labels": {"a..b/c": "d"}}, "labels"),
        ({"labels": {f"{'a' * 254}/c": "d"}}, "labels"),
        ({"labels": {"k" * 64: "v"}}, "labels"),
        ({"labels": {"k": "v" * 64}}, "labels"),
        ({"labels": {"k": "-v"}}, "labels"),
        ({"taints": {"key": "k"}}, "taints"),
        ({"taints": ["k"]}, "taints"),
        ({"taints": [{"key": "k"}]}, "taints"),
        ({"taints": [{**TAINT, "effect": "Never"}]}, "taints"),
        ({"taints": [TAINT, {**TAINT, "value": "other"}]}, "taints"),
        ({"gpus": -1}, "gpus"),
        ({"gpus": True}, "gpus"),
        ({"drainSeconds": 0}, "drainSeconds"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_every_bad_input_is_named(changes: dict[str, Any], told: str) -> None:
    _, failures = unconfigured().check({**GOOD, **changes})

    assert [told] == [name for name, _ in failures]


def test_what_is_not_known_yet_is_no_bad_input() -> None:
    unknown = {
        "labels": {"k": UNKNOWN},
        "taints": [{**TAINT, "value": UNKNOWN}, UNKNOWN],
        "installId": UNKNOWN,
    }
    _, failures = unconfigured().check({**GOOD, **unknown})

    assert [] == list(failures)


@pytest.mark.parametrize(
    ("news", "changes"),
    [
        ({}, {}),
        ({"labels": {}}, {"labels": Change.UPDATE}),
        ({"taints": []}, {"taints": Change.UPDATE}),
        ({"kubeconfig": "other"}, {"kubeconfig": Change.UPDATE}),
        ({"nodeName": "sn2"}, {"nodeName": Change.REPLACE}),
        ({"installId": "i-2"}, {"installId": Change.REPLACE}),
        # So the engine asks when the machine is to be replaced: an install id to come is another one.
        ({"installId": UNKNOWN}, {"installId": Change.REPLACE}),
        ({"serverId": UNKNOWN}, {"serverId": Change.REPLACE}),
    ],
)
def test_only_another_node_replaces(news: dict[str, Any], changes: dict[str, Change]) -> None:
    olds = {**GOOD, "ready": True}

    assert (
        changes == unconfigured().diff(ResourceRequest(urn(JOIN), "hall/SN1", {**GOOD, **news}, olds)).changes
    )


def test_a_node_that_was_not_ready_is_updated() -> None:
    difference = unconfigured().diff(ResourceRequest(urn(JOIN), "hall/SN1", GOOD, {**GOOD, "ready": False}))

    assert {"ready": Change.UPDATE} == difference.changes
    assert frozenset({"ready"}) == difference.observed


async def test_a_preview_says_what_it_knows_and_asks_nobody() -> None:
    kind = unconfigured()
    request = ResourceRequest(urn(JOIN), news={**GOOD, "installId": UNKNOWN}, preview=True)
    _, made = await kind.create(request)
    updated = await kind.update(ResourceRequest(urn(JOIN), "hall/SN1", GOOD, {"ready": True}, preview=True))

    assert (UNKNOWN, UNKNOWN) == (made["ready"], made["installId"])
    assert updated["ready"] is True


async def test_a_machine_joins_and_is_unchanged_afterwards(joined: Joined) -> None:
    node = joined.registers()
    outputs = await joined.join()

    assert (True, 8, node["metadata"]["uid"]) == (outputs["ready"], outputs["gpuCount"], outputs["nodeUid"])
    assert LABELS == node["metadata"]["labels"]
    assert [] == joined.setup.changes(JOIN, outputs, **joined.inputs())
    assert ("sn1", node["metadata"]["uid"], urn(JOIN)) == (
        joined.noted["nodeName"],
        joined.noted["nodeUid"],
        joined.noted["holder"],
    )
    assert TOKEN not in str(outputs) + str(joined.claim.record)


async def test_a_node_that_is_not_ready_in_time_is_recorded_and_the_next_update_goes_on(
    joined: Joined,
) -> None:
    node = joined.registers(ready=False)

    with pytest.raises(PartialFailureError, match="node sn1 is not ready: kubelet is starting") as failed:
        await joined.join()

    olds = dict(failed.value.outputs)
    assert ("hall/SN1", False) == (failed.value.resource_id, olds["ready"])
    assert ["ready"] == joined.setup.changes(JOIN, olds, **joined.inputs())
    node["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    outputs = await joined.setup.update(JOIN, olds, **joined.inputs())
    assert outputs["ready"] is True
    assert ["patch sn1"] == joined.api.done


async def test_labels_and_taints_are_changed_in_place(joined: Joined) -> None:
    node = joined.registers()
    olds = await joined.join()
    outputs = await joined.setup.update(JOIN, olds, **joined.inputs(labels={"team": "one"}, taints=[]))

    assert ({"team": "one"}, {"team": "one"}) == (outputs["labels"], node["metadata"]["labels"])
    assert ["node.kubernetes.io/not-ready"] == [taint["key"] for taint in node["spec"]["taints"]]


@pytest.mark.parametrize(
    ("cluster", "user", "told"),
    [
        (", insecure-skip-tls-verify: true", f"token: {TOKEN}", "it skips the check of the server's certif"),
        ("", f"token: {TOKEN}, exec: {{command: aws}}", "its user proves itself by exec"),
        ("", "tokenFile: nowhere", r"nowhere: this kubeconfig cannot be used: it cannot be read"),
        ("", "client-certificate-data: '&&&'", "its certificates cannot be read"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_told_without_its_token(
    joined: Joined, cluster: str, user: str, told: str
) -> None:
    joined.registers()
    joined.api.write_kubeconfig(cluster, user)

    with pytest.raises(NotPossibleError, match=told) as refused:
        await joined.join()
    assert TOKEN not in str(refused.value)
    assert [] == joined.api.done


@pytest.mark.parametrize("kubeconfig", ["nowhere", "Pulumi.yaml"])
async def test_a_file_that_is_no_kubeconfig_is_told_with_its_path(joined: Joined, kubeconfig: str) -> None:
    with pytest.raises(NotPossibleError, match=rf"{kubeconfig}: this kubeconfig cannot be used"):
        await joined.join(kubeconfig=kubeconfig)
    with pytest.raises(NotPossibleError, match="it has no context 'elsewhere'"):
        await joined.join(context="elsewhere")
    assert joined.noted is None


async def test_a_token_that_the_cluster_does_not_know_is_told_and_not_shown(joined: Joined) -> None:
    joined.api.write_kubeconfig(user="token: hunter2")

    with pytest.raises(
        PartialFailureError, match="HTTP 401 Unauthorized; check the kubeconfig's token"
    ) as no:
        await joined.join()
    assert "hunter2" not in str(no.value)


async def test_another_installation_than_the_machine_carries_is_refused(joined: Joined) -> None:
    joined.registers()

    with pytest.raises(
        NotPossibleError, match=r"hall/SN1 carries install \S+, not i-9; run `pulumi refresh`"
    ):
        await joined.join(installId="i-9")
    assert [] == joined.api.done


async def test_the_report_of_another_installation_proves_no_node(joined: Joined) -> None:
    joined.registers()
    joined.setup.provider.hall().store.change(joined.claim, install_id="i-9")

    with pytest.raises(PartialFailureError, match="the machine has not reported after 1800 s"):
        await joined.join(installId="i-9")
    assert [] == joined.api.done


async def test_a_server_that_is_not_claimed_is_refused(joined: Joined) -> None:
    with pytest.raises(NotPossibleError, match="hall/SN7 is not claimed"):
        await joined.join(serverId="hall/SN7")


async def test_a_node_of_another_boot_is_not_marked(joined: Joined) -> None:
    joined.api.add_node("sn1", "another-boot")

    with pytest.raises(PartialFailureError, match="node sn1 is of another boot"):
        await joined.join()
    assert [] == joined.api.done


async def test_a_hall_whose_reports_do_not_answer_is_told_and_gone_on_with(joined: Joined) -> None:
    joined.registers()
    joined.setup.simulator.inject(FaultRule("status", path="/phone-home*", status=500))

    with pytest.raises(PartialFailureError, match="check the hall's provisioning service"):
        await joined.join()


async def test_a_stop_between_two_looks_is_recorded_and_gone_on_with(joined: Joined) -> None:
    joined.api.before["GET"] = joined.setup.provider.stop.set

    with pytest.raises(PartialFailureError, match="the run was told to stop") as stopped:
        await joined.join()
    joined.setup.again()
    joined.registers()
    outputs = await joined.setup.update(JOIN, dict(stopped.value.outputs), **joined.inputs())
    assert outputs["ready"] is True


async def test_a_join_that_is_killed_after_its_mark_is_made_again_by_the_next_run(joined: Joined) -> None:
    joined.registers(ready=False)
    joined.setup.clock.die_at = joined.setup.clock.now() + 1
    with pytest.raises(Killed):
        await joined.join()
    joined.setup.again()
    joined.registers()
    outputs = await joined.join()

    assert outputs["ready"] is True


async def test_a_node_is_read_as_it_is(joined: Joined) -> None:
    node = joined.registers()
    olds = await joined.join()
    assert olds == (await joined.setup.read(JOIN, olds)).outputs

    node["metadata"]["labels"] = {"theirs": "stays"}
    node["spec"]["taints"] = [{**TAINT, "value": "absent"}]
    node["status"]["allocatable"] = {"nvidia.com/gpu": "7"}
    found = (await joined.setup.read(JOIN, olds)).outputs

    assert ({}, [{**TAINT, "value": "absent"}]) == (found["labels"], found["taints"])
    assert (False, 7) == (found["ready"], found["gpuCount"])
    assert ["labels", "ready", "taints"] == joined.setup.changes(JOIN, found, **joined.inputs())


async def test_a_node_that_is_gone_or_somebody_elses_reads_as_gone(joined: Joined) -> None:
    joined.registers()
    olds = await joined.join()
    joined.api.replace_node("sn1", "another-boot", "hall/SN9")
    assert "" == (await joined.setup.read(JOIN, olds)).resource_id
    joined.api.nodes.clear()
    assert "" == (await joined.setup.read(JOIN, olds)).resource_id


async def test_a_cluster_that_does_not_answer_is_an_error_and_never_gone(joined: Joined) -> None:
    joined.registers()
    olds = await joined.join()
    joined.api.reply = (404, "404 page not found")
    with pytest.raises(NodeError, match="the cluster of kubeconfig: HTTP 404"):
        await joined.setup.read(JOIN, olds)
    joined.api.stop()
    try:
        with pytest.raises(NodeError, match="the cluster of kubeconfig: no answer"):
            await joined.setup.read(JOIN, olds)
    finally:
        joined.api.start()


async def test_an_import_is_refused_with_what_to_do(joined: Joined) -> None:
    with pytest.raises(NotPossibleError, match="a NodeJoin is not imported: declare it"):
        await joined.setup.read(JOIN)


async def test_a_kubeconfig_of_another_cluster_is_refused_while_the_node_is_in_the_first(
    joined: Joined, tmp_path: Path
) -> None:
    joined.registers()
    olds = await joined.join()
    (tmp_path / "moved").write_text((tmp_path / "kubeconfig").read_text())
    await joined.setup.update(JOIN, olds, **joined.inputs(kubeconfig="moved"))
    joined.api.replace_node("sn1", joined.machine["bootId"])

    with pytest.raises(PartialFailureError, match="hall/SN1 is node sn1 of the cluster of moved, and not of"):
        await joined.setup.update(JOIN, olds, **joined.inputs(kubeconfig="kubeconfig"))
    assert "moved" == joined.noted["kubeconfig"]
