"""`python -m argosy_policies.check_config FILE…`: judge policy configurations before the engine sees them.

The engine asks only about policies that it knows, so that a misspelt name would silently configure nothing.
Exit code 0, or 2 with every fault of every file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from argosy_policies.settings import config_faults, unknown_name
from argosy_policies.themes import THEMES

_USAGE = "usage: python -m argosy_policies.check_config FILE…\nJudges policy configurations (JSON).\n"
_LEVELS = ("advisory", "mandatory", "disabled")
_ALL = "all"
"""The engine's own name for every policy of the pack."""


def main(arguments: Sequence[str]) -> int:
    """Check the files that are named; the exit code."""
    if not arguments or any(argument.startswith("-") for argument in arguments):
        sys.stderr.write(_USAGE)
        return 2
    faults = [f"{name}: {fault}" for name in arguments for fault in file_faults(Path(name))]
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return 2 if faults else 0


def file_faults(file: Path) -> list[str]:
    """What is wrong in one configuration file, one line each."""
    try:
        config: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"cannot be read as JSON: {error}"]
    if not isinstance(config, dict):
        return ["given no object; expected one with a policy's name per key"]
    return list(_faults(cast("Mapping[str, object]", config)))


def _faults(config: Mapping[str, object]) -> Iterator[str]:
    themes = {theme.name: theme for theme in THEMES}
    for name, given in sorted(config.items()):
        if name not in themes and name != _ALL:
            yield unknown_name(name, name, [_ALL, *themes])
            continue
        settings = (
            cast("Mapping[str, Any]", given) if isinstance(given, dict) else {"enforcementLevel": given}
        )
        level = settings.get("enforcementLevel", "mandatory")
        if level not in _LEVELS:
            yield f"{name}: given {level!r}; expected one of {', '.join(_LEVELS)}"
        if name in themes:
            yield from config_faults(themes[name], settings)
        else:
            for key in sorted(set(settings) - {"enforcementLevel"}):
                yield unknown_name(f"{name}.{key}", key, ["enforcementLevel"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
