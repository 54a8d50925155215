"""What machines say comes to stand in terminals, logs and errors: it is bounded and cleaned on both ways."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.lifecycle.reports import ReportService, ReportsUnavailableError, one_line
from argosy_metal.provisioning.edge import RefusedBodyError, json_object
from argosy_metal.provisioning.reported import acceptance_in, report_in
from argosy_metal.redfish.messages import Response
from argosy_metal.redfish.transport import Patience, Trust

from .provisioning_hall import Hall, served_hall

REPORT = {"install_id": "i1", "boot_id": "3f2b-1"}
TESTS = {"install_id": "i1", "run": "3f2b-1", "figures": {"gpu_count": 8}}
HOSTILE = "no disk\x1b[2J\x07 \u202egnikool\nnext: rm -rf /"
SHOWN = "no disk\ufffd[2J\ufffd \ufffdgnikool next: rm -rf /"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with served_hall(tmp_path) as found:
        yield found


def answering(monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]) -> ReportService:
    """A client of somebody's service that answers so."""
    service = ReportService(
        "https://provision.hall.test/phone-home", Trust(public=True), Patience(), None, "test"
    )

    async def exchange(*_: object, **__: object) -> Response:
        return Response(200, {}, body)

    monkeypatch.setattr("argosy_metal.redfish.transport.Transport.exchange", exchange)
    return service


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (HOSTILE, SHOWN),
        ("A" * 1_000_000, "A" * 399 + "…"),
        ("A" * 400, "A" * 400),
        (" a \r\n\t b ", "a b"),
        ("größer als 400 GB", "größer als 400 GB"),
        ("\ud800", "\ufffd"),
    ],
)
def test_what_a_machine_says_is_one_line_that_moves_no_cursor(said: str, shown: str):
    assert shown == one_line(said)


async def test_the_service_keeps_an_installers_reason_as_one_short_line(hall: Hall):
    token = await hall.offered()
    assert 204 == await hall.report(token, failure=HOSTILE + "A" * 900_000)

    kept = (await (await hall.get("/phone-home/SN1")).json())["failure"]
    assert (True, 400) == (kept.startswith(SHOWN), len(kept))


async def test_the_provider_takes_nobodys_word_for_its_terminal(monkeypatch: pytest.MonkeyPatch):
    said = {"install_id": "i1\x1b[2J", "boot_id": "b" * 10_000, "image_sha256": "\x07", "failure": HOSTILE}

    heard = await answering(monkeypatch, said).find("SN1")

    assert heard is not None
    assert ("i1\ufffd[2J", "b" * 127 + "…", "\ufffd", SHOWN) == (
        heard.install_id,
        heard.boot_id,
        heard.image_sha256,
        heard.failure,
    )


async def test_an_answer_without_ids_is_no_report(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ReportsUnavailableError, match="answers 200 without a report"):
        await answering(monkeypatch, {"install_id": 7, "boot_id": "b"}).find("SN1")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"install_id": "i1'; reboot; '"}, ["install_id"]),
        ({"install_id": 7}, ["install_id"]),
        ({"boot_id": "b" * 129}, ["boot_id"]),
        ({"image_sha256": "ABC"}, ["image_sha256"]),
        ({"stage": "runs"}, ["stage"]),
        ({"failure": ["no disk"], "stage": 1}, ["failure", "stage"]),
    ],
)
def test_a_report_of_the_wrong_shape_is_refused_with_all_that_is_wrong(
    change: dict[str, object], wrong: list[str]
):
    with pytest.raises(RefusedBodyError) as error:
        report_in(REPORT | change)

    assert str(error.value).split("; ")[2:] == [f"{name}: not as expected" for name in wrong]


def test_a_body_is_an_object_that_can_be_written_out_again():
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert {"a": 1} == json_object(nested(1))
    assert json_object(nested(16))
    for raw in (nested(17), b"[" * 100_000, b"[]", b"null", b"\xff", b""):
        with pytest.raises(RefusedBodyError, match="expected a JSON object"):
            json_object(raw)


@pytest.mark.parametrize("name", ["install_id", "boot_id"])
def test_a_report_without_its_ids_is_refused(name: str):
    with pytest.raises(RefusedBodyError, match="install_id and boot_id are needed"):
        report_in({key: value for key, value in REPORT.items() if key != name})


def test_what_is_right_is_kept_and_nothing_else():
    whole = REPORT | {"image_sha256": "a" * 64, "stage": "installed", "failure": "no disk"}

    assert whole == report_in(whole | {"more": "of it"})
    assert TESTS == acceptance_in(TESTS | {"more": "of it"})


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"figures": {"gpu_count": 10**400}}, ["figures"]),
        ({"figures": {"gpu_count": float("nan")}}, ["figures"]),
        ({"figures": {}, "install_id": None, "run": 7}, ["figures", "install_id", "run"]),
    ],
)
def test_a_test_report_of_the_wrong_shape_is_refused_with_all_that_is_wrong(
    change: dict[str, object], wrong: list[str]
):
    with pytest.raises(RefusedBodyError) as error:
        acceptance_in(TESTS | change)

    assert str(error.value).split("; ")[1:] == [f"{name}: not as expected" for name in wrong]
