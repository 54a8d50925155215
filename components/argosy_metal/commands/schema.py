"""`argosy metal schema`: what the `baremetal` package offers, as the plugin tells the engine."""

from __future__ import annotations

from argosy_metal.claims import RunIdentity
from argosy_metal.provider.provider import BareMetal


def package_schema_text() -> str:
    """The schema as JSON text. Opens nothing and configures nothing."""
    return BareMetal(RunIdentity("schema")).schema()
