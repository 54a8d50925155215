"""How the inputs of a declared resource become parameters of the vendor's API: the tables in `api/`.

A table has one row for each resource type. A field without a rule goes by its own name (`vpcId` to `VpcId`)
to where its parent went; every other one says where it goes. Nothing is guessed.

| key of a rule | |
|---|---|
| `to` | member below the parent's place; with a leading `/`, from the top of the call; `A.B` is a path |
| `call` | another call than the row's first, from whose top `to` counts |
| `beside` | in place of `to`: where it goes, by which other top-level field stands beside it |
| `form` | what is done to the value on its way; see `api_values` |
| `values` | legal values where the service model lists none |
| `provider` | why no call takes the field: the vendor's provider acts on it itself |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from .tables import HERE, read_table


@dataclass(frozen=True)
class Rule:
    """Where one field goes."""

    to: str | None = None
    call: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict[str, str])
    form: str | None = None
    values: tuple[str, ...] = ()
    provider: str | None = None


@dataclass(frozen=True)
class Row:
    """What is known of one resource type."""

    type: str
    call: str | None
    """The call that creates it, e.g. `ec2.CreateVpc`; None where the provider makes none."""
    under: str | None = None
    """The member of the call's input below which fields stand unless a rule says otherwise."""
    supplied: frozenset[str] = frozenset()
    """Members that the API requires and the provider fills: names it makes up, ids of the resource itself."""
    rules: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    """By the field's dotted path, without list indices."""


@cache
def load_rows() -> Mapping[str, Row]:
    """The rows of all tables, by resource type. Raises ValueError for a type that two tables have."""
    rows: dict[str, Row] = {}
    for path in sorted((HERE / "api").glob("*.yaml")):
        for type_, content in read_table(path).items():
            if type_ in rows:
                raise ValueError(f"{path.name}: {type_} has a row already")
            rows[type_] = _row(type_, content)
    return rows


def _row(type_: str, content: Mapping[str, Any]) -> Row:
    unknown = set(content) - {"call", "under", "supplied", "fields"}
    if unknown:
        raise ValueError(f"{type_}: a row has no {', '.join(sorted(unknown))}")
    return Row(
        type=type_,
        call=content["call"],
        under=content.get("under"),
        supplied=frozenset(content.get("supplied", ())),
        rules=_rules(content.get("fields", {})),
    )


def _rules(fields: Mapping[str, str | Mapping[str, Any]]) -> dict[str, Rule]:
    return {name: _rule(rule) for name, rule in fields.items()}


def _rule(content: str | Mapping[str, Any]) -> Rule:
    if isinstance(content, str):
        return Rule(to=content)
    changes: dict[str, Any] = {"values": tuple(str(value) for value in content.get("values", ()))}
    return replace(Rule(**{key: value for key, value in content.items() if key != "values"}), **changes)
