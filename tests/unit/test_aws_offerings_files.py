"""Whatever stands in a file of offerings: it is compared, or refused in a sentence and with exit code 2."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy_aws.purchases.offerings import OfferingsError, offering_faults, read_offerings

from .conftest import ORDER, LoadOrder

ARGOSY = Path(sys.executable).with_name("argosy")
OFFERED = """{"CapacityBlockOfferings": [{
  "CapacityBlockOfferingId": "cb-0123456789abcdef0", "InstanceType": "p5en.48xlarge", "InstanceCount": 64,
  "AvailabilityZone": "us-east-1c", "StartDate": "2027-01-11T11:30:00+00:00",
  "EndDate": "2027-01-25T11:30:00+00:00", "UpfrontFee": "894700.80", "CurrencyCode": "USD"}]}"""


def with_(value: str, instead_of: str) -> str:
    assert instead_of in OFFERED
    return OFFERED.replace(instead_of, value)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


def text(content: str | bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


NO_ANSWER = "no answer of the AWS CLI in JSON"
ODD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file or directory"),
    "folder": (lambda path: path.mkdir(), "Is a directory"),
    "loop": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "pipe": (os.mkfifo, "a pipe or a device"),
    "3-gb": (sparse, "a file of more than 1 MB"),
    "bytes": (text(b"\xff"), NO_ANSWER),
    "deep": (text("[" * 100_000), NO_ANSWER),
    "deep-list": (text('{"CapacityBlockOfferings": ' + "[" * 100_000), NO_ANSWER),
    "mapping": (text('{"CapacityBlockOfferings": {"a": 1}}'), NO_ANSWER),
    "text": (text('{"CapacityBlockOfferings": "text"}'), NO_ANSWER),
    "lists": (text('{"CapacityBlockOfferings": [[]]}'), NO_ANSWER),
    "number": (text("9" * 5_000), NO_ANSWER),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("make", "why"), ODD_FILES.values(), ids=list(ODD_FILES))
def test_what_is_no_answer_is_refused_with_the_file_s_name(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    file = tmp_path / "offerings.json"
    make(file)

    with pytest.raises(OfferingsError) as refused:
        read_offerings(file)
    assert f"{file}: {why}; write it with `aws ec2" in str(refused.value)
    assert 2 == refused.value.exit_code


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("content", "field", "expected"),
    [
        (with_("9" * 5_000, "64"), "instances", "expected 999"),
        (with_('"UpfrontFee": "1e99999999999"', '"UpfrontFee": "894700.80"'), "upfront_fee_usd", "no sum"),
        (with_('"UpfrontFee": 1e99999999999', '"UpfrontFee": "894700.80"'), "upfront_fee_usd", "no sum"),
        (with_('"UpfrontFee": NaN', '"UpfrontFee": "894700.80"'), "upfront_fee_usd", "no sum"),
        (with_('"UpfrontFee": "-1"', '"UpfrontFee": "894700.80"'), "upfront_fee_usd", "no sum"),
        (with_("9999-12-31T23:59:59-23:59", "2027-01-11T11:30:00+00:00"), "starts", "no date"),
        (with_("0001-01-01T00:00+12:00", "2027-01-25T11:30:00+00:00"), "ends", "no date"),
        (with_("2027-01-25T11:30:00", "2027-01-25T11:30:00+00:00"), "ends", "a date without an offset"),
        (
            with_("[" * 900 + "]" * 900, '"2027-01-11T11:30:00+00:00"'),
            "starts",
            "no date",
        ),
        (with_('{"a": 1}', '"p5en.48xlarge"'), "instance_type", "nothing that can be compared"),
        (with_("\\u001b[31mred", "us-east-1c"), "zone", "\ufffd[31mred"),
    ],
)
def test_a_value_that_cannot_be_the_block_s_is_a_fault_of_one_line(
    load_order: LoadOrder, tmp_path: Path, content: str, field: str, expected: str
) -> None:
    file = tmp_path / "offerings.json"
    file.write_text(content, encoding="utf-8")

    (fault,) = offering_faults(load_order(), read_offerings(file))
    assert f"capacity_blocks.train-january.{field}" == fault.path
    assert expected in str(fault)
    assert 400 > len(fault.expected)


def test_a_fee_may_be_a_number_too(load_order: LoadOrder, tmp_path: Path) -> None:
    file = tmp_path / "offerings.json"
    file.write_text(with_("894700.800000", '"894700.80"'), encoding="utf-8")

    assert [] == list(offering_faults(load_order(), read_offerings(file)))


@pytest.mark.timeout(60)
def test_the_command_ends_with_two_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "offerings.json"
    file.write_text("[" * 100_000, encoding="utf-8")
    done = subprocess.run(
        [ARGOSY, "aws", "purchases", ORDER, "--offerings", file],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert "offerings.json: no answer of the AWS CLI in JSON" in done.stderr
    assert "Traceback" not in done.stderr
