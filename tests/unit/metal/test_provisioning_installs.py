"""What a hall's service keeps of offers: handed out once, to whom it was made for, and only for a time."""

import stat
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from argosy_metal.provisioning.installs import GoneError, Install, Installs, NotForYouError, RefusedOfferError

SECRET = b"#cloud-config\npassword: canary-4711\n"
OFFER = {
    "serial": "SN1",
    "image": {"url": "https://provision.oslo.test/images/node.iso", "sha256": "ab" * 32, "kind": "iso"},
    "boot_method": "virtualMedia",
    "root_device_hints": {"serial": "DISK1"},
    "user_data": b64encode(SECRET).decode(),
}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def installs(tmp_path: Path, time: Time) -> Iterator[Installs]:
    found = Installs(tmp_path / "installs.sqlite", time, lifetime_seconds=60)
    yield found
    found.close()


def test_user_data_is_handed_out_once(installs: Installs):
    install = installs.offer("i1", OFFER)

    assert SECRET == installs.take_user_data(install)
    with pytest.raises(GoneError):
        installs.take_user_data(install)


def test_what_was_handed_out_is_in_the_file_no_more(installs: Installs, tmp_path: Path):
    installs.take_user_data(installs.offer("i1", OFFER))
    installs.close()

    assert b"canary-4711" not in (tmp_path / "installs.sqlite").read_bytes()


def test_what_was_withdrawn_is_in_the_file_no_more_and_not_handed_out(installs: Installs, tmp_path: Path):
    install = installs.offer("i1", OFFER)
    assert installs.withdraw("i1")

    assert installs.find("i1") is None
    with pytest.raises(GoneError):
        installs.take_user_data(install)
    installs.close()
    assert b"canary-4711" not in (tmp_path / "installs.sqlite").read_bytes()


def test_the_same_offer_again_changes_nothing(installs: Installs):
    assert installs.offer("i1", OFFER).token == installs.offer("i1", OFFER).token


def test_another_offer_under_the_same_id_is_refused(installs: Installs):
    installs.offer("i1", OFFER)

    with pytest.raises(RefusedOfferError, match="another offer stands under this install id"):
        installs.offer("i1", {**OFFER, "serial": "SN2"})


def test_two_installs_have_two_tokens_and_neither_opens_the_other(installs: Installs):
    one, two = installs.offer("i1", OFFER), installs.offer("i2", {**OFFER, "serial": "SN2"})

    assert installs.authorized("i1", one.token) == one
    with pytest.raises(NotForYouError):
        installs.authorized("i1", two.token)
    with pytest.raises(NotForYouError):
        installs.authorized("i1", "")


def test_after_its_time_an_offer_is_handed_out_no_more(installs: Installs, time: Time):
    install = installs.offer("i1", OFFER)
    time.now += 60

    assert installs.find("i1") is None
    assert installs.latest_of("SN1") is None
    with pytest.raises(NotForYouError):
        installs.by_token(install.token)


def test_a_machine_may_report_long_after_its_offer_is_over(installs: Installs, time: Time):
    install = installs.offer("i1", OFFER)
    installs.withdraw("i1")
    time.now += 1e6
    installs.report("SN1", install.token, {"install_id": "i1", "boot_id": "b7"})

    assert {"install_id": "i1", "boot_id": "b7"} == installs.report_of("SN1")


def heard(installs: Installs, install: Install, boot: str) -> None:
    """The system of an install phones home."""
    installs.report("SN1", install.token, {"install_id": install.install_id, "boot_id": boot})


def refused(installs: Installs, install: Install) -> None:
    """What is known of the server stays as it is, whatever the install says."""
    before = installs.report_of("SN1"), installs.acceptance_of("SN1")
    said = {"install_id": install.install_id, "boot_id": "late"}
    with pytest.raises(NotForYouError):
        installs.report("SN1", install.token, said)
    with pytest.raises(NotForYouError):
        installs.accept("SN1", install.token, said)
    assert before == (installs.report_of("SN1"), installs.acceptance_of("SN1"))


@pytest.mark.parametrize("said", [{}, {"stage": "installed"}, {"failure": "no disk"}])
def test_once_a_newer_install_has_reported_an_older_one_reports_no_more(
    installs: Installs, said: dict[str, str]
):
    older, newer = installs.offer("i1", OFFER), installs.offer("i2", OFFER)
    installs.report("SN1", newer.token, {"install_id": "i2", "boot_id": "b1", **said})

    refused(installs, older)
    heard(installs, newer, "b2")


def test_the_system_that_runs_may_reboot_while_the_next_install_is_only_offered(installs: Installs):
    older = installs.offer("i1", OFFER)
    installs.offer("i2", OFFER)
    heard(installs, older, "b7")

    assert {"install_id": "i1", "boot_id": "b7"} == installs.report_of("SN1")


def test_a_withdrawn_install_reports_no_more_once_there_is_a_newer_one(installs: Installs):
    older = installs.offer("i1", OFFER)
    heard(installs, older, "b1")
    installs.withdraw("i1")
    installs.offer("i2", OFFER)

    refused(installs, older)


def test_another_servers_newer_install_takes_nobodys_place(installs: Installs):
    own, other = installs.offer("i1", OFFER), installs.offer("i2", {**OFFER, "serial": "SN2"})
    installs.report("SN2", other.token, {"install_id": "i2", "boot_id": "b1"})
    heard(installs, own, "b2")

    assert {"install_id": "i1", "boot_id": "b2"} == installs.report_of("SN1")


@pytest.mark.parametrize(
    ("serial", "token", "install_id"),
    [("SN1", "guessed", "i1"), ("SN2", None, "i1"), ("SN1", None, "i2"), ("SN1", None, "unknown")],
)
def test_nobody_reports_for_another(installs: Installs, serial: str, token: str | None, install_id: str):
    own = installs.offer("i1", OFFER).token
    installs.offer("i2", {**OFFER, "serial": "SN2"})

    with pytest.raises(NotForYouError):
        installs.report(serial, token or own, {"install_id": install_id, "boot_id": "b1"})
    assert installs.report_of(serial) is None


def test_the_file_is_for_its_owner_alone(installs: Installs, tmp_path: Path):
    assert 0o600 == stat.S_IMODE((tmp_path / "installs.sqlite").stat().st_mode)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image": "x"}, "image: expected an object"),
        ({"image": {}}, "image: expected an object"),
        ({"image": {"sha256": "ABC"}}, "image.sha256: expected 64 lower-case hex digits"),
        ({"serial": "SN1'; reboot; '"}, "serial: expected letters"),
        ({"root_device_hints": []}, "root_device_hints: an object"),
        ({"user_data": "not base64!"}, "user_data: expected base64"),
        ({"user_data": 1234}, "user_data: expected base64"),
        ({"serial": None}, "serial: expected letters"),
    ],
)
def test_an_offer_of_the_wrong_shape_is_refused(installs: Installs, change: dict[str, object], reason: str):
    with pytest.raises(RefusedOfferError, match=reason):
        installs.offer("i1", {**OFFER, **change})


def test_an_install_id_that_could_be_more_than_a_word_is_refused(installs: Installs):
    with pytest.raises(RefusedOfferError, match="install id: expected letters"):
        installs.offer("i1'; reboot; '", OFFER)


def test_all_that_is_missing_is_told_at_once(installs: Installs):
    with pytest.raises(RefusedOfferError, match="image, boot_method, root_device_hints missing"):
        installs.offer("i1", {"serial": "SN1"})


def test_no_repr_shows_a_token(installs: Installs):
    install = installs.offer("i1", OFFER)

    assert install.token not in repr(install)
