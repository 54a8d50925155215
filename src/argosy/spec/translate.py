"""Turns what validation found into faults in our own words: where, what was given, what would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from argosy.errors import Fault
from argosy.spec.document import Document
from argosy.spec.hints import key_fix, smallest_fix, trap_fix
from argosy.spec.places import Path
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.scalars import meant_date
from argosy.spec.secrets import KEEP_OUT, REFERENCE, REFERENCE_WORDS, hides, looks_secret, names_secret
from argosy.spec.slots import Slot, date_keys, fields_of, slot_at, slot_of
from argosy.spec.values import Name, SecretRef
from argosy.spec.words import shortened, shown, shown_key


@dataclass(frozen=True)
class Translator:
    """Speaks about one file, whose content should have been a `model`."""

    model: type[BaseModel]
    document: Document

    def faults(self, error: ValidationError | None) -> list[Fault]:
        """Every fault of the file. At one place only the first speaks: secret, empty, trap, date, shape."""
        found: dict[Path, Fault] = {}
        for path, value in _scalars(self.document.value, ()):
            fault = (
                self._secret(path, value)
                or self._nothing(path, value)
                or self._trap(path)
                or self._no_date(path, value)
            )
            if fault:
                found[path] = fault
        unknown_keys: list[Fault] = []
        for item in error.errors(include_url=False, include_context=False) if error else ():
            path, kind = self._path(item["loc"], item["type"] == "missing"), item["type"]
            # Pydantic counts only the entries that are right; the others have faults of their own.
            if kind == "too_short" and self._value(path):
                continue
            if kind == "extra_forbidden":
                unknown_keys.append(self._unknown_key(path))
            elif kind == "value_error" and as_mapping(self._value(path)) is not None:
                found.setdefault(path, self._keys_apart(path, item["msg"]))
            elif path not in found:
                at_key = item["loc"][-1:] == ("[key]",)
                found[path] = (
                    self._bad_key(path) if at_key else self._bad_value(path, missing=kind == "missing")
                )
        # What could not be read as it stands there is not judged a second time.
        unread = {(fault.line, fault.column) for fault in self.document.faults}
        judged = [
            fault for fault in (*found.values(), *unknown_keys) if (fault.line, fault.column) not in unread
        ]
        return [*self.document.faults, *judged]

    def _path(self, location: tuple[int | str, ...], missing: bool) -> Path:
        """The location without the names of union branches, which do not stand in the file."""
        path: list[int | str] = []
        value: Any = self.document.value
        for index, step in enumerate(location):
            added = missing and index == len(location) - 1
            mapping, items = as_mapping(value), as_list(value)
            if (
                mapping is not None
                and isinstance(step, str)
                and step != "[key]"
                and (step in mapping or added)
            ):
                path.append(step)
                value = mapping.get(step)
            elif items is not None and isinstance(step, int):
                path.append(step)
                value = items[step]
        return tuple(path)

    def _slot(self, path: Path) -> Slot | None:
        return slot_at(self.model, self.document.value, path)

    def _value(self, path: Path) -> Any:
        value: Any = self.document.value
        for step in path:
            value = value[step]
        return value

    def _secret(self, path: Path, value: object) -> Fault | None:
        secret = looks_secret(value) if isinstance(value, str) else None
        kind = f"what looks like {secret}" if secret else None
        if kind is None and value is not None and path and names_secret(str(path[-1])):
            is_reference = isinstance(value, str) and REFERENCE.fullmatch(value)
            kind = None if is_reference else "a plain value where a secret belongs"
        return None if kind is None else self._secret_fault(path, kind)

    def _secret_fault(self, path: Path, kind: str) -> Fault:
        slot = self._slot(path)
        wanted = names_secret(str(path[-1])) or bool(slot and slot.has(SecretRef))
        expected = REFERENCE_WORDS if wanted else "no secret in the file"
        return self.document.places.fault(path, given=f"{kind} (not shown)", expected=expected, fix=KEEP_OUT)

    def _nothing(self, path: Path, value: object) -> Fault | None:
        slot = self._slot(path) if value is None else None
        if slot is None:
            return None
        fix = "write a value, or delete a key that is not needed"
        return self.document.places.fault(path, given="nothing", expected=slot.words, fix=fix)

    def _trap(self, path: Path) -> Fault | None:
        trap = self.document.traps.get(path)
        slot = self._slot(path) if trap else None
        if trap is None or slot is None or slot.is_container:
            return None
        if trap.is_date and (slot.is_datetime or slot.is_date):
            return None
        if slot.words == "true or false" and trap.text.lower() in ("true", "false"):
            given = f"{trap.text} with a capital"
        else:
            given = f"{shortened(trap.text)}, which YAML readers take for {trap.reading}"
        return self.document.places.fault(path, given=given, expected=slot.words, fix=trap_fix(slot, trap))

    def _no_date(self, path: Path, value: object) -> Fault | None:
        """What is no date as people write one. Validation would take 20260720 for seconds since 1970."""
        slot = self._slot(path) if path and path[-1] in date_keys(self.model) else None
        if slot is None or not slot.is_date:
            return None
        place = self.document.places.at(path)
        text = place.text if place and place.text is not None else str(value)
        meant = meant_date(text)
        if isinstance(value, str) and meant == value:
            return None
        fix = f"write {meant}" if meant else "write a day that is on the calendar"
        return self.document.places.fault(path, given=shown(value, text), expected=slot.words, fix=fix)

    def _bad_key(self, path: Path) -> Fault:
        return self.document.places.fault(
            path,
            given=f"the name {shown_key(path[-1])}",
            expected=slot_of(Name).words,
            fix="rename it" if hides(str(path[-1])) else smallest_fix(slot_of(Name), str(path[-1]), None),
            at_key=True,
        )

    def _bad_value(self, path: Path, *, missing: bool) -> Fault:
        slot = self._slot(path)
        words = slot.words if slot else "another value"
        if missing:
            example = slot.choices[0] if slot and len(slot.choices) == 1 else "…"
            return self.document.places.fault(
                path, given=f"no `{path[-1]}`", expected=words, fix=f"add `{path[-1]}: {example}`"
            )
        if slot and slot.has(SecretRef):
            return self._secret_fault(path, "a plain value where a secret belongs")
        value = self._value(path)
        place = self.document.places.at(path)
        text = place.text if place else None
        return self.document.places.fault(
            path, given=shown(value, text), expected=words, fix=smallest_fix(slot or Slot(str), value, text)
        )

    def _keys_apart(self, path: Path, message: str) -> Fault:
        """What a shape's own validator says: it speaks of keys, and repeats no value, which may be secret."""
        keys = sorted(as_mapping(self._value(path)) or {})
        return self.document.places.fault(
            path,
            given=", ".join(keys) or "an empty mapping",
            expected="keys that go together",
            fix=message.removeprefix("Value error, "),
        )

    def _unknown_key(self, path: Path) -> Fault:
        parent = self._slot(path[:-1])
        model = parent.model if parent and parent.model else self.model
        known = list(fields_of(model))
        return self.document.places.fault(
            path,
            given=f"the unknown key {shown_key(path[-1])}",
            expected=f"one of {', '.join(sorted(known))}",
            fix=key_fix(self.model, model, str(path[-1])),
            at_key=True,
        )


def _scalars(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value that is neither mapping nor list, with its path."""
    if (mapping := as_mapping(value)) is not None:
        for key, child in mapping.items():
            yield from _scalars(child, (*path, key))
    elif (items := as_list(value)) is not None:
        for index, child in enumerate(items):
            yield from _scalars(child, (*path, index))
    else:
        yield path, value
