import gc
from collections.abc import Iterator

import pytest

from argosy_component.garbage import garbage_unsought


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Garbage is sought before each test, and as it was after it; nothing stays frozen."""
    before = gc.isenabled()
    gc.enable()
    yield
    gc.unfreeze()
    (gc.enable if before else gc.disable)()


def test_no_garbage_is_sought_inside_and_it_is_again_after() -> None:
    with garbage_unsought():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_what_is_there_by_the_end_is_not_searched_later() -> None:
    with garbage_unsought():
        kept = [[number] for number in range(100)]

    assert gc.get_freeze_count() >= len(kept)


def test_a_failure_inside_leaves_no_pause_behind() -> None:
    with pytest.raises(ZeroDivisionError), garbage_unsought():
        _ = 1 / 0

    assert gc.isenabled()


def test_whoever_paused_it_before_ends_the_pause() -> None:
    with garbage_unsought():
        with garbage_unsought():
            pass

        assert not gc.isenabled()
