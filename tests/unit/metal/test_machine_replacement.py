"""What counts as a machine that comes back on its server, and as one that a run takes down."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.simulator import FaultRule

from .setup_halls import CONFIG, Setup, claimed_server

MACHINE = "baremetal:index:Machine"
URL = "https://provision.hall.test/images/node.iso"
IMAGE = {"url": URL, "sha256": "a" * 64}
OTHER = {"url": URL, "sha256": "b" * 64}
RUNS: dict[str, Any] = {"phase": "running", "power": "On", "online": True}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


@pytest.mark.parametrize(("before", "comes_back"), [("hall/SN1", True), ("hall/SN0", False)])
async def test_a_machine_with_another_image_comes_back_only_on_the_same_server(
    setup: Setup, before: str, comes_back: bool
) -> None:
    olds = {"serverId": before, "image": IMAGE, **RUNS}

    assert "image.sha256" in setup.changes(MACHINE, olds, image=OTHER)

    assert comes_back == setup.provider.hall().rollouts.is_expected("hall/SN1")


async def test_a_machine_that_was_never_begun_is_forgotten_in_a_run_that_may_take_down_none(
    setup: Setup,
) -> None:
    setup.config = {**CONFIG, "budgets": {"deletionsPerRun": 0}}
    setup.again()

    await setup.delete(MACHINE, {"serverId": "hall/SN1", "image": IMAGE, "phase": "claimed"})

    assert [] == setup.writes()


async def test_a_machine_that_is_not_installed_yet_shows_no_digest(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("status", method="POST", path="*InsertMedia", status=500))

    with pytest.raises(PartialFailureError) as failed:
        await setup.create(MACHINE, image=IMAGE)

    assert ("preparing", "") == (failed.value.outputs["phase"], failed.value.outputs["imageDigest"])
