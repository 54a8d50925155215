"""What can go wrong between us and Ironic, and what the caller does next.

They are RedfishErrors: whatever works on a server handles them alike, whoever stands between it and the BMC.

IronicError
├── IronicUnreachableError   no answer: call again later; it never means that the node is gone
├── IronicBusyError          the node is locked, or no conductor is free: look again, then act again
├── IronicAuthError          the account was refused
├── IronicTrustError         the certificate is not the authority's
└── IronicRefusedError       the request is not acceptable as it is: read Ironic's message
"""

from __future__ import annotations

from argosy_metal.redfish import RedfishError


class IronicError(RedfishError):
    """Base of all of them. `host` is where Ironic's API is."""

    next_step = "look at Ironic's own log"


class IronicUnreachableError(IronicError):
    """No complete answer came. A change may have been carried out: look first."""

    next_step = "check that Ironic's API runs and can be reached; the server is not taken for gone"


class IronicBusyError(IronicError):
    """Ironic did nothing, and has something else in hand."""

    next_step = "run again; if it stays, `openstack baremetal node show` names who has reserved the node"


class IronicAuthError(IronicError):
    """User name or password was refused."""

    next_step = "mend the references under the hall's `settings.ironic`, or the account in Ironic"


class IronicTrustError(IronicError):
    """The certificate does not lead to the authority that the hall names."""

    next_step = "check who answers at this address, then mend `settings.ironic.ca_certificate`"


class IronicRefusedError(IronicError):
    """Ironic refused the request; sending it again gives the same answer."""

    next_step = "read Ironic's message; the node, Ironic's configuration or the fleet file has to change"
