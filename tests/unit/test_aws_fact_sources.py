"""Every fact about AWS says where it comes from, of which day that is, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from argosy.catalog import Provenance

FOLDER = Path(__file__).parents[2] / "components" / "argosy_aws"
FILES = {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.glob("**/*.yaml"))}
BY_ANOTHER_NAME: Mapping[str, str] = {
    "policy_bucket": "policy_sizes.bucket",
    "policy_key": "policy_sizes.key",
    "policy_role": "policy_sizes.role",
    "repair_wait_minutes": "repairs.wait_minutes",
}
"""What a source is of, where it bears no key's own name."""

GOOD: Mapping[str, Any] = {"source": "A guide", "as_of": "2026-11-27", "confidence": "verified"}


def read(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType]


def faults(content: Mapping[str, Any]) -> list[str]:
    """What is wrong with the sources of a file: bad ones, those of nothing, and facts without one."""
    facts = {key: value for key, value in content.items() if key not in ("source", "sources")}
    if "source" in content:
        # One source of all that the file holds.
        return list(_bad("source", content["source"]))
    sources: Mapping[str, Any] = content.get("sources", {})
    paths = set(_paths(facts))
    of = {name: BY_ANOTHER_NAME.get(name, name) for name in sources}
    # A key deeper in the file is called by its own name alone.
    known = {path for path in paths if path in of.values() or path.rpartition(".")[2] in of.values()}
    return [
        *(fault for name, source in sources.items() for fault in _bad(name, source)),
        *(f"{name}: names no key" for name, key in of.items() if not _names_one(key, paths)),
        *(f"{key}: has no source" for key, value in facts.items() if not _covered(key, value, known)),
    ]


def _bad(name: str, source: Any) -> Iterator[str]:
    try:
        Provenance.model_validate(source)
    except ValidationError as invalid:
        for error in invalid.errors():
            yield f"{name}.{'.'.join(map(str, error['loc']))}: {error['type']}"


def _paths(facts: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    for key, value in facts.items():
        yield f"{above}{key}"
        yield from _paths(_below(value), f"{above}{key}.")


def _below(value: Any) -> Mapping[Any, Any]:
    """What stands below a key: nothing, where its value is one or a list."""
    return cast("Mapping[Any, Any]", value) if isinstance(value, dict) else {}


def _names_one(key: str, paths: set[str]) -> bool:
    return any(key in (path, path.rpartition(".")[2]) for path in paths)


def _covered(path: str, value: Any, known: set[str]) -> bool:
    """Whether a key has a source, or all below it have."""
    if path in known:
        return True
    below = _below(value)
    return bool(below) and all(_covered(f"{path}.{key}", member, known) for key, member in below.items())


def test_the_files_are_found() -> None:
    assert {"ec2.yaml", "pools/pools.yaml", "storage/storage.yaml"} <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_every_fact_of_a_file_has_a_source_and_every_source_a_fact(file: str) -> None:
    assert [] == faults(read(FILES[file]))


def test_names_that_stand_in_for_keys_are_still_used() -> None:
    assert set(BY_ANOTHER_NAME) <= {name for path in FILES.values() for name in read(path).get("sources", {})}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"sources": {"a": GOOD}, "a": 1, "b": 2}, ["b: has no source"]),
        ({"a": 1}, ["a: has no source"]),
        ({"sources": {"a": GOOD, "gone": GOOD}, "a": 1}, ["gone: names no key"]),
        ({"sources": {"x": GOOD}, "a": {"x": 1, "y": 2}}, ["a: has no source"]),
        ({"sources": {"a": {**GOOD, "confidence": "sure"}}, "a": 1}, ["a.confidence: literal_error"]),
        ({"sources": {"a": {**GOOD, "as_of": "lately"}}, "a": 1}, ["a.as_of: date_from_datetime_parsing"]),
        ({"sources": {"a": {**GOOD, "source": ""}}, "a": 1}, ["a.source: string_too_short"]),
        ({"source": {"source": "A guide"}, "a": 1}, ["source.as_of: missing", "source.confidence: missing"]),
        ({"source": {**GOOD, "url": "guide"}, "a": 1}, ["source.url: string_pattern_mismatch"]),
    ],
)
def test_a_fact_without_a_good_source_is_noticed(content: Mapping[str, Any], expected: list[str]) -> None:
    assert expected == faults(content)


@pytest.mark.parametrize(
    "content",
    [
        {"sources": {"x": GOOD, "y": GOOD}, "a": {"x": 1, "y": 2}},
        {"sources": {"policy_role": GOOD}, "policy_sizes": {"role": 1}},
        {"source": GOOD, "a": 1, "b": 2},
    ],
)
def test_a_key_may_have_its_source_from_all_below_it_or_from_the_whole_file(
    content: Mapping[str, Any],
) -> None:
    assert [] == faults(content)
