"""The pytest plugin, run by a pytest of its own."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

PROGRAM = """
    import pulumi

    def program():
        pin = pulumi.Output.secret("hunter2")
        pulumi.ComponentResource("test:index:Rack", "r1", {"shelves": 2, "pin": pin})
"""

SNAPSHOT_TEST = (
    PROGRAM
    + """
    def test_graph(declare, assert_matches_snapshot):
        assert_matches_snapshot(declare(program), "snapshots/rack.json")
"""
)


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    return pytester


def test_loading_the_plugin_imports_no_pulumi():
    code = "import sys, argosy_component.testing; sys.exit('pulumi' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unawaited_failure_fails_the_test_it_belongs_to(inner: pytest.Pytester):
    inner.makepyfile(
        PROGRAM
        + """
    def refuse(urn):
        raise AssertionError("urn is wrong")

    def test_wrong(declare):
        declare(lambda: pulumi.ComponentResource("test:index:Rack", "r1").urn.apply(refuse))

    def test_right(declare):
        assert declare(program).one("test:index:Rack").inputs["shelves"] == 2
"""
    )

    result = inner.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: urn is wrong*"])


def test_a_missing_snapshot_fails_and_says_how_to_write_it(inner: pytest.Pytester):
    inner.makepyfile(SNAPSHOT_TEST)

    result = inner.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*there is no snapshot snapshots/rack.json.*--update-snapshots*"])


def test_a_written_snapshot_matches_and_holds_no_secret(inner: pytest.Pytester):
    inner.makepyfile(SNAPSHOT_TEST)

    inner.runpytest_inprocess("--update-snapshots").assert_outcomes(passed=1)
    inner.runpytest_inprocess().assert_outcomes(passed=1)
    text = (inner.path / "snapshots" / "rack.json").read_text(encoding="utf-8")
    assert '"pin": "[secret]"' in text
    assert "hunter2" not in text


def test_a_changed_graph_fails_with_the_lines_that_differ(inner: pytest.Pytester):
    inner.makepyfile(SNAPSHOT_TEST)
    inner.runpytest_inprocess("--update-snapshots").assert_outcomes(passed=1)
    snapshot = inner.path / "snapshots" / "rack.json"
    snapshot.write_text(snapshot.read_text(encoding="utf-8").replace('"shelves": 2', '"shelves": 3'))

    result = inner.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["the resource graph differs from snapshots/rack.json. *", '-*"shelves": 3', '+*"shelves": 2']
    )
