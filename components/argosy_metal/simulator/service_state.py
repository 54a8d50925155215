"""What a simulated BMC keeps about itself, apart from its machine, its sessions and its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Subscription:
    """One client that listens to events."""

    id: str
    user_agent: str


@dataclass
class ServiceState:
    """Lost when the BMC restarts, except for the settings."""

    ntp_servers: list[str | None] = field(default_factory=lambda: [None, None])
    host_name: str = ""
    indicator_lit: bool = False
    restarted: bool = False
    """Whether the BMC has been restarted since the simulation began."""
    precondition_failed: set[str] = field(default_factory=set[str])
    """Resources whose first conditional write has been refused already."""
    ac_cycles: int = 0
    ejected: dict[str, str] = field(default_factory=dict[str, str])
    """The URL that a BMC goes on showing after an eject, by slot."""
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    subscribed: int = 0
    """How many there have been."""

    def subscribe(self, user_agent: str) -> Subscription:
        """A client begins to listen."""
        self.subscribed += 1
        subscription = Subscription(str(self.subscribed), user_agent)
        self.subscriptions[subscription.id] = subscription
        return subscription

    def restart(self) -> None:
        """What a restart of the BMC ends."""
        self.restarted = True
        self.subscriptions.clear()
