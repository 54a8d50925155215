"""A hall's service over HTTP: who may ask what, images in ranges, and no secret in its log."""

import email
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.provisioning.images import BLOCK_BYTES, MARKER, image_folder

from .provisioning_hall import DIGEST, HALL, IMAGE, OFFER, SECRET, Hall, served, served_hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with served_hall(tmp_path) as found:
        yield found


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guessed"}, {"Authorization": "Basic x"}])
async def test_only_the_hall_may_offer_and_withdraw(hall: Hall, headers: dict[str, str]):
    assert 401 == (await hall.client.put("/installs/i1", json=OFFER, headers=headers)).status
    assert 401 == (await hall.client.delete("/installs/i1", headers=headers)).status


async def test_an_installer_learns_its_offer_and_gets_its_user_data_once(hall: Hall):
    token = await hall.offered()

    shown = await (await hall.get("/installs/i1", token)).json()
    assert {"serial": "DISK1"} == shown["root_device_hints"]
    assert "user_data" not in shown
    assert SECRET == await (await hall.get("/installs/i1/user-data", token)).text()
    assert 410 == (await hall.get("/installs/i1/user-data", token)).status


async def test_nobody_else_gets_an_offer_or_user_data(hall: Hall):
    await hall.offered()

    for headers in ({}, HALL, {"Authorization": "Bearer guessed"}):
        assert 403 == (await hall.get("/installs/i1", headers)).status
        assert 403 == (await hall.get("/installs/i1/user-data", headers)).status
    assert 403 == (await hall.get("/seed/guessed/user-data")).status


async def test_cloud_init_gets_its_seed_by_the_token_in_the_path(hall: Hall):
    token = (await hall.offered())["Authorization"].removeprefix("Bearer ")

    assert (
        'instance-id: "i1"\nlocal-hostname: "sn1"\n'
        == await (await hall.get(f"/seed/{token}/meta-data")).text()
    )
    assert SECRET == await (await hall.get(f"/seed/{token}/user-data")).text()
    assert 410 == (await hall.get(f"/seed/{token}/user-data")).status
    assert 200 == (await hall.get(f"/seed/{token}/vendor-data")).status
    assert 404 == (await hall.get(f"/seed/{token}/passwd")).status


async def test_a_withdrawn_install_gets_nothing_but_may_report(hall: Hall):
    token = await hall.offered()
    assert 204 == (await hall.client.delete("/installs/i1", headers=HALL)).status
    assert 404 == (await hall.client.delete("/installs/i2", headers=HALL)).status

    assert 403 == (await hall.get("/installs/i1", token)).status
    assert 404 == (await hall.get(served("i1"))).status
    report = {"install_id": "i1", "boot_id": "b1"}
    assert 204 == (await hall.client.post("/phone-home/SN1", json=report, headers=token)).status
    assert report == await (await hall.get("/phone-home/SN1")).json()


@pytest.mark.parametrize(
    ("serial", "body", "status"),
    [
        ("SN2", {"install_id": "i1", "boot_id": "b"}, 403),
        ("SN1", {"install_id": "i2", "boot_id": "b"}, 403),
        ("SN1", {"install_id": "i1"}, 400),
        ("SN1", ["no object"], 400),
    ],
)
async def test_a_report_that_is_not_the_installs_own_is_refused(
    hall: Hall, serial: str, body: object, status: int
):
    token = await hall.offered()

    assert status == (await hall.client.post(f"/phone-home/{serial}", json=body, headers=token)).status
    assert 404 == (await hall.get("/phone-home/SN1")).status


async def test_an_image_is_sent_whole_in_ranges_and_as_a_head(hall: Hall):
    assert IMAGE == await (await hall.get("/images/node.iso")).read()
    part = await hall.get("/images/node.iso", {"Range": "bytes=100-199"})
    assert (206, IMAGE[100:200], f"bytes 100-199/{len(IMAGE)}") == (
        part.status, await part.read(), part.headers["Content-Range"],
    )  # fmt: skip
    assert IMAGE[-10:] == await (await hall.get("/images/node.iso", {"Range": "bytes=-10"})).read()
    head = await hall.client.head("/images/node.iso")
    assert (200, str(len(IMAGE)), "bytes") == (
        head.status, head.headers["Content-Length"], head.headers["Accept-Ranges"],
    )  # fmt: skip


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=5-1", "lines=1-2"])
async def test_a_range_that_cannot_be_is_refused(hall: Hall, wanted: str):
    assert 416 == (await hall.get("/images/node.iso", {"Range": wanted})).status


async def test_an_image_with_another_digest_than_the_pinned_one_is_refused(hall: Hall):
    answer = await hall.get(f"/images/node.iso?sha256={'0' * 64}")

    assert 409 == answer.status
    assert f"its sha256 is {DIGEST}" in await answer.text()
    assert 200 == (await hall.get(f"/images/node.iso?sha256={DIGEST}")).status
    assert 404 == (await hall.get("/images/absent.iso")).status


async def test_an_install_reads_only_the_image_it_was_offered(hall: Hall, tmp_path: Path):
    await hall.offered()
    (image_folder(tmp_path) / "other.iso").write_bytes(MARKER.ljust(BLOCK_BYTES, b"#"))

    assert 404 == (await hall.get(served("i1").replace("node", "other"))).status


async def test_ipxe_gets_a_script_for_a_server_that_is_to_be_installed(hall: Hall):
    assert 404 == (await hall.get("/boot.ipxe?serial=SN1")).status
    await hall.offered()

    script = await (await hall.get("/boot.ipxe?serial=SN1")).text()
    assert script.startswith("#!ipxe\n")
    assert f"https://provision.oslo.test/images/node.iso?install=i1&sha256={DIGEST}&key=" in script
    assert 404 == (await hall.get("/boot.ipxe?serial=SN2")).status


async def test_the_log_holds_no_secret(hall: Hall, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    token = await hall.offered()
    await hall.get("/installs/i1/user-data", token)
    await hall.client.post("/phone-home/SN1", json={"install_id": "i1", "boot_id": "b"}, headers=token)
    own = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("argosy"))

    assert "handed out the user data of install i1" in own
    assert not [secret for secret in (SECRET, token["Authorization"][7:], "the-halls-token") if secret in own]


JOIN = {
    "role": "worker",
    "node_name": "sn1",
    "endpoint": "k8s.oslo.test:6443",
    "kubernetes_version": "v1.34.4",
    "pod_cidr": "10.244.0.0/16",
    "service_cidr": "10.96.0.0/12",
    "control_plane": ["CP1", "CP2", "CP3"],
}


async def test_a_worker_waits_for_its_cluster_without_losing_its_user_data(hall: Hall):
    token = await hall.offered(join=JOIN)

    waiting = await hall.get("/installs/i1/user-data", token)
    assert (503, "30") == (waiting.status, waiting.headers["Retry-After"])
    hall.mint.answers = True
    message = email.message_from_bytes(await (await hall.get("/installs/i1/user-data", token)).read())
    own, part = (str(one.get_payload(decode=True)) for one in list(message.walk())[1:])
    assert SECRET in own
    assert "#cloud-config" in part
    assert 1 == len(hall.mint.accepted)
    assert 410 == (await hall.get("/installs/i1/user-data", token)).status
    assert 1 == len(hall.mint.accepted)


async def test_an_offer_with_a_join_of_the_wrong_shape_is_refused(hall: Hall):
    answer = await hall.client.put(
        "/installs/i1", json=OFFER | {"join": JOIN | {"role": "king", "endpoint": "x"}}, headers=HALL
    )

    assert 409 == answer.status
    assert "join: endpoint, role: not as expected" in await answer.text()


REPORT = {"install_id": "i1", "run": "boot-1", "figures": {"gpu_count": 8, "p2p_bandwidth_percent": 91.5}}


async def test_a_machine_posts_what_its_tests_have_shown_and_the_provider_reads_it(hall: Hall):
    token = await hall.offered()

    assert 404 == (await hall.get("/acceptance/SN1")).status
    assert 204 == (await hall.client.post("/acceptance/SN1", json=REPORT, headers=token)).status
    assert REPORT == await (await hall.get("/acceptance/SN1")).json()


async def test_only_the_install_of_a_machine_speaks_of_its_tests(hall: Hall):
    token = await hall.offered()

    for headers in ({}, HALL, {"Authorization": "Bearer guessed"}):
        assert 403 == (await hall.client.post("/acceptance/SN1", json=REPORT, headers=headers)).status
    assert 403 == (await hall.client.post("/acceptance/SN2", json=REPORT, headers=token)).status
    assert 404 == (await hall.get("/acceptance/SN1")).status


@pytest.mark.parametrize(
    "change",
    [
        {"figures": {}},
        {"figures": {"gpu_count": "8"}},
        {"figures": {"gpu_count": True}},
        {"figures": {"GPU count": 8}},
        {"figures": [8]},
        {"figures": {f"t{n}": n for n in range(1001)}},
        {"run": ""},
        {"run": "a b"},
    ],
)
async def test_a_test_report_of_another_shape_is_refused(hall: Hall, change: dict[str, Any]):
    token = await hall.offered()

    assert 400 == (await hall.client.post("/acceptance/SN1", json=REPORT | change, headers=token)).status


async def test_a_figure_that_is_no_finite_number_is_refused(hall: Hall):
    token = await hall.offered() | {"Content-Type": "application/json"}
    body = '{"install_id": "i1", "run": "r", "figures": {"gpu_count": Infinity}}'

    assert 400 == (await hall.client.post("/acceptance/SN1", data=body, headers=token)).status
