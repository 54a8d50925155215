"""The provider's input `budgets`: how much may happen at once in the hall. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.budgets import BudgetLimits
from argosy_metal.provider.checks import Failure, Rule, check_inputs
from argosy_metal.provider.properties import INTEGER, NUMBER, WireType, mapping_of

BUDGETS_TYPE = "baremetal:index:Budgets"
_DEFAULTS = BudgetLimits()


def _at_least(least: int) -> Rule:
    def rule(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return None
        return f"given {value!r}; expected a whole number, {least} or more"

    return rule


def _seconds(value: Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return None
    return f"given {value!r}; expected seconds, more than 0"


def _counts(value: Any) -> str | None:
    counts = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    if counts is None or any(_at_least(1)(count) for count in counts.values()):
        return f"given {value!r}; expected names, and a whole number of 1 or more for each"
    return None


_RULES: Mapping[str, Rule] = {
    "machinesInFlight": _at_least(1),
    "imageReaders": _at_least(1),
    "firmwareUpdates": _at_least(1),
    "bmcConnections": _at_least(1),
    "attempts": _at_least(1),
    "deletionsPerRun": _at_least(0),
    "rollout": _counts,
    "replacementsPerRun": _counts,
    "powerOnWatts": _counts,
    "powerOnWindowSeconds": _seconds,
}
_COUNTED = ("machinesInFlight", "imageReaders", "firmwareUpdates", "bmcConnections", "attempts")
BUDGETS_SCHEMA: WireType = {
    "type": "object",
    "properties": {
        **dict.fromkeys((*_COUNTED, "deletionsPerRun"), INTEGER),
        **dict.fromkeys(("rollout", "replacementsPerRun", "powerOnWatts"), mapping_of(INTEGER)),
        "powerOnWindowSeconds": NUMBER,
    },
}


def check_budgets(value: Any) -> list[Failure]:
    """Every failure inside the input."""
    if not isinstance(value, dict):
        return [("budgets", f"given {type(value).__name__}; expected an object")]
    return check_inputs(cast("dict[str, Any]", value), {}, _RULES, prefix="budgets.")


def budget_limits(value: Mapping[str, Any] | None) -> BudgetLimits:
    """The limits that an accepted input gives; the defaults for what it leaves out."""
    given = value or {}
    return BudgetLimits(
        machines_in_flight=given.get("machinesInFlight", _DEFAULTS.machines_in_flight),
        image_readers=given.get("imageReaders", _DEFAULTS.image_readers),
        firmware_updates=given.get("firmwareUpdates", _DEFAULTS.firmware_updates),
        bmc_connections=given.get("bmcConnections", _DEFAULTS.bmc_connections),
        attempts=given.get("attempts", _DEFAULTS.attempts),
        deletions_per_run=given.get("deletionsPerRun", _DEFAULTS.deletions_per_run),
        rollout=given.get("rollout", _DEFAULTS.rollout),
        replacements_per_run=given.get("replacementsPerRun", _DEFAULTS.replacements_per_run),
        power_on_watts=given.get("powerOnWatts", _DEFAULTS.power_on_watts),
        power_on_window_seconds=given.get("powerOnWindowSeconds", _DEFAULTS.power_on_window_seconds),
    )
