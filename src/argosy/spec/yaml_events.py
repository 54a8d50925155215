"""The YAML parser, at arm's length: plain event records in, one clear fault out when the syntax is bad."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from argosy.errors import Fault
from argosy.spec.words import shortened

_KINDS = {
    "DocumentStartEvent": "document",
    "MappingStartEvent": "mapping",
    "SequenceStartEvent": "list",
    "ScalarEvent": "scalar",
    "AliasEvent": "alias",
    "MappingEndEvent": "end",
    "SequenceEndEvent": "end",
}
_QUOTED = re.compile(r"'([^']*)'")
_NOT_CLOSED = "unexpected end of stream"
# The exact parser's words, since it has the last one.
_IN_OTHER_WORDS = (
    ("mapping values are not allowed", "a second colon in one value", "quote the value"),
    ("character that cannot start any token", "a character that cannot begin a value", "quote the value"),
    ("expected ',' or ']'", "a list that is not closed", "close it with `]`"),
    ("expected ',' or '}'", "a mapping that is not closed", "close it with `}`"),
    (_NOT_CLOSED, "a quotation mark that is not closed", "close it"),
    ("could not find expected ':'", "a line that is neither `key: value` nor `- item`", "add the colon"),
    (
        "expected <block end>, but found",
        "a line whose indentation fits no line above it",
        "indent it like its neighbours",
    ),
    (
        "block sequence entries are not allowed",
        "a list item in a place for a value",
        "put it on a line of its own",
    ),
    ("undefined tag handle", "a YAML tag (`!…`)", "remove the tag, or quote the text"),
)


@dataclass(frozen=True)
class Event:
    """One event of the parser. Line and column count from 1."""

    kind: str
    line: int
    column: int
    text: str = ""
    plain: bool = False
    tag: str | None = None
    anchor: str | None = None


def parse_events(text: str, *, fast: bool) -> Iterator[Event]:
    """The events of a YAML text, in order. Raises YamlSyntaxError on bad syntax.

    `fast` takes the parser in C, 20 times as fast (9 ms for an inventory of 1,000 servers). It knows the
    syntax of YAML 1.1, and so refuses some texts of 1.2, such as `{password: env:NAME}`.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        for raw in cast("Any", YAML(typ="safe", pure=not fast)).parse(text):
            kind = _KINDS.get(type(raw).__name__)
            if kind is not None:
                yield _event(kind, raw)
    except YAMLError as error:
        raise YamlSyntaxError(error) from None


def _event(kind: str, raw: Any) -> Event:
    line, column = raw.start_mark.line + 1, raw.start_mark.column + 1
    if kind in ("document", "end"):
        return Event(kind, line, column)
    if kind == "alias":
        return Event(kind, line, column, anchor=raw.anchor)
    if kind == "scalar":
        # implicit[0]: the scalar is plain and carries no tag.
        return Event(kind, line, column, raw.value, raw.implicit[0], raw.tag, raw.anchor)
    return Event(kind, line, column, tag=raw.tag, anchor=raw.anchor)


class YamlSyntaxError(ValueError):
    """The text is not YAML. Holds the place, and the parser's own words, which quote no value."""

    def __init__(self, error: Any) -> None:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "bad syntax"
        # Quoted words may be the file's own, and so a secret; only the parser's marks are kept.
        self.problem = _QUOTED.sub(_without_values, str(problem))
        # A quotation that never ends is found at the end of the file, but mended where it begins.
        names = ("context_mark",) if _NOT_CLOSED in self.problem else ("problem_mark", "context_mark")
        mark = next((found for name in names if (found := getattr(error, name, None))), None)
        self.line: int = mark.line + 1 if mark else 0
        self.column: int = mark.column + 1 if mark else 0
        self.position: int | None = getattr(error, "position", None)
        super().__init__(self.problem)


def _without_values(quoted: re.Match[str]) -> str:
    return quoted[0] if len(quoted[1]) <= 2 or quoted[1].startswith("<") else "…"


def syntax_fault(error: YamlSyntaxError, text: str, file: str) -> Fault:
    """The fault for text that the parser cannot read."""
    line, column = error.line, error.column
    if not line and error.position is not None:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        given, fix = "a control character", "delete it"
    else:
        given, fix = _in_our_words(error, text)
    return Fault(file, line, column, "", given, "YAML", fix)


def _in_our_words(error: YamlSyntaxError, text: str) -> tuple[str, str]:
    lines = text.splitlines()
    written = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "a tab in the indentation", "indent with spaces"
    for number, line in enumerate(lines[: error.line], start=1):
        if line.startswith("<<<<<<< "):
            return f"a merge conflict (its mark is on line {number})", "settle it, and delete its marks"
    for problem, given, fix in _IN_OTHER_WORDS:
        if problem in error.problem:
            return given, fix
    return f"text that is not YAML ({shortened(error.problem)})", "mend the line, or quote the value"
