"""What may stand under `settings:` of an AWS site and pool: the forms that AWS takes, and no others."""

import pytest
from pydantic import ValidationError

from argosy_aws.settings import AwsPoolSettings, HallSettings

from ..aws_plans import pool_settings, site_settings


def hall(location: str) -> HallSettings:
    return HallSettings.model_validate(
        {"vpn": [{"location": location, "address": "8.8.4.4", "asn": 65010}]},
    )


@pytest.mark.parametrize(
    "location", ["a", "east room", "Duct 4/b: @north=1+2.3-4_5", "aws", "aws east", "x" * 100]
)
def test_a_location_may_be_what_all_of_aws_takes_as_a_tag(location: str) -> None:
    assert location == hall(location).vpn[0].location


@pytest.mark.parametrize(
    "location",
    ["", " east", "east ", "Østfløyen", "room \u0663", "a\nb", "a;b", "aws:east", "AWS:east", "x" * 101],
)
def test_a_location_that_some_of_aws_refuses_as_a_tag_is_refused(location: str) -> None:
    with pytest.raises(ValidationError, match="location"):
        hall(location)


@pytest.mark.parametrize("name", ["a", "train group (1)", "x" * 255])
def test_a_placement_group_may_have_any_name_that_ec2_takes(name: str) -> None:
    assert name == pool_settings(placement_group=name).placement_group


@pytest.mark.parametrize("name", ["", " a", "a ", "grüppe", "a\tb", "a\n", "x" * 256])
def test_a_placement_group_has_no_name_that_ec2_refuses(name: str) -> None:
    with pytest.raises(ValidationError, match="placement_group"):
        pool_settings(placement_group=name)


@pytest.mark.parametrize("release", ["1.34.2-20260115", "1.34.12-20280229"])
def test_a_release_ends_with_a_day_of_the_calendar(release: str) -> None:
    assert release == site_settings(image_release=release).image_release
    assert release == pool_settings(image_release=release).image_release


@pytest.mark.parametrize("day", ["20269999", "20260230", "20270229", "20260001", "20260100"])
def test_a_release_of_no_day_is_refused(day: str) -> None:
    with pytest.raises(ValidationError, match="no day of the calendar"):
        AwsPoolSettings.model_validate({"image_release": f"1.34.2-{day}"})
