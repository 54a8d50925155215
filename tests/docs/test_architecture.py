"""What ARCHITECTURE.md says of files is so: they exist, and nothing is left out of its exception."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
METAL = ROOT / "components/argosy_metal"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CHANGES = PAGE.partition("\n## Where a change of bare metal goes\n")[2].partition("\n## ")[0]
NAMED = re.compile(r"`([a-z_]+(?:/[A-Za-z_.]+)*(?:/[A-Za-z_.]+|\.py))`")
STORES = re.compile(r"ironic|postgresql", re.IGNORECASE)


def missing(text: str) -> set[str]:
    """Paths in a text that lead to nothing, neither from the root nor from bare metal."""
    named = set(NAMED.findall(text))
    return {path for path in named if not (ROOT / path).exists() and not (METAL / path).exists()}


def test_every_path_of_where_a_change_goes_exists() -> None:
    assert len(NAMED.findall(CHANGES)) > 50
    assert set() == missing(CHANGES)


def test_a_path_that_leads_to_nothing_is_found() -> None:
    assert {"claims/gone.py", "gone.py"} == missing("`claims/gone.py`, `gone.py`, `claims/claim.py`, `none`")


def test_the_core_knows_a_store_of_claims_only_where_the_page_says_so() -> None:
    core = ROOT / "src/argosy"
    knowing = {
        path.relative_to(ROOT).as_posix()
        for path in core.rglob("*.py")
        if STORES.search(path.read_text(encoding="utf-8"))
    }

    assert {"src/argosy/spec/claims.py", "src/argosy/spec/claims_checks.py"} == knowing
    assert all(f"`{path}`" in PAGE for path in knowing)
