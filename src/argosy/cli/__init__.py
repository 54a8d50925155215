"""The `argosy` command. Exit codes: 0 all is well, 1 the fleet fails the check, 2 the input is at fault."""

from argosy.cli.main import main

__all__ = ["main"]
