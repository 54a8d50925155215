"""The fault matrix's page and its suite have the same cases."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/fault-matrix.md").read_text(encoding="utf-8")
SUITE = sorted((ROOT / "tests/e2e/faults").glob("test_f[0-9][0-9]_*.py"))
CASE = re.compile(r"^\| .+ \| .+ \| `(test_\w+)` \| passes \|$", re.MULTILINE)


def shown(page: str) -> dict[str, list[str]]:
    """Names of tests by fault, as a page has them."""
    parts = re.split(r"^### (F\d+): .*$", page.partition("\n## What is not proven")[0], flags=re.MULTILINE)
    return {fault: CASE.findall(text) for fault, text in zip(parts[1::2], parts[2::2], strict=True)}


def suite() -> dict[str, list[str]]:
    """Names of tests by fault, as they are run."""
    found: dict[str, list[str]] = {}
    for file in SUITE:
        names = [
            part.name
            for part in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name.startswith("test_")
        ]
        found.setdefault(f"F{int(file.name[6:8])}", []).extend(names)
    return found


def test_every_case_has_a_row_and_every_row_a_case() -> None:
    assert suite() == shown(PAGE)


def test_every_fault_has_a_case() -> None:
    assert [f"F{number}" for number in range(1, 18)] == list(shown(PAGE))


def test_a_row_that_is_missing_or_too_much_is_found() -> None:
    row = next(line for line in PAGE.splitlines() if CASE.match(line))

    assert suite() != shown(PAGE.replace(row + "\n", "", 1))
    assert suite() != shown(PAGE.replace(row, f"{row}\n| more | is | `test_of_nothing` | passes |", 1))
