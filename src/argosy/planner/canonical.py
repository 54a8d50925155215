"""One spelling for every value, so that equal meanings have equal bytes and equal hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import cast


def canonical_json(value: object) -> str:
    """JSON with sorted keys, an indent of two, a newline at the end; raises TypeError for other values."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def sha256_of(value: object) -> str:
    """Hex digest of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def differences(old: object, new: object, path: str = "") -> Iterator[tuple[str, object, object]]:
    """Every leaf in which two JSON values differ: (dotted path, old, new), sorted; None where absent."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast("Mapping[str, object]", old), cast("Mapping[str, object]", new)
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path, old, new
