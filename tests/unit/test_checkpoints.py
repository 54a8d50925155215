"""A run without checkpoints is refused wherever a killed one would lose what it made."""

import pytest

from argosy_component.checkpoints import VARIABLE, CheckpointsNeededError, assert_checkpoints

HALLS = {"hall-north": "metal", "hall-south": "metal"}
MIXED = HALLS | {"use1": "aws", "euw4": "gcp"}


@pytest.mark.parametrize("value", ["true", "TRUE", "1"])
def test_a_cloud_site_without_checkpoints_is_refused_with_the_sites_and_the_way_out(value: str) -> None:
    with pytest.raises(CheckpointsNeededError) as error:
        assert_checkpoints(MIXED, {VARIABLE: value})

    assert "lose what it made in euw4 (gcp), use1 (aws)" in str(error.value)
    assert "unset it" in str(error.value)


def test_halls_alone_may_do_without_checkpoints() -> None:
    assert_checkpoints(HALLS, {VARIABLE: "true"})


@pytest.mark.parametrize("environment", [{}, {VARIABLE: "false"}, {VARIABLE: ""}])
def test_with_checkpoints_nothing_is_refused(environment: dict[str, str]) -> None:
    assert_checkpoints(MIXED, environment)


def test_a_provider_that_nobody_has_thought_of_is_refused() -> None:
    with pytest.raises(CheckpointsNeededError, match="moon"):
        assert_checkpoints({"moon": "reference"}, {VARIABLE: "true"})
