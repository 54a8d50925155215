"""The chain from requests to nodes as lines for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from argosy.catalog.facts import plain_value
from argosy.sizing.service import SECONDS_PER_MONTH
from argosy.sizing.terms import MICRO
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.sizing.service import Sizing
    from argosy.sizing.terms import Term

NodeSizes = Mapping[str, tuple[int, ...]]
"""Accelerator to how many of it the fleet's nodes have."""


def chain_lines(name: str, sizing: Sizing, sizes: NodeSizes) -> Iterator[str]:
    """The service's chain, a line per term."""
    yield f"{name}: peak {_per_second(sizing.peak)} requests/s"
    for term in sizing.terms:
        if term.accelerator is None:
            yield f"  {_term(term)}"
    yield f"  / {SECONDS_PER_MONTH:,} s in a month of 30.4375 days"
    yield (
        f"  = {_per_second(sizing.peak)} requests/s, {sizing.output_tokens_per_second:,} output tokens/s, "
        f"{sizing.concurrency:,} requests in flight"
    )
    for accelerator in sizing.per_accelerator:
        yield from _accelerator_lines(accelerator, sizing, sizes)


def chain_as_json(sizing: Sizing, sizes: NodeSizes) -> dict[str, object]:
    """The same as plain JSON: rates in whole micro-requests per second, factors as text."""
    return {
        "peak_micro_requests_per_second": sizing.peak,
        "output_tokens_per_second": sizing.output_tokens_per_second,
        "concurrency": sizing.concurrency,
        "terms": [_term_as_json(term) for term in sizing.terms if term.accelerator is None],
        "accelerators": {
            name: {
                "micro_requests_per_second": sizing.per_accelerator[name],
                "accelerators_per_replica": sizing.replica[name],
                "input_tokens": sizing.rates[name].input_tokens,
                "output_tokens": sizing.rates[name].output_tokens,
                "precision": sizing.rates[name].precision,
                "accelerators": sizing.accelerators(name),
                "nodes": {str(size): sizing.nodes(name, size) for size in sizes.get(name, ())},
                "terms": [_term_as_json(term) for term in sizing.terms if term.accelerator == name],
            }
            for name in sizing.per_accelerator
        },
    }


def _accelerator_lines(accelerator: str, sizing: Sizing, sizes: NodeSizes) -> Iterator[str]:
    yield f"  {accelerator}:"
    for term in sizing.terms:
        if term.accelerator == accelerator:
            yield f"    {_term(term)}"
    rate, replica = sizing.rates[accelerator], sizing.replica[accelerator]
    each = _per_second(sizing.per_accelerator[accelerator])
    yield f"    / {rate.output_tokens:,} output tokens of a request = {each} requests/s per accelerator"
    of = f" in replicas of {replica}" if replica > 1 else ""
    alone = ", ".join(_nodes(sizing.nodes(accelerator, size), size) for size in sizes.get(accelerator, ()))
    needed = f"{counted(sizing.accelerators(accelerator), 'accelerator')}{of}"
    yield f"    if it serves alone: {needed}; {alone or 'no pool for inference has it'}"


def _nodes(nodes: int | None, size: int) -> str:
    return f"a node of {size} is too small" if nodes is None else f"{counted(nodes, 'node')} of {size}"


def _term(term: Term) -> str:
    unit = f" {term.unit}" if term.unit else ""
    origin = "default" if term.is_default else "given"
    return f"{term.name}: {term.value:,}{unit} ({origin}: {term.source})"


def _term_as_json(term: Term) -> dict[str, object]:
    return {
        "name": term.name,
        "value": plain_value(term.value),
        "unit": term.unit,
        "origin": "default" if term.is_default else "given",
        "source": term.source,
    }


def _per_second(micro: int) -> str:
    """Micro-requests per second as requests per second, cut after the third place."""
    return f"{micro // MICRO:,}.{micro % MICRO // 1000:03}"
