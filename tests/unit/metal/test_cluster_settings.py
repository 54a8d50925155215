"""Labels of a pool's Nodes are keys that Kubernetes takes, which is said when the file is checked."""

import pytest
from pydantic import ValidationError

from argosy_metal.settings.cluster import JoinSettings


@pytest.mark.parametrize("key", ["team", "a.b-c.d/team", "a/b..c", "x" * 63])
def test_a_key_that_kubernetes_takes_is_taken(key: str) -> None:
    assert {key: "one"} == JoinSettings.model_validate({"labels": {key: "one"}}).labels


@pytest.mark.parametrize(
    "key", ["a..b/c", "a.-b/c", "a-.b/c", "A/b", "/b", "a/", "x" * 64, "a" * 260 + "/" + "x" * 63]
)
def test_a_key_that_kubernetes_refuses_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        JoinSettings.model_validate({"labels": {key: "one"}})
