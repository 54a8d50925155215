"""One line into an inventory file; comments, order and quoting of all else stay as a person wrote them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from argosy.spec.inventory import OutOfServiceSpec
from argosy.spec.whole_files import write_whole

_WIDTH = 4096
"""Wider than any line, so that none is wrapped."""


def put_out_of_service(path: Path, serial: str, entry: OutOfServiceSpec) -> None:
    """Write `out_of_service: {SERIAL: {slot: …, reason: …}}` whole or not at all. Raises OSError."""
    write_whole(with_out_of_service(path.read_text(encoding="utf-8"), serial, entry), path)


def with_out_of_service(text: str, serial: str, entry: OutOfServiceSpec) -> str:
    """The inventory's text with one more server out of service, on a line of its own."""
    content: Any = _yaml().load(text)
    listed: Any = content.get("out_of_service")
    if not listed or (serial not in listed and not listed.fa.flow_style()):
        return _with_a_line(text, content, _line(serial, entry))
    # An entry that a person has written otherwise gives way to this one.
    content["out_of_service"][serial] = _mapping(entry)
    return _dumped(content)


def _with_a_line(text: str, content: Any, line: str) -> str:
    lines = text.rstrip("\n").split("\n")
    if "out_of_service" not in content:
        return "\n".join([*lines, "out_of_service:", f"  {line}", ""])
    listed, at = content["out_of_service"], content.lc.key("out_of_service")[0]
    if listed:
        lines.insert(at + 1, " " * listed.lc.col + line)
    else:
        lines[at : at + 1] = ["out_of_service:", f"  {line}"]
    return "\n".join([*lines, ""])


def _line(serial: str, entry: OutOfServiceSpec) -> str:
    """`SIMN0003: {slot: train/slot-02, reason: fan tray}`."""
    return _dumped({serial: _mapping(entry)}).rstrip("\n")


def _mapping(entry: OutOfServiceSpec) -> Any:
    found: Any = CommentedMap({"slot": entry.slot, "reason": entry.reason})
    found.fa.set_flow_style()
    return found


def _dumped(content: Any) -> str:
    shown = io.StringIO()
    _yaml().dump(content, shown)
    return shown.getvalue()


def _yaml() -> Any:
    # Its types are not complete.
    yaml: Any = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
