"""The pack's configuration: misspelt names and wrong values are faults, each with its place."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from argosy_policies.check_config import file_faults, main
from argosy_policies.settings import PolicyConfigError, config_faults, read_settings
from argosy_policies.testing import Declared, Pack
from argosy_policies.themes import THEMES

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = next(theme for theme in THEMES if theme.name == "identity")
SUPPLY_CHAIN = next(theme for theme in THEMES if theme.name == "supply-chain")


def test_no_configuration_means_the_defaults():
    settings = read_settings(IDENTITY, {})

    assert "advise" == settings.on_unknown
    assert {"max_hop_limit": 1} == settings.parameters["IDN-01"].model_dump()


def test_whole_numbers_may_arrive_as_floats():
    settings = read_settings(IDENTITY, {"IDN-01": {"max_hop_limit": 2.0}})

    assert {"max_hop_limit": 2} == settings.parameters["IDN-01"].model_dump()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"on_unknwon": "fail"},
            "identity.on_unknwon: 'on_unknwon' is not known; did you mean 'on_unknown'?",
        ),
        ({"on_unknown": "ignore"}, "identity.on_unknown: given 'ignore'; expected 'advise' or 'fail'"),
        ({"IDN-1": {}}, "identity.IDN-1: 'IDN-1' is not known; did you mean 'IDN-01'?"),
        ({"strict": True}, "identity.strict: 'strict' is not known; there are IDN-01, on_unknown"),
        ({"IDN-01": 2}, "identity.IDN-01: given 2; expected a map of parameters"),
        (
            {"IDN-01": {"max_hop_limt": 2}},
            "identity.IDN-01.max_hop_limt: 'max_hop_limt' is not known; did you mean 'max_hop_limit'?",
        ),
        (
            {"IDN-01": {"max_hop_limit": 65}},
            "identity.IDN-01.max_hop_limit: given 65; Input should be less than or equal to 64",
        ),
        (
            {"IDN-01": {"max_hop_limit": 1.5}},
            "identity.IDN-01.max_hop_limit: given 1.5; Input should be a valid integer, got a number with a "
            "fractional part",
        ),
    ],
)
def test_a_fault_says_where_what_was_given_and_what_would_do(config: dict[str, Any], expected: str):
    assert [expected] == list(config_faults(IDENTITY, config))


def test_a_rule_without_parameters_takes_none():
    assert ["supply-chain.SUP-04: has no parameters"] == list(
        config_faults(SUPPLY_CHAIN, {"SUP-04": {"strict": True}})
    )


def test_all_faults_are_raised_at_once():
    with pytest.raises(PolicyConfigError) as raised:
        read_settings(IDENTITY, {"on_unknown": "x", "IDN-01": {"max_hop_limit": 0}})

    assert 2 == len(str(raised.value).splitlines())


def test_a_misspelt_parameter_fails_the_run_even_where_no_rule_is_concerned():
    pack = Pack({"identity": {"on_unknwon": "fail"}})

    with pytest.raises(PolicyConfigError, match="did you mean 'on_unknown'"):
        pack.analyze(Declared("aws:s3/bucket:Bucket", "state", {}))


def test_the_engine_is_told_each_parameters_type_and_range():
    identity = next(policy for policy in Pack().info().policies if policy.name == "identity")
    schema = json_format.MessageToDict(identity.configSchema.properties)["IDN-01"]
    hops = schema["properties"]["max_hop_limit"]

    assert ("integer", 1, 64) == (hops["type"], hops["minimum"], hops["maximum"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "file", sorted((ROOT / "policies" / "config").glob("*.json")), ids=lambda file: file.name
)
def test_every_committed_configuration_is_sound(file: Path):
    assert [] == file_faults(file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"identiy": {}}', "identiy: 'identiy' is not known; did you mean 'identity'?"),
        (
            '{"identity": "mandtory"}',
            "identity: given 'mandtory'; expected one of advisory, mandatory, disabled",
        ),
        (
            '{"all": {"on_unknown": "fail"}}',
            "all.on_unknown: 'on_unknown' is not known; there are enforcementLevel",
        ),
        (
            '{"identity": {"IDN-01": {"hops": 2}}}',
            "identity.IDN-01.hops: 'hops' is not known; there are max_hop_limit",
        ),
        ("[]", "given no object; expected one with a policy's name per key"),
        ("{", "cannot be read as JSON: "),
    ],
)
def test_a_bad_file_is_explained(
    text: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "config.json"
    file.write_text(text, encoding="utf-8")

    assert 2 == main([str(file)])
    assert f"{file}: {expected}" in capsys.readouterr().err


def test_every_file_is_checked_by_one_command(tmp_path: Path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"all": "advisory", "identity": "disabled"}), encoding="utf-8")
    bad.write_text(json.dumps({"redundnacy": {}}), encoding="utf-8")

    command = [sys.executable, "-m", "argosy_policies.check_config"]
    done = subprocess.run([*command, str(good), str(bad)], capture_output=True, text=True, check=False)

    assert 2 == done.returncode
    assert f"{bad}: redundnacy: 'redundnacy' is not known; did you mean 'redundancy'?\n" == done.stderr


def test_a_missing_file_is_a_fault_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert 2 == main([str(tmp_path / "absent.json")])
    assert "cannot be read as JSON" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_a_call_without_a_file_is_no_success(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(arguments)
    assert "usage: python -m argosy_policies.check_config FILE" in capsys.readouterr().err
