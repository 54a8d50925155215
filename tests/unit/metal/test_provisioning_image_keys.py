"""The image that holds an install's token: for whom it was offered, and until its installer has begun."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy_metal.lifecycle.image import Image, image_key

from .provisioning_hall import DIGEST, HALL, IMAGE, Hall, served, served_hall, token_in


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with served_hall(tmp_path) as found:
        yield found


async def image(hall: Hall, **headers: str) -> bytes:
    return await (await hall.get(served("i1"), headers)).read()


@pytest.mark.parametrize("key", ["", "&key=", "&key=guessed", "&key=%ff", f"&key={image_key('other', 'i1')}"])
async def test_knowing_an_installs_id_gives_nothing(hall: Hall, key: str):
    await hall.offered()

    answer = await hall.get(f"/images/node.iso?install=i1{key}")

    assert 404 == answer.status
    assert b"ARGOSY_TOKEN" not in await answer.read()


async def test_one_installs_key_opens_no_other_install(hall: Hall):
    await hall.offered()
    await hall.offered("i2")

    key = image_key("the-halls-token", "i1")
    assert 404 == (await hall.get(f"/images/node.iso?install=i2&key={key}")).status


async def test_the_url_that_a_provider_gives_a_bmc_opens_the_image_of_its_install(hall: Hall):
    token = await hall.offered()
    url = Image("https://provision.oslo.test/images/node.iso", DIGEST).media_url(
        "i1", image_key("the-halls-token", "i1")
    )

    answer = await hall.get(url.removeprefix("https://provision.oslo.test"))

    assert token == {"Authorization": f"Bearer {token_in(await answer.read())}"}


async def test_once_the_user_data_was_taken_the_image_holds_no_token_and_is_else_the_same(hall: Hall):
    token = await hall.offered()
    assert IMAGE != await image(hall)
    await hall.get("/installs/i1/user-data", token)

    assert IMAGE == await image(hall)
    assert IMAGE[100:5000] == await image(hall, Range="bytes=100-4999")


@pytest.mark.parametrize("more", [{}, {"stage": "installed"}, {"failure": "no disk"}])
async def test_once_an_installer_or_its_system_has_reported_the_image_holds_no_token(
    hall: Hall, more: dict[str, str]
):
    token = await hall.offered()
    assert 204 == await hall.report(token, **more)

    assert IMAGE == await image(hall)


async def test_once_a_newer_install_has_reported_an_older_ones_image_holds_no_token(hall: Hall):
    await hall.offered()
    newer = await hall.offered("i2")
    assert 204 == await hall.report(newer, "i2")

    assert IMAGE == await image(hall)


async def test_ipxe_gets_the_url_of_the_image_until_its_installer_has_begun(hall: Hall):
    token = await hall.offered()
    script = await (await hall.get("/boot.ipxe?serial=SN1")).text()
    url = next(word for word in script.split() if word.startswith("https://"))
    assert token_in(await (await hall.get(url.removeprefix("https://provision.oslo.test"))).read())

    await hall.get("/installs/i1/user-data", token)

    assert 404 == (await hall.get("/boot.ipxe?serial=SN1")).status


@pytest.mark.parametrize("method", ["virtualMedia", "httpBoot"])
async def test_ipxe_is_told_nothing_of_an_install_that_does_not_come_by_pxe(hall: Hall, method: str):
    await hall.offered(boot_method=method)

    assert 404 == (await hall.get("/boot.ipxe?serial=SN1")).status


@pytest.mark.parametrize("path", ["/installs/i1/user-data", "/seed/{token}/user-data"])
async def test_a_head_takes_no_user_data(hall: Hall, path: str):
    headers = await hall.offered()
    where = path.format(token=headers["Authorization"].removeprefix("Bearer "))

    assert 405 == (await hall.client.head(where, headers=headers)).status
    assert 200 == (await hall.get(where, headers)).status


async def test_a_withdrawn_installs_image_is_not_served(hall: Hall):
    await hall.offered()
    await hall.client.delete("/installs/i1", headers=HALL)

    assert 404 == (await hall.get(served("i1"))).status
