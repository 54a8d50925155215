"""What can go wrong between us and a BMC, and what the caller does next.

RedfishError                 names the host, the operation and the next step
├── BmcUnreachableError      no answer: call again later; it never means that the server is gone
├── BmcBusyError             the BMC asked for patience (503, 429, sessions full): call again later
├── BmcInternalError         the BMC failed inside (500, 502, 504): restart the BMC if it stays
├── BmcAuthError             the credential reference is wrong, or the account lacks a privilege
│   └── PasswordChangeError  the BMC lets the account do nothing until its password is changed
├── BmcTrustError            the certificate is not the one we trust: mend CA or fingerprint
├── BmcRefusedError          the request itself is not acceptable: read the BMC's message
│   └── BmcMissingError      the resource does not exist on this BMC (404)
├── BmcTaskError             the BMC gave up on an accepted operation
├── TaskUnfinishedError      an accepted operation takes longer than we wait: call again, observe first
├── SessionLostError         the BMC drops every session we open
└── WrongServerError         another server answers at this address: never write to it

No message holds a password or a session token.
"""

from __future__ import annotations

from typing import ClassVar

from argosy_metal.redfish.text import LONGEST_TEXT, clean

_LONGEST_FOUND = 4 * LONGEST_TEXT


class RedfishError(Exception):
    """Base of all of them. `host` and `operation` say where; `next_step` what to do.

    What a BMC had a part in is cleaned and bounded here, whatever it came through.
    """

    next_step: ClassVar[str] = "look at the BMC's own event log"

    def __init__(self, host: str, operation: str, found: str) -> None:
        self.host = host
        self.operation = clean(operation)
        self.found = clean(found, _LONGEST_FOUND)
        super().__init__(f"{host}: {self.operation}: {self.found}; next: {self.next_step}")


class BmcUnreachableError(RedfishError):
    """No complete answer came. `outcome_unknown`: a write may have been carried out, observe first."""

    next_step = "check the BMC's network and power, then run again; the server is not taken for gone"

    def __init__(self, host: str, operation: str, found: str, *, outcome_unknown: bool = False) -> None:
        self.outcome_unknown = outcome_unknown
        super().__init__(host, operation, found)


class BmcBusyError(RedfishError):
    """The BMC did not carry the operation out, and asked for patience: `retry_after` seconds, if it said."""

    next_step = "run again in a few minutes; if it stays, close stale sessions on the BMC"

    def __init__(self, host: str, operation: str, found: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(host, operation, found)


class BmcInternalError(RedfishError):
    """The BMC answered 5xx. A write may have been carried out: observe first."""

    next_step = "run again; if it stays, restart the BMC (not the server)"


class BmcAuthError(RedfishError):
    """User name, password or privilege was refused."""

    next_step = "mend the credential reference in the inventory, or the account's role on the BMC"


class PasswordChangeError(BmcAuthError):
    """`PasswordChangeRequired`: the factory's password, or one that has grown old."""

    next_step = "change the account's password on the BMC, then put the new one behind the reference"


class BmcTrustError(RedfishError):
    """The certificate does not lead to the trusted authority, or is not the pinned one."""

    next_step = "check who answers at this address, then mend the CA file or the pinned fingerprint"


class BmcRefusedError(RedfishError):
    """The BMC refused the request as it is; sending it again gives the same answer."""

    next_step = "read the BMC's message; the server, its firmware or the fleet file has to change first"


class BmcMissingError(BmcRefusedError):
    """The BMC has no such resource."""


class BmcTaskError(RedfishError):
    """An operation was accepted and then failed on the BMC."""

    next_step = "read the BMC's message and its event log, then run again"


class TaskUnfinishedError(RedfishError):
    """An operation was accepted and is still running after the time we wait."""

    next_step = "run again: it goes on from what the server shows by then"


class SessionLostError(RedfishError):
    """A fresh session was refused at once."""

    next_step = "run again; if it stays, restart the BMC, which loses its sessions"


class WrongServerError(RedfishError):
    """The serial number at this address is not the one that was claimed; nothing was written."""

    next_step = "mend the BMC's address or the serial in the inventory; was the hardware swapped?"
