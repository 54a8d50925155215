"""Reads one YAML file into plain values, with the place of each, under bounds that no honest file meets.

Built on the parser's events, not on its constructor: nothing in a file can name a Python type, and what a
plain scalar means is decided in `scalars`. Duplicate keys, tags, merge keys, several documents and keys that
are not plain text are faults; small anchors and aliases are allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from argosy.errors import Fault, FleetError
from argosy.spec.places import Path, Place, Places
from argosy.spec.scalars import Scalar, Trap, find_trap, read_plain
from argosy.spec.secrets import KEEP_OUT, holds_known_secret
from argosy.spec.yaml_events import Event, YamlSyntaxError, parse_events, syntax_fault

_COMMENT = re.compile(r"(?:^|\s)#(.*)")

MAX_DEPTH = 50
MAX_ALIASED_NODES = 1_000


@dataclass(frozen=True)
class Document:
    """A file as plain values (mappings, lists, text, numbers, booleans), and where each of them stands."""

    value: Any
    places: Places
    traps: dict[Path, Trap] = field(default_factory=dict[Path, Trap])
    """Plain scalars that readers disagree about, by path."""
    faults: tuple[Fault, ...] = ()


@dataclass
class _Node:
    kind: str
    line: int
    column: int
    text: str = ""
    plain: bool = False
    pairs: list[tuple[_Node, _Node]] = field(default_factory=list["tuple[_Node, _Node]"])
    items: list[_Node] = field(default_factory=list["_Node"])
    size: int = 1


class _Composer:
    """Builds nodes from events, and collects what it refuses on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._anchors: dict[str, _Node] = {}
        self._aliased = 0

    def fault(self, event: Event | _Node, given: str, expected: str, fix: str) -> None:
        self.faults.append(Fault(self.file, event.line, event.column, "", given, expected, fix))

    def stop(self, event: Event, given: str, expected: str, fix: str) -> FleetError:
        self.fault(event, given, expected, fix)
        return FleetError(self.faults)

    def compose(self, text: str) -> _Node | None:
        """The first document's node; None when there is no document."""
        events = parse_events(text)
        root: _Node | None = None
        for event in events:
            if event.kind != "document":
                continue
            if root is not None:
                raise self.stop(
                    event, "a second document (`---`)", "one document", "move it to a file of its own"
                )
            root = self._node(next(events), events, 1)
        return root

    def _node(self, event: Event, events: Any, depth: int) -> _Node:
        if depth > MAX_DEPTH:
            raise self.stop(
                event, f"more than {MAX_DEPTH} levels inside each other", "a flat file", "remove the nesting"
            )
        if event.kind == "alias":
            return self._aliased_node(event)
        if event.tag is not None:
            # The tag's text is not shown: an unquoted password may begin with an exclamation mark.
            self.fault(event, "a YAML tag (`!…`)", "a plain value", "remove the tag, or quote the text")
        node = _Node(event.kind, event.line, event.column, event.text, event.plain)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        if event.kind == "list":
            while (item := next(events)).kind != "end":
                node.items.append(self._node(item, events, depth + 1))
        elif event.kind == "mapping":
            self._pairs(node, events, depth)
        children = [*node.items, *(part for pair in node.pairs for part in pair)]
        node.size = 1 + sum(child.size for child in children)
        # Known only once whole, so that a node which contains itself is an unknown alias.
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _pairs(self, node: _Node, events: Any, depth: int) -> None:
        seen: dict[str, _Node] = {}
        while (event := next(events)).kind != "end":
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not self._accept_key(key):
                continue
            first = seen.setdefault(key.text, key)
            if first is not key:
                self.fault(
                    key,
                    f"the key {key.text!r} a second time (first on line {first.line})",
                    "each key once",
                    "remove or rename one of the two",
                )
                continue
            node.pairs.append((key, value))

    def _accept_key(self, key: _Node) -> bool:
        trap = find_trap(key.text) if key.plain else None
        if key.kind != "scalar" or not key.text:
            self.fault(
                key, "a key that is not plain text", "a name followed by a colon", "write a plain name"
            )
        elif key.plain and key.text == "<<":
            self.fault(
                key, "a merge key (`<<`)", "keys written out", "copy the keys here; YAML 1.2 knows no merge"
            )
        elif trap is not None and "boolean" in trap.reading:
            self.fault(
                key,
                f"the bare word {key.text} as a key, which other readers take for a boolean",
                "a name that every reader takes for text",
                f'quote it: "{key.text}"',
            )
        else:
            return True
        return False

    def _aliased_node(self, event: Event) -> _Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            # The alias's name is not shown: an unquoted password may begin with an asterisk.
            raise self.stop(
                event, "an alias (`*…`) that no anchor before it defines", "text", "quote it, or define it"
            )
        self._aliased += node.size
        if self._aliased > MAX_ALIASED_NODES:
            raise self.stop(
                event,
                f"aliases that repeat more than {MAX_ALIASED_NODES:,} values",
                "a few small anchors",
                "write the values out",
            )
        return node


class _Flattener:
    """Turns nodes into plain values, recording places and traps by path."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.traps: dict[Path, Trap] = {}

    def value(self, node: _Node, path: Path, key: _Node) -> Any:
        text = node.text if node.kind == "scalar" and node.plain else None
        self.places[path] = Place(node.line, node.column, key.line, key.column, text)
        if node.kind == "mapping":
            return {name.text: self.value(child, (*path, name.text), name) for name, child in node.pairs}
        if node.kind == "list":
            return [self.value(child, (*path, index), child) for index, child in enumerate(node.items)]
        return self._scalar(node, path)

    def _scalar(self, node: _Node, path: Path) -> Scalar:
        if not node.plain:
            return node.text
        value, trap = read_plain(node.text)
        if trap is not None:
            self.traps[path] = trap
        return value


def read_document(text: str, file: str) -> Document:
    """Read YAML text. `file` is the name that faults show.

    Raises FleetError when the text cannot be read to its end (bad syntax, a bound exceeded, no document);
    everything else that is refused stands in `faults`.
    """
    composer = _Composer(file)
    try:
        root = composer.compose(text)
    except YamlSyntaxError as error:
        raise FleetError([*composer.faults, syntax_fault(error, text, file)]) from None
    if root is None:
        nothing = Fault(
            file, 1, 1, "", "an empty file", "a fleet file or inventory", "begin with `version: 1`"
        )
        raise FleetError([nothing])
    flattener = _Flattener()
    value = flattener.value(root, (), root)
    faults = (*composer.faults, *_secrets_in_comments(text, file))
    return Document(value, Places(file, flattener.places), flattener.traps, faults)


def _secrets_in_comments(text: str, file: str) -> Iterator[Fault]:
    for number, line in enumerate(text.splitlines(), start=1):
        comment = _COMMENT.search(line)
        kind = holds_known_secret(comment[1]) if comment else None
        if comment and kind:
            given = f"{kind} in a comment (not shown)"
            yield Fault(file, number, comment.start(1) + 1, "", given, "no secret in the file", KEEP_OUT)
