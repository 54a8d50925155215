"""Builds one document's nodes from the parser's events, under bounds that no honest file meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from argosy.errors import Fault, FleetError
from argosy.spec.places import Path, dotted
from argosy.spec.scalars import find_trap
from argosy.spec.secrets import KEEP_OUT, hides_inside, looks_secret
from argosy.spec.words import shown_key
from argosy.spec.yaml_events import Event

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")

MAX_DEPTH = 50
MAX_NODES = 50_000
MAX_ALIASED_NODES = 1_000

_NAMELESS = ""
"""Stands in a path for a key that has no name, which is refused: no key that is read on is empty."""


@dataclass
class Node:
    """A mapping, a list or a scalar. Line and column count from 1."""

    kind: str
    line: int
    column: int
    text: str = ""
    plain: bool = False
    """A scalar without quotes."""
    pairs: list[tuple[Node, Node]] = field(default_factory=list["tuple[Node, Node]"])
    items: list[Node] = field(default_factory=list["Node"])
    size: int = 1
    """Nodes in it, itself included, aliases written out."""
    height: int = 1
    """Levels in it, itself included."""


class Composer:
    """Builds nodes, and collects in `faults` what it refuses on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._anchors: dict[str, Node] = {}
        self._aliased = 0
        self._nodes = 0

    def compose(self, events: Iterator[Event]) -> Node | None:
        """The document's node; None when there is no document. Raises FleetError where a bound is met."""
        root: Node | None = None
        for event in events:
            if event.kind != "document":
                continue
            if root is not None:
                given = "a second document (`---`)"
                raise self._stop(event, (), given, "one document", "move it to a file of its own")
            root = self._node(next(events), events, ())
        return root

    def _fault(self, at: Event | Node, path: Path, given: str, expected: str, fix: str) -> None:
        # What lies below a key without a name is shown at the nearest thing that has one.
        named = path[: path.index(_NAMELESS)] if _NAMELESS in path else path
        self.faults.append(Fault(self.file, at.line, at.column, dotted(named), given, expected, fix))

    def _stop(self, at: Event, path: Path, given: str, expected: str, fix: str) -> FleetError:
        self._fault(at, path, given, expected, fix)
        return FleetError(self.faults)

    def _node(self, event: Event, events: Iterator[Event], path: Path) -> Node:
        if event.kind == "alias":
            return self._aliased_node(event, path)
        self._refuse_depth(event, path, 1)
        self._refuse_number(event, path)
        if event.tag is not None:
            # The tag's text is not shown: an unquoted password may begin with an exclamation mark.
            self._fault(event, path, "a YAML tag (`!…`)", "a plain value", "remove it, or quote the text")
        node = Node(event.kind, event.line, event.column, event.text, event.plain)
        if _HALF_CHARACTER.search(event.text):
            node.text = _HALF_CHARACTER.sub("", event.text)
            given, fix = "a `\\u` escape that is half a character", "write the character itself"
            self._fault(event, path, given, "text", fix)
        if event.kind == "list":
            while (item := next(events)).kind != "end":
                node.items.append(self._node(item, events, (*path, len(node.items))))
        elif event.kind == "mapping":
            self._add_pairs(node, events, path)
        children = [*node.items, *(part for pair in node.pairs for part in pair)]
        node.size += sum(child.size for child in children)
        node.height += max((child.height for child in children), default=0)
        # Known only once whole, so that an alias inside its own anchor is an unknown one.
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _refuse_depth(self, event: Event, path: Path, height: int) -> None:
        if len(path) + height > MAX_DEPTH:
            given = f"more than {MAX_DEPTH} levels inside each other"
            raise self._stop(event, path[:3], given, "a file of a few levels", "remove the nesting")

    def _refuse_number(self, event: Event, path: Path) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            given, expected = f"more than {MAX_NODES:,} keys and values", "fewer in one file"
            raise self._stop(event, path[:3], given, expected, "split the fleet, or the hall")

    def _aliased_node(self, event: Event, path: Path) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            # The alias's name is not shown: an unquoted password may begin with an asterisk.
            given = "an alias (`*…`) that no anchor before it defines"
            raise self._stop(event, path, given, "text, or the alias of an anchor", "quote it, or define it")
        self._refuse_depth(event, path, node.height)
        self._aliased += node.size
        if self._aliased > MAX_ALIASED_NODES:
            given = f"aliases that repeat more than {MAX_ALIASED_NODES:,} values"
            raise self._stop(event, path, given, "a few small anchors", "write the values out")
        return node

    def _add_pairs(self, node: Node, events: Iterator[Event], path: Path) -> None:
        seen: dict[str, Node] = {}
        while (event := next(events)).kind != "end":
            key = self._node(event, events, (*path, _NAMELESS))
            value = self._node(next(events), events, (*path, key.text or _NAMELESS))
            if not self._accept_key(key, path):
                continue
            first = seen.setdefault(key.text, key)
            if first is key:
                node.pairs.append((key, value))
                continue
            # A key that stands where a password belongs may be one.
            around = next((step for step in reversed(path) if isinstance(step, str)), "")
            named = "a key (not shown)" if hides_inside(around) else f"the key {shown_key(key.text)}"
            given = f"{named} a second time (first on line {first.line})"
            self._fault(key, (*path, key.text), given, "each key once", "remove or rename one of the two")

    def _accept_key(self, key: Node, path: Path) -> bool:
        """Whether the key can be read on, with a fault or without."""
        trap = find_trap(key.text) if key.plain else None
        readable = True
        if key.kind == "scalar" and not key.text:
            given = "a colon with no key before it" if key.plain else "an empty key"
            expected = "`key: value`"
            fix, readable = "write a key, or quote the text", False
        elif key.kind != "scalar":
            given, expected, fix = "a key that is not plain text", "a name and a colon", "write a plain name"
            readable = False
        elif key.plain and key.text == "<<":
            given, expected = "a merge key (`<<`), which YAML 1.2 does not know", "keys written out"
            fix, readable = "copy the keys here", False
        elif secret := looks_secret(key.text):
            given, expected = f"a key that looks like {secret} (not shown)", "no secret in the file"
            fix = KEEP_OUT
        elif trap is not None and trap.is_word:
            given = f"the bare word {key.text} as a key, which some readers take for a boolean"
            expected, fix = "a name that every reader takes for text", f'quote it: "{key.text}"'
        else:
            return True
        self._fault(key, path, given, expected, fix)
        return readable
