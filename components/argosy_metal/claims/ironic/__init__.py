"""The claims of a hall as Ironic's allocations, for halls whose servers others take from the same Ironic."""

from argosy_metal.claims.ironic.api import IronicApi
from argosy_metal.claims.ironic.store import IronicClaimStore

__all__ = ["IronicApi", "IronicClaimStore"]
