"""What speeds up all tests that declare resources."""

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def sdks_are_not_garbage() -> None:
    """Keep the collector from walking the SDKs' modules, which stay for the whole run.

    They are hundreds of thousands of objects, and every graph makes garbage enough to have them walked again:
    a third of the time that it takes to declare one.
    """
    gc.collect()
    gc.freeze()
