"""The shape of a catalogue file, and how one is read.

A file names its sources once and says per table which value comes from which:

    sources:
      ec2: {source: EC2 DescribeInstanceTypes, url: https://…, as_of: 2026-07-20, confidence: verified}
    instance_types:
      provider: aws
      default_source: ec2
      value_sources: {price_usd_per_hour: prices}
      rows:
        p5.48xlarge: {accelerator: H100, …, sources: {node_power_kw: datasheet}}

A row's own `sources` go before the table's `value_sources`, and these before its `default_source`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from argosy.catalog.models import CatalogModel, Provenance
from argosy.errors import Fault


class Row(CatalogModel):
    """The values of one entry, as written; what they may be is decided by the entry's own type."""

    model_config = ConfigDict(extra="allow")

    sources: dict[str, str] = Field(default={})
    """Value to source, where this row differs from its table."""

    def written_values(self) -> dict[str, object]:
        """Every value of the row that is not left empty."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None}


class Table(CatalogModel):
    """Entries of one kind, by name."""

    default_source: str
    value_sources: dict[str, str] = Field(default={})
    """Value to source, for all rows."""
    provider: str | None = None
    """Who offers the entries; accelerators have none."""
    rows: Annotated[dict[str, Row], Field(min_length=1)]

    def source_of(self, row: Row, value: str) -> str:
        """The key of the source that gives this value of the row."""
        return row.sources.get(value) or self.value_sources.get(value, self.default_source)


class CatalogFile(CatalogModel):
    """One file of the catalogue."""

    sources: dict[str, Provenance]
    accelerators: Table | None = None
    instance_types: Table | None = None
    server_types: Table | None = None
    egress: Table | None = None


def read_file(path: Path) -> CatalogFile | list[Fault]:
    """The file's content, or everything that is wrong with its shape."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        content: object = YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType]
    except MarkedYAMLError as error:
        return [_syntax_fault(error, path.name)]
    try:
        return CatalogFile.model_validate(content)
    except ValidationError as error:
        return faults_of(error, path.name)


def _syntax_fault(error: Exception, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    line, column = getattr(mark, "line", -1) + 1, getattr(mark, "column", -1) + 1
    problem = str(getattr(error, "problem", error)).splitlines()[0]
    return Fault(file, line, column, "", problem, "valid YAML", "mend the file")


def faults_of(error: ValidationError, file: str, *path: str) -> list[Fault]:
    """Pydantic's findings as faults, each with the dotted path of the value it is about."""
    return [
        Fault(
            file=file,
            line=0,
            column=0,
            path=".".join([*path, *(str(part) for part in detail["loc"])]),
            given=_shown(detail["input"]),
            expected=detail["msg"].removeprefix("Value error, "),
            fix="mend the value, or leave it out when no source gives it",
        )
        for detail in error.errors(include_url=False)
    ]


def _shown(value: object) -> str:
    """The value in few words; a whole row is named by its keys."""
    if isinstance(value, Mapping):
        keys = (str(key) for key in value if key != "provenance")  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return f"an entry with {', '.join(keys)}"
    return repr(value)
