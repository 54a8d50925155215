"""The shortest time in which any provider could bring up a hall, by its budgets alone. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Steps:
    """How long the servers themselves need, in real seconds. Nobody can hurry them."""

    power_on: float
    """From the order until the server is on."""
    self_test: float
    """Once before the installer starts, and once more before the installed system does."""
    install: float
    boot: float
    """From the boot loader until the system reports."""

    def __post_init__(self) -> None:
        negative = [f"{name} is {value:g}" for name, value in vars(self).items() if value < 0]
        if negative:
            raise ValueError(f"no step takes less than no time: {', '.join(negative)}")

    @property
    def reading(self) -> float:
        """How long a server is one of those that read the image: from the order to start until it reports."""
        return self.power_on + 2 * self.self_test + self.install + self.boot


@dataclass(frozen=True)
class Budgets:
    """What may happen at once in the hall."""

    machines_in_flight: int
    image_readers: int
    starts_per_window: int
    """Servers that a feed bears within one window: its watts by a server's start-up watts, rounded down."""
    window_seconds: float
    """Real seconds."""

    def __post_init__(self) -> None:
        counts = (self.machines_in_flight, self.image_readers, self.starts_per_window)
        if min(counts) < 1 or self.window_seconds <= 0:
            raise ValueError(
                f"{self} lets nothing happen at all; every budget is at least 1, a window longer than 0"
            )


def limits_seconds(machines: int, steps: Steps, budgets: Budgets) -> Mapping[str, float]:
    """Least seconds until the last of `machines` like servers reports, by each budget as if it were alone.

    - So many in flight, or reading: they come in waves, and the last wave has to end too.
    - Power: a start counts until one window after the server is seen on, which is not before `power_on`;
      the last group of starts still has to install.

    The limit of a hall is the largest of them. What a provider does itself counts as no time at all.
    Raises ValueError for less than one machine.
    """
    if machines < 1:
        raise ValueError(f"{machines} machines: there must be one at least")
    groups = math.ceil(machines / budgets.starts_per_window)
    return {
        "machines in flight": math.ceil(machines / budgets.machines_in_flight) * steps.reading,
        "image readers": math.ceil(machines / budgets.image_readers) * steps.reading,
        "power-on": (groups - 1) * (steps.power_on + budgets.window_seconds) + steps.reading,
    }
