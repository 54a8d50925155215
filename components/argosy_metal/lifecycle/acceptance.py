"""What a machine's tests have shown: `GET {provisioning}/acceptance/{serial}` of the hall's service."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from argosy_metal.acceptance.judge import TEST_NAME, report_digest
from argosy_metal.redfish import BmcGate, Patience, RedfishError, Resolve, Trust
from argosy_metal.redfish.messages import text_at
from argosy_metal.redfish.transport import Transport


@dataclass(frozen=True)
class AcceptanceReport:
    """What one run of the tests on one machine has shown."""

    install_id: str
    run: str
    """Names the run: tests that run again are another report."""
    figures: Mapping[str, float]

    @property
    def digest(self) -> str:
        """Names the report."""
        return report_digest(self.install_id, self.run, self.figures)


class AcceptanceUnavailableError(Exception):
    """The hall's service does not answer as it should; says nothing about the machine."""


class AcceptanceReports(Protocol):
    """Where machines report what their tests have shown."""

    async def find(self, serial: str) -> AcceptanceReport | None:
        """The latest report of a server; None if there is none. Raises AcceptanceUnavailableError."""
        ...


class AcceptanceService:
    """The hall's provisioning service."""

    def __init__(
        self, url: str, trust: Trust, patience: Patience, resolve: Resolve | None, user_agent: str
    ) -> None:
        parts = urlsplit(url)
        self._path = f"{parts.path.rstrip('/')}/acceptance"
        self._headers = {"Accept": "application/json", "User-Agent": user_agent}
        self._transport = Transport(f"https://{parts.netloc}", trust, patience, BmcGate(8), resolve)

    async def find(self, serial: str) -> AcceptanceReport | None:
        """The latest report of a server; None if there is none."""
        try:
            answer = await self._transport.exchange(
                "GET", f"{self._path}/{serial}", headers=self._headers, operation="ask for the test report"
            )
        except RedfishError as error:
            raise AcceptanceUnavailableError(f"{error.host} does not answer: {error.found}") from error
        if answer.status == 404:
            return None
        install_id, run = text_at(answer.body, "install_id"), text_at(answer.body, "run")
        figures = figures_in(answer.body.get("figures"))
        if answer.status != 200 or install_id is None or run is None or figures is None:
            raise AcceptanceUnavailableError(
                f"{self._transport.host} answers {answer.status} without install_id, run and figures"
            )
        return AcceptanceReport(install_id, run, figures)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()


def figures_in(value: object) -> dict[str, float] | None:
    """Figures by the names of their tests; None for anything else."""
    if not isinstance(value, dict):
        return None
    given = cast("dict[str, Any]", value)
    if not all(re.fullmatch(TEST_NAME, name) and _is_figure(one) for name, one in given.items()):
        return None
    return {name: given[name] for name in sorted(given)}


def _is_figure(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        # A whole number that no float holds.
        return False
