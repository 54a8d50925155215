"""What the plugin takes and resolves: wire values, secrets, project root, the hall's reach."""

from pathlib import Path

import pytest
from google.protobuf import struct_pb2

from argosy_metal.provider.config import check_config, hall_config, project_root
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError, status_of
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.machine import Machines
from argosy_metal.provider.reach import find_reach
from argosy_metal.provider.secrets import resolve_secret
from argosy_metal.provider.server_claim import ServerClaims
from argosy_metal.provider.values import UNKNOWN, plain_map, wire_map
from argosy_metal.redfish.media import MediaState
from argosy_metal.simulator import SimulatorNotRunningError
from argosy_metal.simulator.certificates import make_server_context

CONFIG = {
    "claims": {"backend": "sqlite", "path": "claims.sqlite"},
    "phoneHome": "https://provision.hall.test/phone-home",
}


def test_values_come_back_from_the_wire_as_they_were() -> None:
    values = {
        "text": "a",
        "count": 3,
        "share": 0.5,
        "on": True,
        "list": ["a", 1],
        "map": {"b": False},
        "later": UNKNOWN,
    }

    assert values == plain_map(wire_map(values))


def test_nulls_and_the_engines_own_names_are_left_out() -> None:
    struct = struct_pb2.Struct()
    struct.update({"__internal": "x", "empty": None, "given": "y"})

    assert {"given": "y"} == plain_map(struct)


def test_what_has_no_wire_value_is_refused() -> None:
    with pytest.raises(TypeError, match="no wire value for object"):
        wire_map({"x": object()})


def test_a_secret_is_found_in_the_environment_and_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")

    assert "hunter2" == resolve_secret("file:password", tmp_path, {})
    assert "hunter3" == resolve_secret("env:BMC", tmp_path, {"BMC": "hunter3"})


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("env:BMC", "env:BMC: the environment variable is not set"),
        ("file:missing", "file:missing: the file cannot be read (No such file or directory)"),
        ("file:empty", "file:empty: the file is empty"),
        ("file:binary", "file:binary: the file cannot be read (it is no UTF-8 text)"),
    ],
)
def test_a_secret_that_cannot_be_found_is_named_by_its_reference(
    tmp_path: Path, reference: str, reason: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(NotPossibleError) as error:
        resolve_secret(reference, tmp_path, {})

    assert reason in str(error.value)


def test_the_project_is_found_from_a_folder_in_it(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "stacks").mkdir()

    assert tmp_path == project_root(tmp_path / "stacks")
    assert {"backend": "sqlite", "path": "claims.sqlite"} == hall_config(CONFIG, tmp_path).claims


def test_outside_a_project_the_plugin_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotPossibleError, match=r"no Pulumi\.yaml at or above"):
        project_root(tmp_path)


def test_a_hall_without_its_authority_or_without_its_simulator_is_not_reached(tmp_path: Path) -> None:
    with pytest.raises(NotPossibleError, match=r"ca\.pem: no such file"):
        find_reach(hall_config({**CONFIG, "caCertificate": "ca.pem"}, tmp_path))
    with pytest.raises(SimulatorNotRunningError, match="argosy metal simulate"):
        find_reach(hall_config({**CONFIG, "simulatorDirectory": "simulator"}, tmp_path))


def test_a_real_hall_is_given_patience_and_its_own_name_service(tmp_path: Path) -> None:
    make_server_context(["localhost"], tmp_path / "ca.pem")

    reach = find_reach(hall_config({**CONFIG, "caCertificate": "ca.pem"}, tmp_path))

    assert (None, 60.0, 1.0) == (reach.resolve, reach.patience.read_seconds, reach.time_scale)


def test_what_nobody_foresaw_is_told_without_a_traceback() -> None:
    code, message = status_of(ZeroDivisionError("division by zero"))

    assert ("INTERNAL", "the bare-metal provider failed: ZeroDivisionError: division by zero") == (
        code.name,
        message,
    )


def test_a_partial_failure_carries_every_reason() -> None:
    assert "a; b" == str(PartialFailureError("hall/SN1", {}, ["a", "b"]))


def not_configured() -> Hall:
    raise NotPossibleError("a check needs no hall")


@pytest.mark.parametrize("given", ["hunter2", "", "https://admin:hunter2@bmc.hall.test", 7])
def test_what_may_be_a_secret_by_mistake_is_not_repeated(given: object) -> None:
    inputs = {"bmc": given, "passwordRef": given, "usernameRef": given}
    _, failures = ServerClaims(lambda: pytest.fail("a check needs no hall")).check(inputs)
    image = {"url": given, "sha256": "a" * 64}
    _, more = Machines(not_configured).check({"serverId": "hall/SN1", "image": image})
    _, text_for_image = Machines(not_configured).check({"serverId": "hall/SN1", "image": given})
    hall = check_config({**CONFIG, "caCertificate": "ca.pem", "phoneHome": given})

    told = dict([*failures, *more, *text_for_image, *hall])
    assert {"bmc", "passwordRef", "usernameRef", "image.url", "image", "phoneHome"} <= set(told)
    assert not any("hunter2" in reason for reason in told.values())
    assert "expected `env:NAME` or `file:PATH`" in told["passwordRef"]


def test_a_drive_holds_an_image_only_if_it_is_inserted_and_the_very_one() -> None:
    ours = "https://provision.hall.test/node.iso?install=1"

    assert MediaState(True, ours).holds(ours)
    assert not MediaState(False, ours).holds(ours)
    assert not MediaState(True, "https://provision.hall.test/node.iso?install=2").holds(ours)
