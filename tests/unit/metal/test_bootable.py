"""What each boot method starts, by engine."""

from __future__ import annotations

import pytest

from argosy_metal.bootable import bootable_kinds
from argosy_metal.lifecycle import BootMethod, ImageKind


@pytest.mark.parametrize("method", BootMethod)
def test_every_boot_method_starts_kinds_that_there_are_by_redfish(method: BootMethod) -> None:
    kinds = bootable_kinds(method, by_ironic=False)

    assert kinds
    assert set(kinds) <= set(ImageKind)


def test_every_kind_of_image_is_started_by_some_method() -> None:
    assert set(ImageKind) == {kind for each in BootMethod for kind in bootable_kinds(each, by_ironic=False)}


def test_ironic_writes_disk_images_and_has_one_boot_method() -> None:
    assert ("iso", "qcow2", "raw") == bootable_kinds(BootMethod.VIRTUAL_MEDIA, by_ironic=True)
    assert () == bootable_kinds(BootMethod.PXE, by_ironic=True)
    assert () == bootable_kinds(BootMethod.HTTP_BOOT, by_ironic=True)
