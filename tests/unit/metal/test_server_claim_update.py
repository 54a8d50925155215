"""A claim whose description changes: what was noted of the server beside it stays."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import ForeignClaimError
from argosy_metal.provider.requests import ResourceRequest

from .setup_halls import CLAIM, Setup, claimed_server, urn

TOKEN = "baremetal:index:ServerClaim"
NOTES: Mapping[str, Any] = {
    "node": {"nodeName": "train-01", "kubeconfig": "kubeconfig", "nodeUid": "uid-1"},
    "firmware": {"staged": {"BIOS": "1.1.0"}},
    "setupPower": {"machine": 0, "attempts": 0},
}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def note(setup: Setup, changes: Mapping[str, Any]) -> None:
    store = setup.provider.hall().store
    held = store.find("hall", setup.serial)
    assert held is not None
    store.change(held, record={**held.record, **changes})


async def update(setup: Setup, *, preview: bool = False, **changes: Any) -> dict[str, Any]:
    news = {**CLAIM, "serial": setup.serial, "bmc": f"https://{setup.bmc.server.bmc_host}", **changes}
    request = ResourceRequest(urn(TOKEN, setup.stack), setup.server_id, news, news, preview=preview)
    return dict(await setup.kind(TOKEN).update(request))


async def test_a_new_slot_rack_and_feeds_leave_what_was_noted_of_node_firmware_and_set_up(
    setup: Setup,
) -> None:
    note(setup, NOTES)

    outputs = await update(setup, slot="train/slot-02", rack="r2", feeds=["b"])

    assert ("train/slot-02", "r2", ["b"]) == (outputs["slot"], outputs["rack"], outputs["feeds"])
    assert {"rack": "r2", "feeds": ["b"], **NOTES} == {
        name: value for name, value in setup.record().items() if name in ("rack", "feeds", *NOTES)
    }


async def test_what_is_described_no_longer_is_forgotten(setup: Setup) -> None:
    await update(setup, startupWatts=10_000, certificateSha256="a" * 64)
    assert 10_000 == setup.record()["startupWatts"]

    outputs = await update(setup)

    assert not {"startupWatts", "certificateSha256"} & (set(outputs) | set(setup.record()))


async def test_a_preview_describes_nothing_anew(setup: Setup) -> None:
    before = setup.record()

    outputs = await update(setup, preview=True, rack="r2")

    assert ("r2", before) == (outputs["rack"], setup.record())


async def test_another_stack_describes_nothing_anew(setup: Setup) -> None:
    before = setup.record()
    setup.stack = "other"

    with pytest.raises(ForeignClaimError):
        await update(setup, rack="r2")

    assert before == setup.record()
