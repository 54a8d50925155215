"""What is shared by all that happens in one hall at once, as one provider process keeps it."""

from __future__ import annotations

from typing import Protocol

from argosy_metal.budgets.limits import BudgetLimits
from argosy_metal.budgets.places import Places
from argosy_metal.budgets.power_ons import PowerOns


class _Clock(Protocol):
    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class HallBudgets:
    """What the resources of a hall share. In memory: it holds for one run, and its runs hold the claims."""

    def __init__(self, limits: BudgetLimits, clock: _Clock, time_scale: float = 1.0) -> None:
        """`time_scale`: seconds of the hall that pass in one of ours."""
        self.limits = limits
        self.machines = Places("machines at work in this hall", limits.machines_in_flight)
        self.image_readers = Places("machines installing in this hall", limits.image_readers)
        self.firmware_updates = Places("firmware updates in this hall", limits.firmware_updates)
        self.power_ons = PowerOns(limits.power_on_watts, limits.power_on_window_seconds, clock, time_scale)
