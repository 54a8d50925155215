"""An error as plain JSON: its message, and what it lists."""

from __future__ import annotations

import dataclasses
from typing import Any

from argosy.errors import ArgosyError, FleetError, InfeasiblePlanError, ShortfallError


def refusal(error: ArgosyError) -> dict[str, Any]:
    """What `--json` prints where there is no proof."""
    found: dict[str, Any] = {"proven": False, "error": str(error)}
    if isinstance(error, FleetError):
        found["faults"] = [dataclasses.asdict(fault) for fault in error.faults]
    if isinstance(error, ShortfallError):
        found["shortfalls"] = [dataclasses.asdict(shortfall) for shortfall in error.shortfalls]
    if isinstance(error, InfeasiblePlanError):
        found["conflict"] = {
            "certain": error.certain,
            "statements": [dataclasses.asdict(statement) for statement in error.statements],
            "shortfalls": [dataclasses.asdict(shortfall) for shortfall in error.shortfalls],
        }
    return found
