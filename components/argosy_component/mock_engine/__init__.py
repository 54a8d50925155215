"""A Pulumi engine made of Python: declares a program, records every resource, touches nothing.

The same core serves tests (`argosy_component.testing`) and `argosy render`. It stands where the
engine's resource monitor stands, so it sees each registration as the SDK sends it, options included.
"""

from argosy_component.mock_engine.errors import (
    DuplicateUrnError,
    LeftoverTaskError,
    MockEngineError,
    UnansweredCallError,
)
from argosy_component.mock_engine.graph import (
    UNKNOWN,
    RegisteredResource,
    ResourceGraph,
    ResourceLookupError,
)
from argosy_component.mock_engine.run import run_program

__all__ = [
    "UNKNOWN",
    "DuplicateUrnError",
    "LeftoverTaskError",
    "MockEngineError",
    "RegisteredResource",
    "ResourceGraph",
    "ResourceLookupError",
    "UnansweredCallError",
    "run_program",
]
