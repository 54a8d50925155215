"""`git diff --name-only … | python3 touched.py '["dev"]'`: which of these stacks the changed files touch.

Prints a JSON list in the given order. Exit code 0, or 2 if the argument is no list of stack names.
Standard library only: it runs before anything is installed.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import cast

# What every stack is made of.
SHARED = (
    ".github/",
    "Makefile",
    "Pulumi.yaml",
    "components/",
    "policies/",
    "pyproject.toml",
    "requirements.lock",
    "src/",
    "stacks/__main__.py",
    "stacks/fleets/inventories/",
)
OF_ONE_STACK = re.compile(r"stacks/Pulumi\.(?P<stack>[^/]+)\.yaml")
OF_ONE_FLEET = re.compile(r"stacks/fleets/(?P<fleet>[^/]+?)(\.lock\.json|\.yaml)")


def main(arguments: Sequence[str]) -> int:
    """Read changed paths from standard input, one a line; print the touched stacks; the exit code."""
    stacks = stack_names(arguments)
    if stacks is None:
        sys.stderr.write("""touched.py: expected one JSON list of stack names, such as '["dev", "prod"]'\n""")
        return 2
    changed = sys.stdin.read().splitlines()
    sys.stdout.write(f"{json.dumps(touched(stacks, changed))}\n")
    return 0


def stack_names(arguments: Sequence[str]) -> list[str] | None:
    """The list that was given, or None if it is none."""
    try:
        given: object = json.loads(arguments[0]) if len(arguments) == 1 else None
    except ValueError:
        return None
    if not isinstance(given, list):
        return None
    names = cast("list[object]", given)
    return [name for name in names if isinstance(name, str)] if all(map(_is_name, names)) else None


def touched(stacks: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Those of `stacks` that one of the changed paths touches."""
    paths = list(changed)
    return [stack for stack in stacks if any(touches(path, stack) for path in paths)]


def touches(path: str, stack: str) -> bool:
    """Whether a change of this file can change what the stack declares, or how it is judged."""
    if path.startswith(SHARED):
        return True
    if match := OF_ONE_STACK.fullmatch(path):
        return stack == match["stack"]
    if match := OF_ONE_FLEET.fullmatch(path):
        # A part of the fleet `prod` is a stack `prod-oslo`.
        return stack == match["fleet"] or stack.startswith(f"{match['fleet']}-")
    return False


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", value) is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
