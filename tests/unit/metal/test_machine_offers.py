"""Offers reach the hall's service over TLS, with the hall's token, and failures hold no secret."""

import socket
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.lifecycle import (
    BootMethod,
    Image,
    Offer,
    ProvisioningService,
    ProvisioningUnavailableError,
)
from argosy_metal.provisioning.cluster import HallCluster
from argosy_metal.provisioning.images import ImageCache
from argosy_metal.provisioning.installs import Installs
from argosy_metal.provisioning.service import ProvisioningApp, ServiceSettings
from argosy_metal.redfish import Patience, Trust
from argosy_metal.simulator.certificates import make_server_context

HOST = "provision.oslo.test"
TOKEN = "the-halls-token-canary"
SECRET = b"password: canary-4711\n"
OFFER = Offer(
    install_id="0123456789abcdef01234567",
    serial="SN1",
    image=Image(f"https://{HOST}/images/node.iso", "ab" * 32),
    boot=BootMethod.VIRTUAL_MEDIA,
    root_device_hints={"serial": "DISK1"},
    user_data=SECRET,
)
Service = Callable[..., ProvisioningService]


class NoCluster:
    """A hall whose machines join nothing."""

    def accept(self, endpoint: str, token: str, description: str) -> bool:
        return False


@pytest.fixture
async def installs(tmp_path: Path) -> AsyncGenerator[Installs]:
    found = Installs(tmp_path / "installs.sqlite", lambda: 0.0, 60)
    yield found
    found.close()


@pytest.fixture
async def service(tmp_path: Path, installs: Installs) -> AsyncGenerator[Service]:
    """Makes clients of a hall's real service."""
    settings = ServiceSettings(f"https://{HOST}", "PEM", TOKEN)
    (tmp_path / "images").mkdir()
    cluster = HallCluster(tmp_path / "cluster", NoCluster())
    app = ProvisioningApp(settings, installs, ImageCache(tmp_path / "images"), cluster)
    context = make_server_context([HOST], tmp_path / "ca.pem")
    runner = web.AppRunner(app.web_app(), access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener, ssl_context=context).start()
    port = listener.getsockname()[1]
    made: list[ProvisioningService] = []

    def make(token: str = TOKEN, to: int = port) -> ProvisioningService:
        trust = Trust(ca_file=tmp_path / "ca.pem")
        resolve: Any = {HOST: ("127.0.0.1", to)}.get
        made.append(
            ProvisioningService(f"https://{HOST}", lambda: token, trust, Patience(), resolve, "argosy/test")
        )
        return made[-1]

    yield make
    for client in made:
        await client.close()
    await runner.cleanup()


async def test_an_offer_reaches_the_service_and_may_be_repeated(service: Service, installs: Installs) -> None:
    for _ in range(2):
        await service().offer(OFFER)

    install = installs.find(OFFER.install_id)
    assert install is not None
    assert ("SN1", {"serial": "DISK1"}) == (install.serial, install.offer["root_device_hints"])
    assert SECRET == installs.take_user_data(install)


async def test_what_is_withdrawn_is_gone_and_may_be_withdrawn_again(
    service: Service, installs: Installs
) -> None:
    await service().offer(OFFER)
    for _ in range(2):
        await service().withdraw(OFFER.install_id)

    assert installs.find(OFFER.install_id) is None


async def test_a_wrong_token_is_told_without_it(service: Service) -> None:
    with pytest.raises(ProvisioningUnavailableError, match=f"{HOST} answers 401 to: offer") as error:
        await service(token="wrong-canary").offer(OFFER)

    assert "canary" not in str(error.value)


async def test_a_service_that_is_down_is_named_without_what_was_offered(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ProvisioningUnavailableError, match=f"{HOST} does not answer") as error:
        await service(to=port).offer(OFFER)

    assert "canary" not in f"{error.value!r} {error.value.__cause__!r}"
