"""Reads one YAML file into plain values, with the place of each.

Built on the parser's events, not on its constructor: nothing in a file can name a Python type, and what a
plain scalar means is decided in `scalars`. Duplicate keys, tags, merge keys, several documents and keys that
are not plain text are faults; small anchors and aliases are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from argosy.errors import Fault, FleetError
from argosy.spec.composer import Composer, Node
from argosy.spec.places import Path, Place, Places
from argosy.spec.scalars import Scalar, Trap, read_plain
from argosy.spec.secrets import KEEP_OUT, holds_known_secret
from argosy.spec.yaml_events import YamlSyntaxError, parse_events, syntax_fault

_COMMENT = re.compile(r"(?:^|\s)#(.*)")


@dataclass(frozen=True)
class Document:
    """A file as plain values (mappings, lists, text, numbers, booleans), and where each of them stands."""

    value: Any
    places: Places
    traps: dict[Path, Trap] = field(default_factory=dict[Path, Trap])
    """Plain scalars that readers disagree about, by path."""
    faults: tuple[Fault, ...] = ()

    def below(self, path: Path) -> Document:
        """The part of the document at `path`. Faults name the whole path; those found so far stay."""
        value, depth = self.value, len(path)
        for step in path:
            value = value[step]
        traps = {at[depth:]: trap for at, trap in self.traps.items() if at[:depth] == path}
        return Document(value, self.places.below(path), traps)

    def holds_mapping(self, path: Path) -> bool:
        """Whether a mapping stands at `path`, at which something stands."""
        return isinstance(self.below(path).value, dict)

    def trusting(self, paths: Iterable[Path]) -> Document:
        """The same document without the traps at and below these paths."""
        trusted = set(paths)
        traps = {
            at: trap
            for at, trap in self.traps.items()
            if trusted.isdisjoint(at[:length] for length in range(len(at) + 1))
        }
        return replace(self, traps=traps)


def read_document(text: str, file: str) -> Document:
    """Read YAML text. `file` is the name that faults show.

    Raises FleetError when the text cannot be read to its end (bad syntax, a bound met, no document);
    everything else that is refused stands in `faults`.
    """
    root, refused = _compose(text, file)
    if root is None:
        expected, fix = "a fleet file or an inventory", "begin with `version: 1`"
        raise FleetError([Fault(file, 1, 1, "", "an empty file", expected, fix)])
    flattener = _Flattener()
    value = flattener.value(root, (), root)
    faults = (*refused, *_secrets_in_comments(text, file))
    return Document(value, Places(file, flattener.places), flattener.traps, faults)


def _compose(text: str, file: str) -> tuple[Node | None, list[Fault]]:
    composer = Composer(file)
    try:
        return composer.compose(parse_events(text, fast=True)), composer.faults
    except YamlSyntaxError:
        # Only the exact parser knows whether this is YAML 1.2.
        composer = Composer(file)
    try:
        return composer.compose(parse_events(text, fast=False)), composer.faults
    except YamlSyntaxError as error:
        raise FleetError([*composer.faults, syntax_fault(error, text, file)]) from None


class _Flattener:
    """Turns nodes into plain values, recording places and traps by path."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.traps: dict[Path, Trap] = {}

    def value(self, node: Node, path: Path, key: Node) -> Any:
        text = node.text if node.kind == "scalar" and node.plain else None
        self.places[path] = Place(node.line, node.column, key.line, key.column, text)
        if node.kind == "mapping":
            return {name.text: self.value(child, (*path, name.text), name) for name, child in node.pairs}
        if node.kind == "list":
            return [self.value(child, (*path, index), child) for index, child in enumerate(node.items)]
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: Path) -> Scalar:
        if not node.plain:
            return node.text
        value, trap = read_plain(node.text)
        if trap is not None:
            self.traps[path] = trap
        return value


def _secrets_in_comments(text: str, file: str) -> Iterator[Fault]:
    for number, line in enumerate(text.splitlines(), start=1):
        comment = _COMMENT.search(line)
        kind = holds_known_secret(comment[1]) if comment else None
        if comment and kind:
            given = f"what looks like {kind} in a comment (not shown)"
            yield Fault(file, number, comment.start(1) + 1, "", given, "no secret in the file", KEEP_OUT)
