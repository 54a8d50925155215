"""The hall's provisioning service: which installed system has reported, and with which install id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from argosy_metal.redfish import BmcGate, Patience, RedfishError, Resolve, Trust
from argosy_metal.redfish.messages import Json, text_at
from argosy_metal.redfish.text import clean
from argosy_metal.redfish.transport import Transport

_CONNECTIONS = 32
"""All machines of a hall share them: a request takes milliseconds, and a connection costs a handshake."""
_LONGEST_LINE = 400
_LONGEST_ID = 128


@dataclass(frozen=True)
class Report:
    """What an installed system said when it came up, or an installer when it was done or gave up."""

    install_id: str
    boot_id: str
    image_sha256: str | None
    """Of the image it was installed from; None if it does not say."""
    failure: str | None = None
    """Why the installer gave up; None if the system runs."""
    is_installed: bool = False
    """Said by an installer that is done and powers the server off: the system has not been seen yet."""


class ReportsUnavailableError(Exception):
    """The provisioning service does not answer as it should; says nothing about the server."""


class Reports(Protocol):
    """Where installed systems report."""

    async def find(self, serial: str) -> Report | None:
        """The latest report of a server; None if there is none. Raises ReportsUnavailableError."""
        ...


class ReportService:
    """The service at the fleet file's `phone_home`: `GET {phone_home}/{serial}` answers JSON or 404."""

    def __init__(
        self, url: str, trust: Trust, patience: Patience, resolve: Resolve | None, user_agent: str
    ) -> None:
        parts = urlsplit(url)
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": user_agent}
        gate = BmcGate(_CONNECTIONS)
        self._transport = Transport(f"https://{parts.netloc}", trust, patience, gate, resolve)

    async def find(self, serial: str) -> Report | None:
        """The latest report of a server; None if there is none."""
        try:
            answer = await self._transport.exchange(
                "GET", f"{self._path}/{serial}", headers=self._headers, operation="ask for the report"
            )
        except RedfishError as error:
            raise ReportsUnavailableError(f"{error.host} does not answer: {error.found}") from error
        if answer.status == 404:
            return None
        install_id, boot_id = text_at(answer.body, "install_id"), text_at(answer.body, "boot_id")
        if answer.status != 200 or install_id is None or boot_id is None:
            raise ReportsUnavailableError(f"{self._transport.host} answers {answer.status} without a report")
        return Report(
            one_line(install_id, _LONGEST_ID),
            one_line(boot_id, _LONGEST_ID),
            _line_at(answer.body, "image_sha256"),
            _line_at(answer.body, "failure"),
            is_installed=text_at(answer.body, "stage") == "installed",
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """What a machine says, as a terminal, a log and a message may show it: at most `longest` characters."""
    shown = clean(" ".join(text[: 2 * longest].split()), longest + 1)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _line_at(body: Json, name: str) -> str | None:
    text = text_at(body, name)
    return None if text is None else one_line(text)
