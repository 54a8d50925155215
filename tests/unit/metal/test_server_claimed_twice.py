"""Two stacks whose fleet files call one hall differently, and list the same server."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import ForeignClaimError, RunIdentity
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.requests import ResourceRequest

from .setup_halls import CLAIM, Setup, claimed_server, urn

SERVER_CLAIM = "baremetal:index:ServerClaim"


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncGenerator[Setup]:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        yield setup


@pytest.fixture
async def other(setup: Setup) -> AsyncGenerator[BareMetal]:
    """The other stack, at the same claims store."""
    provider = BareMetal(RunIdentity("other"), lambda: setup.folder, setup.clock)
    provider.configure(setup.config)
    yield provider
    provider.close()


def listed(setup: Setup, bmc: str) -> dict[str, Any]:
    """The server as the other stack's fleet file lists it."""
    return {**CLAIM, "site": "oslo", "serial": setup.serial, "bmc": bmc}


@pytest.mark.parametrize("spelling", ["https://{}", "https://{}/", "https://{}:443"])
async def test_the_second_stack_is_refused_and_told_who_has_the_server(
    setup: Setup, other: BareMetal, spelling: str
) -> None:
    news = listed(setup, spelling.format(setup.bmc.server.bmc_host.upper()))

    with pytest.raises(ForeignClaimError, match=r"oslo/SN1 is hall/SN1 by BMC .* owned by stack lab/local"):
        await other.kind(SERVER_CLAIM).create(ResourceRequest(urn(SERVER_CLAIM, "b"), news=news))

    assert ["hall/SN1"] == [claim.server_id for claim in other.hall().store.read_all()]


async def test_a_stack_that_corrects_a_bmc_s_address_to_that_of_a_held_server_is_refused(
    setup: Setup, other: BareMetal
) -> None:
    claims, name = other.kind(SERVER_CLAIM), urn(SERVER_CLAIM, "b")
    wrong = listed(setup, "https://bmc-9.hall.test")
    server_id, olds = await claims.create(ResourceRequest(name, news=wrong))
    right = listed(setup, f"https://{setup.bmc.server.bmc_host}")

    with pytest.raises(ForeignClaimError, match="owned by stack lab/local"):
        await claims.update(ResourceRequest(name, server_id, news=right, olds=olds))

    kept = other.hall().store.find("oslo", setup.serial)
    assert kept is not None
    assert "https://bmc-9.hall.test" == kept.recorded("bmc")
