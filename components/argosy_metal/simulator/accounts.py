"""The accounts of one simulated BMC: names, roles and passwords, in memory only.

Account 1 is the one that every client is told of; its password comes from the simulator's directory unless it
has been changed since. Source: DSP0266 "Privilege model", "Password management".
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_metal.simulator.world import USERNAME

ROLES: Mapping[str, tuple[str, ...]] = {
    "Administrator": ("Login", "ConfigureManager", "ConfigureUsers", "ConfigureComponents", "ConfigureSelf"),
    "Operator": ("Login", "ConfigureComponents", "ConfigureSelf"),
    "ReadOnly": ("Login", "ConfigureSelf"),
}
"""The predefined roles of the standard; nobody may change them."""
MIN_PASSWORD, MAX_PASSWORD = 8, 64


@dataclass
class Account:
    """One account."""

    id: str
    username: str
    role: str
    password: str | None = field(default=None, repr=False)
    """None: that of the simulator's directory."""
    enabled: bool = True
    must_change_password: bool = False

    @property
    def privileges(self) -> tuple[str, ...]:
        """What it may do."""
        return ROLES[self.role]


class Accounts:
    """All accounts, by id."""

    def __init__(self) -> None:
        self._by_id = {"1": Account("1", USERNAME, "Administrator")}
        self._count = 1

    def all(self) -> tuple[Account, ...]:
        """In the order in which they were made."""
        return tuple(self._by_id.values())

    def find(self, account_id: str) -> Account | None:
        """The account of that id."""
        return self._by_id.get(account_id)

    def named(self, username: str) -> Account | None:
        """The account of that user name."""
        return next((one for one in self._by_id.values() if one.username == username), None)

    def check(self, username: str, given: str, directory_password: str) -> Account | None:
        """The account, if it is enabled and this is its password."""
        account = self.named(username)
        if account is None or not account.enabled:
            return None
        expected = directory_password if account.password is None else account.password
        return account if hmac.compare_digest(given.encode(), expected.encode()) else None

    def add(self, username: str, password: str, role: str) -> Account:
        """Make an account."""
        self._count += 1
        account = Account(str(self._count), username, role, password)
        self._by_id[account.id] = account
        return account

    def remove(self, account_id: str) -> None:
        """Delete an account.

        Raises KeyError if there is none of that id.
        """
        del self._by_id[account_id]
