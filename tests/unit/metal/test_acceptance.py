"""A machine is held against thresholds: it passes, is refused with its figures, or is waited for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy.catalog import load_catalog
from argosy_metal.acceptance.defaults import default_thresholds, load_default_tests
from argosy_metal.acceptance.judge import Threshold, failures, report_digest
from argosy_metal.claims import Phase, RunIdentity
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.values import UNKNOWN
from argosy_metal.simulator import image_sha256
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.hall_service import figures_of

from .setup_halls import CONFIG, Setup, claimed_server, urn

ACCEPTANCE, MACHINE = (f"baremetal:index:{kind}" for kind in ("Acceptance", "Machine"))
TESTS = {"gpu_count": {"equal": 8}, "xid_errors": {"most": 0}, "p2p_bandwidth_percent": {"least": 75}}
HALL = {
    "provisioning": "https://provision.hall.test",
    "provisioningTokenRef": "file:simulator/hall-token",
}


@pytest.mark.parametrize(
    ("rule", "value", "good", "bad"),
    [("least", 75, 75, 74.9), ("most", 0, 0, 1), ("equal", 8, 8, 7)],
)
def test_a_threshold_keeps_what_it_says(rule: str, value: float, good: float, bad: float) -> None:
    threshold = Threshold(rule, value)

    assert (True, False) == (threshold.keeps(good), threshold.keeps(bad))
    assert [] == list(failures({"a": threshold}, {"a": good}))
    assert [f"a: given {bad:g}; expected {threshold}"] == list(failures({"a": threshold}, {"a": bad}))


def test_a_figure_that_is_not_reported_is_a_failure() -> None:
    assert ["a: not reported; expected at most 0"] == list(failures({"a": Threshold("most", 0)}, {"b": 0}))


def test_another_run_with_the_same_figures_is_another_report() -> None:
    assert report_digest("i", "run-1", {"a": 1}) != report_digest("i", "run-2", {"a": 1})
    assert report_digest("i", "run-1", {"a": 1, "b": 2}) == report_digest("i", "run-1", {"b": 2, "a": 1})


def test_a_server_type_is_tested_for_what_it_has() -> None:
    dgx = load_catalog().server_type("dgx-h200")
    plain = dgx.model_copy(update={"fabric": "none", "nvlink_domain": None})

    tests = load_default_tests().tests
    assert set(tests) == set(default_thresholds(dgx))
    assert {name for name, test in tests.items() if test.needs is None} == set(default_thresholds(plain))
    assert Threshold("equal", 8) == default_thresholds(dgx)["gpu_count"]
    assert [] == list(failures(default_thresholds(dgx), figures_of(8)))


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    """A claimed server whose machine runs."""
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as found:
        found.config = {**CONFIG, **HALL}
        found.again()
        await found.create(MACHINE, image=image(), online=True)
        yield found


def image() -> dict[str, str]:
    return {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}


def install_id(setup: Setup) -> str:
    held = setup.provider.hall().store.find("hall", "SN1")
    assert held is not None
    assert held.install_id is not None
    return held.install_id


async def accept(setup: Setup, **more: Any) -> dict[str, Any]:
    return await setup.create(ACCEPTANCE, **{"installId": install_id(setup), "tests": TESTS, **more})


async def test_a_machine_in_good_order_passes_with_its_figures(setup: Setup) -> None:
    outputs = await accept(setup)

    assert outputs["passed"] is True
    assert (8, 0) == (outputs["figures"]["gpu_count"], outputs["figures"]["xid_errors"])
    assert outputs["reportDigest"].startswith("sha256:")
    assert [] == setup.changes(ACCEPTANCE, outputs, installId=install_id(setup), tests=TESTS)


async def test_a_machine_that_fails_is_told_with_test_figure_threshold_and_next_step(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("unfit", path="/acceptance/SN1", fields=("gpu_count", "xid_errors")))

    with pytest.raises(PartialFailureError) as failed:
        await accept(setup)

    (reason,) = failed.value.reasons
    assert "hall/SN1 (train/slot-01)" in reason
    assert "gpu_count: given 7; expected 8; xid_errors: given 1; expected at most 0" in reason
    assert "argosy metal replace ENV hall/train/slot-01 --reason TEXT" in reason
    assert (False, 7) == (failed.value.outputs["passed"], failed.value.outputs["figures"]["gpu_count"])
    # The engine has recorded it, and the next `up` judges it again.
    olds = failed.value.outputs
    assert ["passed"] == setup.changes(ACCEPTANCE, olds, installId=install_id(setup), tests=TESTS)
    setup.simulator.clear_faults()
    outputs = await setup.update(ACCEPTANCE, olds, installId=install_id(setup), tests=TESTS)
    assert outputs["passed"] is True


async def test_a_figure_that_is_missing_sends_one_to_the_image_and_not_to_another_server(
    setup: Setup,
) -> None:
    with pytest.raises(PartialFailureError) as failed:
        await accept(setup, tests={**TESTS, "gpu_stress_minutes": {"least": 60}})

    (reason,) = failed.value.reasons
    assert "gpu_stress_minutes: not reported; expected at least 60" in reason
    assert "next: the test program of the image has to post gpu_stress_minutes" in reason
    assert "argosy metal replace" not in reason


async def test_a_bad_figure_beside_a_missing_one_is_told_with_both_next_steps(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("unfit", path="/acceptance/SN1"))

    with pytest.raises(PartialFailureError) as failed:
        await accept(setup, tests={**TESTS, "fans": {"least": 4}})

    (reason,) = failed.value.reasons
    assert "next: the test program of the image has to post fans;" in reason
    assert "argosy metal replace ENV hall/train/slot-01 --reason TEXT" in reason


async def test_a_refresh_shows_a_machine_that_passes_no_longer(setup: Setup) -> None:
    outputs = await accept(setup)
    setup.simulator.inject(FaultRule("unfit", path="/acceptance/*"))

    found = await setup.read(ACCEPTANCE, outputs)

    assert (False, 7) == (found.outputs["passed"], found.outputs["figures"]["gpu_count"])


async def test_a_machine_that_reports_nothing_is_waited_for_and_then_named(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("status", path="/acceptance/*", status=404))
    before = setup.clock.now()

    with pytest.raises(PartialFailureError, match=r"no report of its tests after 60 s") as failed:
        await accept(setup, waitSeconds=60)

    assert 60 < setup.clock.now() - before < 80
    assert "" == failed.value.outputs["reportDigest"]


async def test_a_service_that_answers_nonsense_says_nothing_about_the_machine(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("missing-fields", path="/acceptance/*", fields=("run",)))

    with pytest.raises(PartialFailureError, match="answers 200 without install_id, run and figures"):
        await accept(setup)


async def test_another_trigger_takes_no_report_that_was_judged_before(setup: Setup) -> None:
    await accept(setup, trigger={"firmware/BIOS": "1"})

    with pytest.raises(PartialFailureError, match="no report of its tests since they were asked for anew"):
        await accept(setup, trigger={"firmware/BIOS": "2"}, waitSeconds=60)

    # A killed run does not take it for new either.
    setup.again()
    with pytest.raises(PartialFailureError, match="since they were asked for anew"):
        await accept(setup, trigger={"firmware/BIOS": "2"}, waitSeconds=60)
    setup.bmc.machine.reset("ForceRestart", setup.clock.now())  # the tests run at every boot
    outputs = await accept(setup, trigger={"firmware/BIOS": "2"}, waitSeconds=600)
    assert outputs["passed"] is True


async def test_another_installation_or_trigger_is_another_acceptance(setup: Setup) -> None:
    outputs = await accept(setup, trigger={"again": "one"})
    request = ResourceRequest(
        urn(ACCEPTANCE), "hall/SN1", {**outputs, "installId": "i2", "trigger": {"again": "two"}}, outputs
    )

    changes = setup.kind(ACCEPTANCE).diff(request).changes

    assert {"installId": "replace", "trigger": "replace"} == {
        name: change.value for name, change in changes.items()
    }


async def test_a_machine_that_is_not_the_one_meant_is_not_judged(setup: Setup) -> None:
    with pytest.raises(NotPossibleError, match="in phase running, not other that runs"):
        await accept(setup, installId="other")
    setup.phase_is(Phase.FAILED)
    with pytest.raises(NotPossibleError, match="in phase failed"):
        await accept(setup)


async def test_a_hall_without_the_service_says_what_it_needs(setup: Setup) -> None:
    setup.config = CONFIG
    setup.again()

    with pytest.raises(NotPossibleError, match="provisioningTokenRef"):
        await accept(setup)


async def test_an_acceptance_is_not_imported_and_a_preview_asks_nobody(setup: Setup) -> None:
    with pytest.raises(NotPossibleError, match="not imported"):
        await setup.read(ACCEPTANCE)
    news = setup.checked(ACCEPTANCE, {"installId": "i1", "tests": TESTS})
    requests = setup.simulator.simulation.faults.requests

    _, outputs = await setup.kind(ACCEPTANCE).create(
        ResourceRequest(urn(ACCEPTANCE), news=news, preview=True)
    )

    assert outputs["passed"] is UNKNOWN
    assert requests == setup.simulator.simulation.faults.requests


async def test_a_deleted_acceptance_is_forgotten(setup: Setup) -> None:
    outputs = await accept(setup)
    writes = setup.writes()

    await setup.delete(ACCEPTANCE, outputs)

    assert writes == setup.writes()


@pytest.mark.parametrize(
    ("news", "told"),
    [
        ({"tests": {}}, "at least one"),
        ({"tests": {"GPU": {"least": 1}}}, "a test's name"),
        ({"tests": {"a": {"least": 1, "most": 2}}}, "expected one of least, most, equal"),
        ({"tests": {"a": {"least": "one"}}}, "and a number for it"),
        ({"waitSeconds": 0}, "whole seconds"),
        ({"trigger": {"a": 1}}, "expected text by name"),
        ({"installId": ""}, "the install id of a Machine"),
    ],
)
def test_inputs_that_could_not_work_are_refused(news: dict[str, Any], told: str) -> None:
    given = {"serverId": "hall/SN1", "installId": "i1", "tests": TESTS, **news}

    failures_of = BareMetal(RunIdentity("run")).kind(ACCEPTANCE).check(given)[1]

    assert any(told in reason for _, reason in failures_of), failures_of
