"""The simulated hall's service takes offers from who has its token, and drops user data that was taken."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provisioning.join import Join, Role
from argosy_metal.resources.machine import join_wire
from argosy_metal.simulator import image_sha256
from argosy_metal.simulator.service import Request

from .setup_halls import CONFIG, Killed, Setup, claimed_server, urn

MACHINE = "baremetal:index:Machine"
SECRET = "password: canary-4711\n"
IMAGE = {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}
JOIN = Join(
    Role.WORKER,
    "sn1",
    "api.hall.test:6443",
    "v1.34.1",
    "10.244.0.0/16",
    "10.96.0.0/12",
    ("CP1", "CP2", "CP3"),
)
HALL = {
    "provisioning": "https://provision.hall.test",
    "provisioningTokenRef": "file:simulator/hall-token",
}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as found:
        found.config = {**CONFIG, **HALL}
        found.again()
        yield found


def user_data(setup: Setup) -> dict[str, str]:
    (setup.folder / "user-data").write_text(SECRET)
    return {"ref": "file:user-data", "sha256": hashlib.sha256(SECRET.encode()).hexdigest()}


def shown(setup: Setup) -> dict[str, Any]:
    return setup.simulator.simulation.statuses()[0]["offer"]


def files_with_the_secret(setup: Setup) -> list[str]:
    found = [path for path in (setup.folder / "simulator").iterdir() if path.is_file()]
    return [path.name for path in found if b"canary-4711" in path.read_bytes()]


async def test_an_installation_is_offered_with_its_part_in_the_cluster(setup: Setup) -> None:
    news = setup.checked(MACHINE, {"image": IMAGE, "userData": user_data(setup), "join": join_wire(JOIN)})
    setup.clock.die_at = setup.clock.now() + 1

    with pytest.raises(Killed):
        await setup.kind(MACHINE).create(ResourceRequest(urn(MACHINE), news=news))

    offer = shown(setup)
    assert ("SN1", False) == (offer["serial"], offer["user_data_taken"])
    assert ("worker", "sn1", ["CP1", "CP2", "CP3"]) == tuple(
        offer["join"][name] for name in ("role", "node_name", "control_plane")
    )
    assert "canary-4711" not in repr(offer)


async def test_user_data_is_gone_once_the_machine_runs(setup: Setup) -> None:
    await setup.create(MACHINE, image=IMAGE, userData=user_data(setup))

    assert True is shown(setup)["user_data_taken"]
    assert [] == files_with_the_secret(setup)


async def test_a_wrong_token_ends_the_installation_before_the_server_is_touched(setup: Setup) -> None:
    (setup.folder / "token").write_text("guessed")
    setup.config = {**setup.config, "provisioningTokenRef": "file:token"}
    setup.again()

    with pytest.raises(PartialFailureError, match=r"answers 401 to: offer the installer"):
        await setup.create(MACHINE, image=IMAGE, userData=user_data(setup))

    assert "Off" == setup.bmc.machine.state.power


def ask(setup: Setup, method: str, path: str, body: bytes = b"", token: str | None = None) -> int:
    token = (setup.folder / "simulator" / "hall-token").read_text().strip() if token is None else token
    request = Request(method, path, {"Authorization": f"Bearer {token}"}, body)
    return setup.simulator.simulation.answer("provision.hall.test", request).status


async def test_what_is_no_offer_is_refused(setup: Setup) -> None:
    assert 401 == ask(setup, "PUT", "/installs/i1", b"{}", token="guessed")
    assert 400 == ask(setup, "PUT", "/installs/i1", b"not JSON")
    assert 400 == ask(setup, "PUT", "/installs/i1", b"[]")
    assert 409 == ask(setup, "PUT", "/installs/i1", b"{}")
    assert 405 == ask(setup, "GET", "/installs/i1")
    assert 404 == ask(setup, "DELETE", "/installs/i1")


async def test_a_server_that_does_not_run_reports_no_tests(setup: Setup) -> None:
    assert 404 == ask(setup, "GET", "/acceptance/SN1")
    await setup.create(MACHINE, image=IMAGE)
    assert 200 == ask(setup, "GET", "/acceptance/SN1")
    assert 404 == ask(setup, "GET", "/acceptance/SN9")


async def test_a_changed_part_in_the_cluster_counts_from_the_next_installation(setup: Setup) -> None:
    first = await setup.create(MACHINE, image=IMAGE, join=join_wire(JOIN))
    other = join_wire(JOIN) | {"endpoint": "other.hall.test:6443"}

    assert ["join"] == setup.changes(MACHINE, first, image=IMAGE, join=other)
    second = await setup.update(MACHINE, first, image=IMAGE, join=other)

    assert first["installId"] == second["installId"]
    held = setup.provider.hall().store.find("hall", "SN1")
    assert held is not None
    assert Phase.RUNNING is held.phase


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"role": "master"}, "role"),
        ({"endpoint": "api"}, "endpoint"),
        ({"controlPlane": []}, "controlPlane"),
        ({"kubernetesVersion": "1.34"}, "kubernetesVersion"),
        ({"more": 1}, "there is no more"),
    ],
)
async def test_a_part_in_a_cluster_that_is_none_is_refused(
    setup: Setup, change: dict[str, Any], told: str
) -> None:
    given = {"serverId": "hall/SN1", "image": IMAGE, "join": join_wire(JOIN) | change}

    failures = setup.kind(MACHINE).check(given)[1]

    assert [told in reason for name, reason in failures if name == "join"] == [True], failures
