"""Ways to write into an inventory's text one more server out of service, or what its servers are. Pure.

Each keeps all else as a person wrote it where it fits, gives None where it does not, and may be wrong on a
text that is written in an odd way: `inventory_file` reads what it gives back and trusts none of them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import CollectionNode, MappingNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from argosy.spec.plain import as_mapping
from argosy.spec.scalars import read_plain

KEY = "out_of_service"
_END_OF_DOCUMENT = re.compile(r"^\.\.\.(?=\s|\Z)", re.MULTILINE)
_WIDTH = 1 << 20
"""Wider than any line, so that none is wrapped."""

Entry = Mapping[str, str]
"""What is said of the server: its slot and the reason."""
Edit = Callable[[str, str, str], str | None]
"""From the text, a serial number and what `spellings` gives for its entry to the new text."""
Content = Mapping[str, Any]
"""An inventory, or a server of it, as a file says it."""
ContentEdit = Callable[[str, Content, Content], str | None]
"""From the text, what it says and what it is to say to the new text; no server is to be taken off."""


def spellings(text: str, serial: str, entry: Entry) -> tuple[str, ...]:
    """Ways to spell the entry in a text: as JSON only in JSON, else with quotes only if it needs them."""
    quoted = f"{json.dumps(serial)}: {json.dumps(dict(entry), ensure_ascii=False)}"
    return (quoted,) if _is_json(text) else (spelled(serial, entry), quoted)


def spelled(serial: str, entry: Entry) -> str:
    """`SIMN0003: {slot: train/slot-02, reason: fan tray}`."""
    flow: Any = CommentedMap(entry)
    flow.fa.set_flow_style()
    return _dumped({serial: flow}).rstrip("\n")


def on_a_line_of_its_own(text: str, serial: str, item: str) -> str | None:
    """For an inventory in block style, whose list is in block style too, empty, or not there yet."""
    return _on_lines(text, [item])


def _on_lines(text: str, items: Sequence[str]) -> str | None:
    root = _composed(text)
    if root.flow_style:
        return None
    found = _listed(root)
    if found is None:
        indent = " " * root.start_mark.column
        lines = f"{indent}{KEY}:", *(f"{indent}  {item}" for item in items)
        return _with_lines(text, len(text[: root.end_mark.index].rstrip()), root.end_mark.index, *lines)
    key, listed = found
    if _is_mapping(listed) and listed.value:
        first = listed.value[0][0].start_mark
        end = _end_of_line(text, key.end_mark.index)
        lines = [" " * first.column + item for item in items]
        return None if listed.flow_style else _with_lines(text, end, end, *lines)
    begin, end = listed.start_mark.index, listed.end_mark.index
    if begin == end:
        begin = end = text.index(":", key.end_mark.index) + 1
    line = text[:begin].rstrip(" ") + text[end : _end_of_line(text, end)]
    lines = [" " * (key.start_mark.column + 2) + item for item in items]
    return _newline(text).join([line, *lines]) + text[_end_of_line(text, end) :]


def between_the_braces(text: str, serial: str, item: str) -> str | None:
    """For JSON, and for an inventory or a list in flow style."""
    root = _composed(text)
    found = _listed(root)
    if found is None:
        key = f'"{KEY}"' if item.startswith('"') else KEY
        return _with_item(text, root, f"{key}: {{{item}}}") if root.flow_style else None
    listed = found[1]
    return _with_item(text, listed, item) if _is_mapping(listed) and listed.flow_style else None


def over_what_was_said(text: str, serial: str, item: str) -> str | None:
    """For a server that is on the list already, with another entry in flow style."""
    found = _listed(_composed(text))
    said: Any = _value_of(found[1], serial) if found and _is_mapping(found[1]) else None
    if not _is_mapping(said) or not said.flow_style:
        return None
    return text[: said.start_mark.index] + item.partition(": ")[2] + text[said.end_mark.index :]


def written_anew(text: str, serial: str, item: str) -> str | None:
    """For all else: comments and order stay, the layout is ruamel.yaml's."""
    yaml = _yaml()
    content: Any = yaml.load(text)
    if not content.get(KEY):
        content[KEY] = CommentedMap()
    content[KEY][serial] = yaml.load(item)[serial]
    return _dumped(content)


EDITS: tuple[Edit, ...] = (over_what_was_said, on_a_line_of_its_own, between_the_braces, written_anew)
"""In the order in which they are tried."""


def on_one_line(values: Content) -> Any:
    """The values between braces, with quotes where readers of YAML disagree about them."""
    line: Any = CommentedMap({_written(name): _written(value) for name, value in values.items()})
    line.fa.set_flow_style()
    return line


def in_json(text: str, before: Content, wanted: Content) -> str | None:
    """For JSON, which has no comments to keep."""
    if not _is_json(text):
        return None
    indent = 2 if "\n" in text.strip() else None
    return json.dumps(wanted, indent=indent, ensure_ascii=False) + "\n"


def new_ones_on_lines(text: str, before: Content, wanted: Content) -> str | None:
    """For an inventory in block style: new servers come behind the last, before comments on what follows."""
    servers, listed = wanted["servers"][len(before["servers"]) :], before.get(KEY, {})
    out = {serial: entry for serial, entry in wanted.get(KEY, {}).items() if serial not in listed}
    longer = _with_servers(text, servers) if servers else text
    if longer is not None and out:
        longer = _on_lines(
            longer,
            [_dumped({_written(serial): on_one_line(entry)}).rstrip() for serial, entry in out.items()],
        )
    said = {**before, "servers": [*before["servers"], *servers]}
    said |= {KEY: {**listed, **out}} if out else {}
    return longer if longer is None or said == wanted else content_anew(longer, said, wanted)


def _with_servers(text: str, servers: Sequence[Content]) -> str | None:
    root = _composed(text)
    known: Any = _value_of(root, "servers")
    if root.flow_style or known.flow_style:
        return None
    indent, end = " " * known.start_mark.column, _end_of_line(text, _end_of(known))
    lines = [f"{indent}- {_dumped(on_one_line(server)).rstrip()}" for server in servers]
    return _with_lines(text, end, end, *lines)


def content_anew(text: str, before: Content, wanted: Content) -> str | None:
    """For all else: comments and order stay, the layout is ruamel.yaml's."""
    end = _END_OF_DOCUMENT.search(text)
    # ruamel.yaml forgets the comments behind the document's end.
    said, rest = (text[: end.start()], text[end.start() :]) if end else (text, "")
    content: Any = _yaml().load(said)
    _bring(content, before, wanted)
    return _dumped(content).replace("\n", _newline(text)) + rest


CONTENT_EDITS: tuple[ContentEdit, ...] = (in_json, new_ones_on_lines, content_anew)
"""In the order in which they are tried."""


def _bring(node: Any, before: Content, wanted: Content) -> None:
    """Change what differs in place, so that the comments on all else stay."""
    for name, value in wanted.items():
        old = before.get(name)
        if old == value:
            continue
        if name == "servers":
            for server, one, other in zip(node[name], old or (), value, strict=False):
                _bring(server, one, other)
            node[name].extend(on_one_line(server) for server in value[len(old or ()) :])
        elif (said := as_mapping(old)) is not None:
            _bring(node[name], said, value)
        else:
            node[_written(name)] = _written(value)


def _written(value: Any) -> Any:
    if (mapping := as_mapping(value)) is not None:
        return on_one_line(mapping)
    if isinstance(value, str):
        # Readers of YAML 1.1 take no bare colon between braces.
        is_plain = ":" not in value and read_plain(value) == (value, None)
        return value if is_plain else DoubleQuotedScalarString(value)
    items: Any = CommentedSeq(map(_written, value))
    items.fa.set_flow_style()
    return items


def _composed(text: str) -> Any:
    """The text as nodes with their places; the types of these are not complete."""
    composer: Any = YAML(pure=True)
    return composer.compose(text)


def _is_mapping(node: Any) -> bool:
    return isinstance(node, MappingNode)


def _is_collection(node: Any) -> bool:
    return isinstance(node, CollectionNode)


def _listed(root: Any) -> tuple[Any, Any] | None:
    """The key of the list and the list, if they are there."""
    return next(((key, value) for key, value in root.value if key.value == KEY), None)


def _value_of(mapping: Any, name: str) -> Any:
    return next((value for key, value in mapping.value if key.value == name), None)


def _end_of(node: Any) -> int:
    """Where the last thing that a node says ends; in block style the node itself ends behind what follows."""
    if not _is_collection(node) or node.flow_style or not node.value:
        return node.end_mark.index
    last: Any = node.value[-1]
    return _end_of(last[1] if _is_mapping(node) else last)


def _with_lines(text: str, begin: int, end: int, *lines: str) -> str:
    """The text with lines after `begin`, in the place of what stood from there to `end`."""
    newline = _newline(text)
    rest = text[end:].removeprefix("\r").removeprefix("\n")
    return newline.join([text[:begin], *lines, rest])


def _with_item(text: str, mapping: Any, item: str) -> str:
    """The text with one item more in a mapping between braces."""
    if not mapping.value:
        at = text.index("{", mapping.start_mark.index) + 1
        return text[:at] + item + text[at:]
    first, at = mapping.value[0][0].start_mark, mapping.value[-1][1].end_mark.index
    is_spread = first.line != mapping.start_mark.line
    between = f",{_newline(text)}{' ' * first.column}" if is_spread else ", "
    return text[:at] + between + item + text[at:]


def _end_of_line(text: str, index: int) -> int:
    end = text.find(_newline(text), index)
    return len(text) if end < 0 else end


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _dumped(content: Any) -> str:
    shown = io.StringIO()
    _yaml().dump(content, shown)
    return shown.getvalue()


def _yaml() -> Any:
    yaml: Any = YAML(pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
