"""The figures of a hall's budgets, as the provider's configuration gives them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BudgetLimits:
    """How much may happen at once in one hall, within one run.

    The defaults are Argosy's own choice, after what others bound: Metal3 provisions 20 hosts at once and
    tries an image 5 times (baremetal-operator, `PROVISIONING_LIMIT` and pull request 3468), Ironic cleans 50
    at once (`max_concurrent_clean`), NVIDIA's controller flashes 16 and asks a BMC over few connections.
    """

    machines_in_flight: int = 50
    """Machines that are brought up or taken down at once."""
    image_readers: int = 20
    """Machines that install, and so read the image, at once."""
    firmware_updates: int = 16
    bmc_connections: int = 2
    """Connections to one BMC. Its changes are one after another whatever this says."""
    attempts: int = 5
    """Attempts per image before a server is quarantined."""
    deletions_per_run: int | None = None
    """Machines that one run may take down for good; None: any number."""
    rollout: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pool to the machines of it that may be down at once to be replaced; others are not limited."""
    replacements_per_run: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pool to the machines of it that one run may replace; others are not limited."""
    power_on_watts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Feed to the start-up watts that may begin within a window; others are not limited."""
    power_on_window_seconds: float = 1.0
    """Inrush ends within 50 ms (a vendor of rack PDUs); the rest is the clocks' and the BMCs' inaccuracy."""
