"""The provider's resources as a Pulumi program in Python declares them, one module per resource."""

from argosy_metal.resources.claim import ServerClaim
from argosy_metal.resources.hall_provider import BareMetalProvider
from argosy_metal.resources.machine import Machine

__all__ = ["BareMetalProvider", "Machine", "ServerClaim"]
