"""What an installer is told by the hall's own service: offered under the install id, handed out once.

The image learns its install id from its URL (or, by PXE, from the offer for its serial number) and asks the
service for the rest. User data never travels in a URL, an image or a message.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from argosy_metal.lifecycle.driver import BootMethod
from argosy_metal.lifecycle.image import Image, image_key
from argosy_metal.redfish import BmcGate, Patience, RedfishError, Resolve, Trust
from argosy_metal.redfish.transport import Transport

_DONE = frozenset({200, 201, 204})


@dataclass(frozen=True)
class Offer:
    """All that one installation may ask for."""

    install_id: str
    serial: str
    image: Image
    boot: BootMethod
    root_device_hints: Mapping[str, str]
    user_data: bytes | None = field(repr=False)
    join: Mapping[str, Any] | None = None
    """The machine's part in the hall's cluster; no secrets."""

    def body(self) -> dict[str, Any]:
        """As it is sent: `user_data` in base64, since it need not be text."""
        image = {"url": self.image.url, "sha256": self.image.sha256, "kind": self.image.kind.value}
        return {
            "serial": self.serial,
            "image": image,
            "boot_method": self.boot.value,
            "root_device_hints": dict(self.root_device_hints),
            "user_data": None if self.user_data is None else b64encode(self.user_data).decode(),
            **({} if self.join is None else {"join": dict(self.join)}),
        }


class ProvisioningUnavailableError(Exception):
    """The hall's provisioning service does not take what is offered; says nothing about the server."""


class Provisioning(Protocol):
    """Where installers ask what they are to do."""

    async def offer(self, offer: Offer) -> None:
        """Have it ready for the installer. The same offer again changes nothing.

        Raises ProvisioningUnavailableError.
        """
        ...

    async def withdraw(self, install_id: str) -> None:
        """Hand it out no more. No error if it is not there. Raises ProvisioningUnavailableError."""
        ...

    def image_key(self, install_id: str) -> str | None:
        """What the image of an install is fetched by, beside its id; None where nothing is needed.

        Raises an ArgosyError where the hall's token cannot be read.
        """
        ...


class NoProvisioning:
    """A hall whose images need nothing beside themselves."""

    async def offer(self, offer: Offer) -> None:
        """Nothing, unless the installation needs what only a service can give."""
        needs = [
            *(["user data"] if offer.user_data is not None else []),
            *(["root device hints"] if offer.root_device_hints else []),
            *(["PXE"] if offer.boot is BootMethod.PXE else []),
            *(["what joins it to a cluster"] if offer.join is not None else []),
        ]
        if needs:
            raise ProvisioningUnavailableError(
                f"the hall has no provisioning service that could give {', '.join(needs)}"
            )

    async def withdraw(self, install_id: str) -> None:
        """There was nothing."""

    def image_key(self, install_id: str) -> str | None:
        """None is needed: the images hold no secret."""
        return None


class ProvisioningService:
    """The service at the hall's `provisioning`: `PUT` and `DELETE {provisioning}/installs/{install_id}`."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        trust: Trust,
        patience: Patience,
        resolve: Resolve | None,
        user_agent: str,
    ) -> None:
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/")
        self._token = token
        self._user_agent = user_agent
        self._transport = Transport(f"https://{parts.netloc}", trust, patience, BmcGate(8), resolve)

    async def offer(self, offer: Offer) -> None:
        """Put the offer; a repeated one replaces itself."""
        await self._send("PUT", offer.install_id, offer.body(), _DONE, "offer the installer what it needs")

    async def withdraw(self, install_id: str) -> None:
        """Delete the offer."""
        await self._send("DELETE", install_id, None, _DONE | {404}, "withdraw what was offered")

    def image_key(self, install_id: str) -> str | None:
        """Made from the hall's token, as the service makes it."""
        return image_key(self._token(), install_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _send(
        self,
        method: str,
        install_id: str,
        body: dict[str, Any] | None,
        accepted: frozenset[int],
        operation: str,
    ) -> None:
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token()}",
            "User-Agent": self._user_agent,
        }
        try:
            answer = await self._transport.exchange(
                method,
                f"{self._path}/installs/{install_id}",
                headers=headers,
                body=body,
                operation=operation,
            )
        except RedfishError as error:
            raise ProvisioningUnavailableError(f"{error.host} does not answer: {error.found}") from None
        if answer.status not in accepted:
            raise ProvisioningUnavailableError(
                f"{self._transport.host} answers {answer.status} to: {operation}"
            )
