"""pytest plugin: declare Pulumi programs under the mock engine, and compare graphs with snapshots.

Loaded through the entry point `pytest11`, so that every test can ask for the fixtures `declare` and
`assert_matches_snapshot`. Pulumi is imported by the first test that declares something, not by pytest.
"""

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from argosy_component.mock_engine import ResourceGraph
    from argosy_component.mock_engine.computed import ComputedOutputs
    from argosy_component.mock_engine.monitor import Answer

_UPDATE_OPTION = "--update-snapshots"


class Declare(Protocol):
    """Runs a program under the mock engine."""

    def __call__(
        self,
        program: Callable[[], object],
        *,
        project: str = ...,
        stack: str = ...,
        preview: bool = ...,
        config: Mapping[str, Any] | None = ...,
        secrets: Iterable[str] = ...,
        calls: "Mapping[str, Answer] | None" = ...,
        outputs: "Mapping[str, ComputedOutputs] | None" = ...,
        stack_references: Mapping[str, Mapping[str, Any]] | None = ...,
    ) -> "ResourceGraph":
        """See `argosy_component.mock_engine.run_program`, whose signature this is."""
        ...


class AssertMatchesSnapshot(Protocol):
    """Compares a graph with a JSON file; a relative path counts from the test file's folder."""

    def __call__(self, graph: "ResourceGraph", path: str | Path) -> None:
        """Fail with a unified diff if `graph.snapshot()` is not what `path` holds."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-snapshots`, which rewrites the snapshots of the tests that run."""
    parser.getgroup("argosy").addoption(
        _UPDATE_OPTION, action="store_true", help="Write resource-graph snapshots instead of comparing them."
    )


@pytest.fixture
def declare() -> Declare:
    """`declare(program, preview=False, config={…}, …)` runs a program and returns its ResourceGraph.

    A failure anywhere in the program fails the test, awaited or not; see `run_program`.
    """
    from argosy_component.mock_engine import run_program

    return run_program


@pytest.fixture
def assert_matches_snapshot(request: pytest.FixtureRequest) -> AssertMatchesSnapshot:
    """`assert_matches_snapshot(graph, "snapshots/name.json")` fails with the difference, line by line."""
    update = bool(request.config.getoption(_UPDATE_OPTION))

    def compare(graph: "ResourceGraph", path: str | Path) -> None:
        from argosy_component.mock_engine.graph import as_json

        file, actual = request.path.parent / path, as_json(graph.snapshot())
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual, encoding="utf-8")
        else:
            _compare(file, actual)

    return compare


def _compare(file: Path, actual: str) -> None:
    hint = f"If the change is meant, run the test again with {_UPDATE_OPTION}."
    shown = os.path.relpath(file)
    if not file.exists():
        pytest.fail(f"there is no snapshot {shown}. {hint}", pytrace=False)
    expected = file.read_text(encoding="utf-8")
    if expected != actual:
        lines = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), shown, "what the program declares", lineterm=""
        )
        pytest.fail("\n".join([f"the resource graph differs from {shown}. {hint}", *lines]), pytrace=False)
