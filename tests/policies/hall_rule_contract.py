"""What every rule about a hall's numbers does with numbers that are absent, wrong, unknown or secret."""

from typing import Any, ClassVar

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import hall, judge, judge_sites, only


class HallRuleContract:
    """Each rule's tests have a class of this, which names the rule and the numbers that it rests on."""

    rule: ClassVar[str]
    group: ClassVar[str]
    """Of the policies' configuration."""
    needed: ClassVar[list[str]]
    """Paths of numbers without which nothing is proven."""
    wrong: ClassVar[list[tuple[str, object]]]
    """Paths, each with a value of a type that it may not have."""
    deferred: ClassVar[list[str]]
    """Paths of numbers that a preview may not know yet."""
    secret_fault: ClassVar[tuple[str, Any]]
    """A path and a faulty value with 4711 in it, which somebody has marked secret."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each path of the class at hand."""
        for name in ("needed_path", "deferred_path", "wrong_value"):
            if name in metafunc.fixturenames:
                values: list[Any] = getattr(type(self), name.rpartition("_")[0])
                metafunc.parametrize(name, values)

    def test_an_absent_number_fails_since_nothing_was_proven(self, needed_path: str) -> None:
        found = only(judge(self.rule, hall(needed_path)))

        assert found.mandatory
        assert "is not set, not " in found.message

    def test_a_number_of_the_wrong_type_fails(self, wrong_value: tuple[str, object]) -> None:
        found = only(judge(self.rule, hall(*wrong_value)))

        assert found.mandatory
        assert ", not " in found.message

    def test_what_is_unknown_is_deferred(self, deferred_path: str) -> None:
        found = only(judge(self.rule, hall(deferred_path, UNKNOWN_VALUE)))

        assert not found.mandatory
        assert "is not known yet; deferred to update" in found.message

    def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so(self) -> None:
        assert not only(judge(self.rule, UNKNOWN_VALUE)).mandatory
        assert only(judge(self.rule, UNKNOWN_VALUE, {self.group: {"on_unknown": "fail"}})).mandatory
        assert not only(judge_sites(self.rule, UNKNOWN_VALUE)).mandatory

    def test_secret_numbers_are_judged_and_not_printed(self) -> None:
        path, value = self.secret_fault
        assert "4711" in str(value)

        found = only(judge(self.rule, hall(path, secret(value))))

        assert found.mandatory
        assert "4711" not in found.message

    def test_a_cloud_passes_and_sites_of_the_wrong_type_fail(self) -> None:
        assert [] == judge(self.rule, {"provider": "aws", "pools": {}})
        assert only(judge_sites(self.rule, ["oslo"])).mandatory
        assert only(judge_sites(self.rule, {"oslo": 7})).mandatory
