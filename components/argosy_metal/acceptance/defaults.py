"""The default tests, from `tests.yaml`, for one type of server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from argosy_metal.acceptance.judge import RULES, TEST_NAME, Threshold

if TYPE_CHECKING:
    from argosy.catalog import NodeType

_Name = Annotated[str, StringConstraints(pattern=f"^{TEST_NAME}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Model):
    """Where a test or its threshold comes from."""

    says: str
    url: str
    as_of: dt.date
    confidence: Literal["verified", "secondary", "estimate"]


class DefaultTest(_Model):
    """One test: what its figure is, and what it must be."""

    says: str
    source: str
    least: float | None = None
    most: float | None = None
    equal: float | Literal["accelerators"] | None = None
    needs: Literal["nvlink", "fabric"] | None = None
    """Only for servers that have it."""

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if sum(getattr(self, rule) is not None for rule in RULES) != 1:
            raise ValueError("give one of least, most and equal")
        return self

    def threshold(self, accelerators: int) -> Threshold:
        """For a server with so many accelerators."""
        (rule,) = (rule for rule in RULES if getattr(self, rule) is not None)
        value = getattr(self, rule)
        return Threshold(rule, accelerators if value == "accelerators" else value)


class DefaultTests(_Model):
    """The file."""

    facts: Mapping[str, Fact]
    tests: Annotated[Mapping[_Name, DefaultTest], Field(min_length=1)]

    @model_validator(mode="after")
    def _every_source_is_there(self) -> Self:
        if missing := sorted({test.source for test in self.tests.values()} - set(self.facts)):
            raise ValueError(f"no fact called {', '.join(missing)}")
        return self


@cache
def load_default_tests() -> DefaultTests:
    """All of them, by name."""
    from ruamel.yaml import YAML

    text = files("argosy_metal.acceptance").joinpath("tests.yaml").read_text(encoding="utf-8")
    content: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
    return DefaultTests.model_validate(content)


def default_thresholds(node_type: NodeType) -> dict[str, Threshold]:
    """The tests that servers of a type can report."""
    has = {"nvlink": (node_type.nvlink_domain or 1) > 1, "fabric": node_type.fabric in ("infiniband", "roce")}
    return {
        name: test.threshold(node_type.accelerators)
        for name, test in load_default_tests().tests.items()
        if test.needs is None or has[test.needs]
    }
