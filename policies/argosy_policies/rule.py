"""What a rule is: metadata that pages and messages are made from, and a pure check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import Severity
from pydantic import BaseModel, ConfigDict

from argosy_policies.values import Resource


class Parameters(BaseModel):
    """What the pack's configuration may change of a rule; a rule without parameters has this one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


@dataclass(frozen=True)
class Violation:
    """The rule is broken. `found` says how, in the rule's own words, with no value that may be secret."""

    found: str
    resource: Resource | None = None
    """The resource to blame; None if it is the stack as a whole."""


@dataclass(frozen=True)
class Undecided:
    """The rule can be judged only when the update knows the property at `path`."""

    path: str
    resource: Resource


Outcome = Violation | Undecided


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is demanded, why, and how to meet it."""

    id: str
    title: str
    """What must hold, as a sentence without its full stop."""
    reason: str
    source: str
    """Where the demand comes from: a benchmark's id, a vendor's guide, or `Argosy` for one of its own."""
    severity: Severity
    remedy: str
    resource_types: tuple[str, ...]
    parameters: type[Parameters] = Parameters


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """Judges each resource by its inputs, before it is made."""

    check: Callable[[Resource, Any], Iterable[Outcome]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """Judges all resources of its types at once, by their outputs."""

    check: Callable[[Sequence[Resource], Any], Iterable[Outcome]] = field(repr=False)


def message(rule: Rule, outcome: Violation) -> str:
    """What the engine prints for a broken rule: id, title, resource, what was found, remedy."""
    return _lines(rule, outcome.resource, outcome.found)


def undecided_message(rule: Rule, outcome: Undecided) -> str:
    """What the engine prints for a rule that only the update can judge."""
    return _lines(rule, outcome.resource, f"{outcome.path} is not known yet; deferred to update")


def _lines(rule: Rule, resource: Resource | None, found: str) -> str:
    place = f"{resource.name} ({resource.type})" if resource else "the stack as a whole"
    return "\n".join(
        [
            f"{rule.id} {rule.title}",
            f"  resource: {place}",
            f"  found: {found}",
            f"  remedy: {rule.remedy}",
        ]
    )
