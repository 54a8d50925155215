"""Who owns which server. The claims store only grants or refuses; it never chooses."""

from argosy_metal.claims.claim import (
    Claim,
    ClaimsError,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    Phase,
    StaleRunError,
)
from argosy_metal.claims.run import RunIdentity
from argosy_metal.claims.store import ClaimStore, read_claims

__all__ = [
    "Claim",
    "ClaimStore",
    "ClaimsError",
    "ClaimsUnavailableError",
    "ForeignClaimError",
    "LostClaimError",
    "Phase",
    "RunIdentity",
    "StaleRunError",
    "read_claims",
]
