"""Which file is meant, and what is said when it cannot be read."""

import os
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.files import MAX_BYTES
from argosy.spec.loader import load_spec

FLEET = """\
version: 1
name: staging
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {instance_type: g5.48xlarge, zone: use1-az4, role: inference, nodes: 1,
              capacity: {type: on-demand}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    fleets = tmp_path / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: argosy\nruntime: python\n")
    (fleets / "staging.yaml").write_text(FLEET)
    return tmp_path


def told(env: str, start: Path) -> str:
    with pytest.raises(FleetError) as refused:
        load_spec(env, start)
    return str(refused.value)


def test_an_environment_is_found_from_any_folder_of_the_project(project: Path):
    fleet = load_spec("staging", project / "stacks" / "fleets")

    assert fleet.path == project / "stacks" / "fleets" / "staging.yaml"
    assert fleet.root == project


def test_a_name_that_is_not_the_file_s_is_refused_where_stacks_look_for_it(project: Path):
    fleets = project / "stacks" / "fleets"
    (fleets / "staging.yaml").rename(fleets / "mylab.yaml")

    assert told("mylab", project) == (
        "stacks/fleets/mylab.yaml:2:7 name: given 'staging' in mylab.yaml; expected 'mylab', since a stack "
        "takes the file of its own name; write `name: mylab`, or rename the file to staging.yaml"
    )
    assert told("./mylab.yaml", fleets).startswith("mylab.yaml:2:7 name: given 'staging'")


def test_a_file_whose_own_name_no_fleet_can_have_is_to_be_renamed(project: Path):
    fleets = project / "stacks" / "fleets"
    (fleets / "staging.yaml").rename(fleets / "2nd lab.yaml")

    assert told("./2nd lab.yaml", fleets).endswith("own name; rename the file to staging.yaml")


def test_a_file_elsewhere_may_be_called_anything(project: Path):
    (project / "trial.yaml").write_text(FLEET)

    assert "staging" == load_spec("./trial.yaml", project).spec.name


def test_a_path_works_wherever_an_environment_does(project: Path):
    assert load_spec("fleets/staging.yaml", project / "stacks") == load_spec("staging", project)


def test_a_symbolic_link_is_followed(project: Path):
    (project / "link.yaml").symlink_to(project / "stacks" / "fleets" / "staging.yaml")

    assert load_spec("./link.yaml", project).spec == load_spec("staging", project).spec


def test_a_file_outside_any_project_has_its_own_folder_as_root(tmp_path: Path):
    (tmp_path / "fleet.yaml").write_text(FLEET)

    assert load_spec("./fleet.yaml", tmp_path).root == tmp_path


def test_a_file_outside_any_project_takes_the_project_one_works_in(
    project: Path, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "fleet.yaml"
    elsewhere.write_text(FLEET)

    assert load_spec(str(elsewhere), project).root == project


def test_an_unknown_environment_is_told_the_closest_one(project: Path):
    assert told("stagign", project) == (
        "stacks/fleets/stagign.yaml: given 'stagign', for which there is no file; expected one of staging;"
        " did you mean staging?"
    )


def test_a_missing_path_is_told_so_even_where_there_is_no_folder(project: Path):
    assert told("./nowhere/fleet.yaml", project) == (
        "nowhere/fleet.yaml: given './nowhere/fleet.yaml', for which there is no file; expected a fleet file;"
        " create the file, or name another"
    )


@pytest.mark.parametrize("env", ["..", "Staging", "sta ging", "", "-x", "a\x00b", "prod;rm", "ä"])
def test_a_name_that_no_environment_can_have_is_refused_before_any_file_is_sought(env: str, project: Path):
    assert "argument: given the environment" in told(env, project)


def test_a_path_that_leaves_the_project_is_only_a_path(project: Path):
    assert "for which there is no file" in told("../staging", project)


@pytest.mark.parametrize("env", ["./a\x00b.yaml", f"./{'x' * 300}.yaml"])
def test_a_path_that_no_file_can_have_is_a_missing_file(env: str, project: Path):
    assert "for which there is no file" in told(env, project)


def test_without_a_project_the_environment_cannot_be_found(tmp_path: Path):
    assert told("staging", tmp_path) == (
        "argument: given the environment 'staging', but no Pulumi.yaml here or in a folder above;"
        " expected a folder inside the project;"
        " change into the project's folder, or give the fleet file's path"
    )


def test_a_folder_is_not_a_fleet_file(project: Path):
    (project / "folder.yaml").mkdir()

    assert told("./folder.yaml", project) == (
        "folder.yaml: given a folder; expected a YAML file; name a file inside it"
    )


def test_a_pipe_is_refused_and_not_waited_for(project: Path):
    os.mkfifo(project / "pipe.yaml")

    assert told("./pipe.yaml", project) == (
        "pipe.yaml: given a pipe or a device; expected a YAML file; name a file that is one"
    )


def test_a_device_is_refused_and_not_read(project: Path):
    (project / "zero.yaml").symlink_to("/dev/zero")

    assert "zero.yaml: given a pipe or a device; expected a YAML file" in told("./zero.yaml", project)


def test_a_link_that_leads_back_to_itself_is_called_so(project: Path):
    (project / "loop.yaml").symlink_to("loop.yaml")

    assert told("./loop.yaml", project) == (
        "loop.yaml: given a symbolic link that leads back to itself; expected a fleet file;"
        " point the link at a file, or replace it by one"
    )


def test_a_link_to_nothing_is_called_so(project: Path):
    (project / "stacks" / "fleets" / "dev.yaml").symlink_to("gone.yaml")

    assert "dev.yaml: given a symbolic link to a file that does not exist" in told("dev", project)


def test_a_file_of_more_than_a_megabyte_is_refused_before_it_is_parsed(project: Path):
    (project / "big.yaml").write_text("[" * (MAX_BYTES + 1))

    assert told("./big.yaml", project) == (
        "big.yaml: given a file of more than 1 MB; expected at most 1 MB; split the fleet, or the hall"
    )


def test_bytes_that_are_not_utf8_are_shown_their_place(project: Path):
    (project / "latin.yaml").write_bytes(b"version: 1\nname: Troms\xf8\n")

    assert told("./latin.yaml", project) == (
        "latin.yaml:2:12: given bytes that are not UTF-8; expected text in UTF-8; save the file as UTF-8"
    )


def test_a_control_character_is_shown_its_place(project: Path):
    (project / "bell.yaml").write_text("version: 1\nname: d\x07v\n")

    assert told("./bell.yaml", project) == (
        "bell.yaml:2:8: given a control character; expected YAML; delete it"
    )


def test_a_file_that_may_not_be_read_says_why(project: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(os, "open", refuse)

    assert told("staging", project) == (
        "stacks/fleets/staging.yaml: given a file that cannot be read (permission denied);"
        " expected a readable file; check its permissions"
    )


def test_a_file_outside_the_working_folder_is_named_in_full(
    project: Path, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "fleet.yaml"
    elsewhere.write_text("- x\n")

    assert told(str(elsewhere), project).startswith(f"{elsewhere}:1:1: given a list")
