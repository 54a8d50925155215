"""Checks of inputs: every failure at once, unknown values pass until they are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from argosy.spec.secrets import REFERENCE_FORMS, REFERENCE_PATTERN
from argosy_metal.provider.values import Unknown

Failure = tuple[str, str]
Rule = Callable[[Any], str | None]
"""Takes a value, gives the reason why it will not do."""


def text(pattern: str, meaning: str) -> Rule:
    """A string that matches `pattern` as a whole."""

    def rule(value: Any) -> str | None:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return None
        return f"given {value!r}; expected {meaning}"

    return rule


def unshown_text(pattern: str, meaning: str) -> Rule:
    """As `text`, for what may hold a secret by mistake: it is never repeated in the reason."""
    accept = text(pattern, meaning)

    def rule(value: Any) -> str | None:
        if accept(value) is None:
            return None
        return f"given something else (not shown, since it may hold a secret); expected {meaning}"

    return rule


SECRET_REFERENCE = unshown_text(REFERENCE_PATTERN, f"{REFERENCE_FORMS}, never the secret")
"""Where a secret is found."""


def texts(meaning: str) -> Rule:
    """A list of strings, at least one."""

    def rule(value: Any) -> str | None:
        items = cast("list[object]", value) if isinstance(value, list) else []
        if items and all(isinstance(item, (str, Unknown)) for item in items):
            return None
        return f"given {value!r}; expected {meaning}"

    return rule


def flag(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else f"given {value!r}; expected true or false"


def watts(value: Any) -> str | None:
    """A whole number of watts, more than none."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return None
    return f"given {value!r}; expected watts, a whole number of 1 or more"


def check_inputs(
    inputs: Mapping[str, Any], required: Mapping[str, Rule], optional: Mapping[str, Rule], prefix: str = ""
) -> list[Failure]:
    """Every property that is missing, not known to the resource, or not acceptable, by name."""
    rules = {**required, **optional}
    failures = [(f"{prefix}{name}", "it is required") for name in required if name not in inputs]
    failures += [(f"{prefix}{name}", "there is no such property") for name in inputs if name not in rules]
    for name, rule in rules.items():
        value = inputs.get(name)
        if name not in inputs or isinstance(value, Unknown):
            continue
        if (reason := rule(value)) is not None:
            failures.append((f"{prefix}{name}", reason))
    return sorted(failures)
