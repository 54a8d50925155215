"""Where a hall may keep its claims, its simulator's files and its authority."""

from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def fleets(tmp_path: Path) -> Path:
    """The fleets' folder of a project that simulates two halls."""
    fleets = tmp_path / "stacks" / "fleets"
    (fleets / "inventories").mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
    for name in ("hall-north", "hall-south"):
        text = (PROJECT / "stacks" / "fleets" / "inventories" / f"{name}.yaml").read_text()
        (fleets / "inventories" / f"{name}.yaml").write_text(text)
    return fleets


def told(fleets: Path, written: str, instead: str) -> str:
    """What is said of the first place where `written` is replaced; nothing when all is well."""
    text = (PROJECT / "stacks" / "fleets" / "local.yaml").read_text()
    assert written in text
    (fleets / "local.yaml").write_text(text.replace(written, instead, 1))
    try:
        load_spec("local", fleets)
    except FleetError as error:
        return str(error.faults[0]).partition(": ")[2]
    return ""


@pytest.mark.parametrize(
    "path",
    ["claims.sqlite", ".argosy/prod/claims.sqlite", "/var/lib/argosy/oslo.sqlite", f"{'x' * 300}/claims"],
)
def test_claims_lie_below_the_project_or_at_a_path_in_full(fleets: Path, path: str):
    assert told(fleets, ".argosy/local/claims.sqlite", path) == ""


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (".", "is the project's root"),
        ("./", "is the project's root"),
        ("..", "lies outside the project"),
        ("a/../../claims", "lies outside the project"),
        ("/srv/../claims", "lies outside the project"),
        (".git/claims", "lies among git's own files"),
        ("~/claims", "begins with `~`, for which nobody's home folder is put in"),
        ("stacks", "is a folder"),
        ("/", "is a folder"),
    ],
)
def test_claims_that_could_not_be_a_file_of_their_own_are_refused(fleets: Path, path: str, wrong: str):
    assert told(fleets, ".argosy/local/claims.sqlite", f'"{path}"') == (
        f"given '{path}', which {wrong}; expected the path of a file, below the project's root or in full;"
        " write e.g. .argosy/local/claims.sqlite"
    )


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (".", "is the project's root"),
        ("../simulator", "lies outside the project"),
        ("/var/lib/simulator", "lies outside the project"),
        (".git", "lies among git's own files"),
        ("~", "begins with `~`, for which nobody's home folder is put in"),
        ("stacks", "git may not ignore"),
        ("simulator", "git may not ignore"),
        (".argosy", "git may not ignore"),
    ],
)
def test_a_simulator_keeps_its_passwords_where_git_ignores_them(fleets: Path, path: str, wrong: str):
    assert told(fleets, ".argosy/local/simulator", f'"{path}"') == (
        f"given '{path}', which {wrong}; expected a folder below .argosy/, since passwords and keys come to"
        " lie there; write .argosy/local/simulator"
    )
