"""Graphs that are declared once for all tests that only look at them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from argosy_component.mock_engine import ResourceGraph


def once(declare: Callable[..., ResourceGraph]) -> Callable[..., ResourceGraph]:
    """`declare`, which runs once for equal arguments: whoever asks again gets the same graph.

    Nobody may change it. A test of two runs must not use this, or it compares a graph with itself.
    """
    known: list[tuple[tuple[Any, ...], dict[str, Any], ResourceGraph]] = []

    @wraps(declare)
    def graph_of(*args: Any, **kwargs: Any) -> ResourceGraph:
        # Plans and settings cannot be hashed, but compare by value.
        for known_args, known_kwargs, graph in known:
            if (known_args, known_kwargs) == (args, kwargs):
                return graph
        graph = declare(*args, **kwargs)
        known.append((args, kwargs, graph))
        return graph

    return graph_of
