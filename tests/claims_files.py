"""Looks at claims files, for tests about something else."""

from pathlib import Path

from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore


def claims_in(path: Path) -> tuple[Claim, ...]:
    """Every claim in a claims file; none if there is no file."""
    return SqliteClaimStore(path, RunIdentity("reader")).read_all()
