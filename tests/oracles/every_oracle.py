"""All that is asked of a graph, by name: what the vendor would refuse, now or when a node launches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from argosy_component.mock_engine import ResourceGraph

from .api_calls import input_violations
from .iam_documents import document_violations
from .pool_invariants import POOL_INVARIANTS
from .scheduled_calls import scheduled_call_violations
from .site_invariants import SITE_INVARIANTS
from .violations import Violation

ORACLES: Mapping[str, Callable[[ResourceGraph], Iterable[Violation]]] = {
    "inputs": input_violations,
    "policy_documents": document_violations,
    "scheduled_calls": scheduled_call_violations,
    **POOL_INVARIANTS,
    **SITE_INVARIANTS,
}
