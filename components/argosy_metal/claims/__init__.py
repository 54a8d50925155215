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
from argosy_metal.claims.contract import ClaimStore, RunLease
from argosy_metal.claims.opening import open_claims
from argosy_metal.claims.run import RunIdentity
from argosy_metal.claims.sqlite import SqliteClaimStore

__all__ = [
    "Claim",
    "ClaimStore",
    "ClaimsError",
    "ClaimsUnavailableError",
    "ForeignClaimError",
    "LostClaimError",
    "Phase",
    "RunIdentity",
    "RunLease",
    "SqliteClaimStore",
    "StaleRunError",
    "open_claims",
]
