"""Read and write the lock beside the fleet file.

Writing is atomic: a reader, or a run after an interruption, finds the old lock or the new one, never a part.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from argosy.errors import LockError
from argosy.planner.canonical import canonical_json, sha256_of
from argosy.planner.models import SCHEMA_VERSION, Lock
from argosy.spec.files import FLEETS, find_root
from argosy.spec.whole_files import write_whole

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet

# No line of JSON begins so.
_MERGE_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)


def plan_command(fleet: LoadedFleet) -> str:
    """The command that makes this fleet's lock good, as it can be pasted where the user works."""
    by_name = fleet.root / FLEETS / f"{fleet.name}.yaml"
    known_by_name = fleet.path.resolve() == by_name.resolve() and find_root(fleet.start) == fleet.root
    return f"argosy plan {fleet.name if known_by_name else shlex.quote(fleet.named(fleet.path))}"


def render_lock(lock: Lock) -> str:
    """The lock's one spelling."""
    return canonical_json(lock.model_dump(mode="json"))


def write_lock(lock: Lock, path: Path) -> None:
    """Put the lock in place whole, or leave what was there. Raises OSError."""
    write_whole(render_lock(lock), path)


def refuse_what_is_no_file(fleet: LoadedFleet) -> None:
    """Raise LockError when a folder or a pipe stands where the lock belongs: none could be written."""
    path = fleet.lock_path
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "not a file"
        raise LockError(f"{fleet.named(path)}: is {kind}. Move it away, and run: {plan_command(fleet)}")


def load_lock(fleet: LoadedFleet) -> Lock:
    """The lock beside the fleet file, its shape checked and no more; see `argosy.planner.verify`.

    Raises LockError when it is missing, unreadable, of another schema, or was edited out of shape.
    """
    path, command = fleet.named(fleet.lock_path), plan_command(fleet)
    refuse_what_is_no_file(fleet)
    try:
        text = fleet.lock_path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LockError(f"{path}: there is no lock yet. Run: {command}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"{path}: cannot be read ({_reason(error)}). Mend that, or run: {command}") from None
    if conflict := _MERGE_CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise LockError(
            f"{path}: holds a merge conflict (line {line}). Take either side whole, whose slots then stay as "
            f"they are, and run: {command}"
        )
    try:
        content = json.loads(text, object_pairs_hook=_no_duplicates)
        _refuse_unshowable(content)
    except (ValueError, RecursionError) as error:
        raise LockError(f"{path}: is not a lock ({error}). Run: {command}") from None
    return _validated(content, path, command)


def _validated(content: object, path: str, command: str) -> Lock:
    found = cast("dict[str, object]", content).get("schema_version") if isinstance(content, dict) else None
    if type(found) is not int or found != SCHEMA_VERSION:  # true == 1 in Python, not in JSON
        raise LockError(
            f"{path}: given schema version {found!r}; expected {SCHEMA_VERSION}, which this Argosy writes. "
            f"Run: {command}"
        )
    try:
        lock = Lock.model_validate(content)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
        raise LockError(f"{path}: was edited out of shape at {places}. Run: {command}") from None
    if sha256_of(lock.facts) != lock.facts_sha256:
        raise LockError(f"{path}: its facts were edited by hand (their hash differs). Run: {command}")
    return lock


def _refuse_unshowable(content: object) -> None:
    """Raise ValueError for half a character or a control character, which would come to stand in messages."""
    text = json.dumps(content, ensure_ascii=False)
    if any("\ud800" <= char <= "\udfff" for char in text) or re.search(r"\\u00[01]|\\[bfnrt]", text):
        raise ValueError("it holds characters that cannot be shown")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "not UTF-8"
