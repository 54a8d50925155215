"""Declaring without searching the memory for garbage again and again."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def garbage_unsought() -> Generator[None, None, None]:
    """Pauses Python's search for garbage, and keeps what is there by then out of later searches.

    Importing the vendors' SDKs and declaring resources fills the memory with what stays to the end. To search
    it again and again takes a third of a program's time, and finds next to nothing (benchmarks/render.py).
    """
    if not gc.isenabled():
        yield  # whoever paused it goes on by himself
        return
    gc.disable()
    try:
        yield
    finally:
        # Else the first search would come now, through all that is there.
        gc.freeze()
        gc.enable()
