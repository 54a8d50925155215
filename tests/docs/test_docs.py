"""What the documentation shows is true: fleet files check, links lead somewhere, commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from argosy.catalog import load_catalog
from argosy.planner.plan import plan_capacity
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.loader import load_spec

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "engine" / "README.md"])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for found, text in FENCE.findall(page.read_text(encoding="utf-8"))
        if found == language
    ]


FLEETS = [(page, text) for page, text in blocks("yaml") if text.startswith("version: 1\nname:")]
INVENTORIES = [(page, text) for page, text in blocks("yaml") if text.startswith("version: 1\nsite:")]


@pytest.mark.parametrize(("page", "text"), FLEETS, ids=[page for page, _ in FLEETS])
def test_every_fleet_file_shown_can_be_planned(page: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(text, encoding="utf-8")
    write_inventories(page, tmp_path / "inventories")
    fleet, catalog = load_spec(str(file)), load_catalog()

    assert [] == list(resolve(fleet, catalog, load_providers()))
    assert plan_capacity(fleet, catalog, None).scenarios


def write_inventories(page: str, folder: Path) -> None:
    folder.mkdir()
    for shown_on, text in INVENTORIES:
        if shown_on == page:
            site = text.splitlines()[1].removeprefix("site: ")
            (folder / f"{site}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_every_argosy_command_shown_exists() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = set(re.findall(r"\bargosy (metal [a-z]+|[a-z]+) (?:[A-Z]|local|dev|prod|lab)", text))
    assert shown

    unknown = [command for command in sorted(shown) if not answers_to_help(command)]

    assert [] == unknown


def answers_to_help(command: str) -> bool:
    argosy = str(Path(sys.prefix, "bin", "argosy"))
    return (
        0 == subprocess.run([argosy, *command.split(), "--help"], capture_output=True, check=False).returncode
    )


def test_every_make_target_shown_exists() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert set() == set(re.findall(r"`make ([a-z0-9-]+)", text)) - set(targets)


@pytest.mark.parametrize("page", ["README.md", "docs/explanation/planner.md"])
def test_the_price_of_survival_that_is_shown_is_what_the_command_prints(page: str) -> None:
    printed = said("survival", "prod")

    assert printed in (ROOT / page).read_text(encoding="utf-8")


def test_the_lines_of_the_proof_that_are_shown_are_what_the_command_prints() -> None:
    shown = [
        text for page, text in blocks("") if page == "README.md" and text.startswith("$ argosy check prod")
    ]
    lines = [line for line in shown[0].splitlines()[1:] if not line.endswith("…")]

    assert [] == [line for line in lines if line not in said("check", "prod").splitlines()]


def said(*command: str) -> str:
    argosy = str(Path(sys.prefix, "bin", "argosy"))
    done = subprocess.run([argosy, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.rstrip()
