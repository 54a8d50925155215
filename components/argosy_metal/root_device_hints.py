"""Root device hints: which of a server's drives gets the system. Ironic's keys and operators. Pure.

Source: openstack/ironic, doc/source/install/include/root-device-hints.inc, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TEXT = re.compile(r"(s(==|!=|>=|>|<=|<)\s+|<in>\s+|<or>\s+|<all-in>\s+)?\S.*")
_NUMBER = re.compile(
    r"((==|=|!=|>=|>|<=|<)\s*)?[0-9]+"
    r"|<range-in>\s*[\[(]\s*[0-9]+\s+[0-9]+\s*[\])]"
    r"|<or>\s+[0-9]+(\s+<or>\s+[0-9]+)*"
)
_FLAG = re.compile(r"true|false")
_TEXTS = "text, with s==, s!=, s>=, s>, s<=, s<, <in>, <or> or <all-in> before it where meant"
_NUMBERS = "GiB as a whole number, with ==, !=, >=, >, <=, <, <or>, or `<range-in> ( 10 100 )` where meant"
_KEYS: Mapping[str, tuple[re.Pattern[str], str]] = {
    **dict.fromkeys(
        (
            *("model", "vendor", "serial", "wwn", "wwn_with_extension", "wwn_vendor_extension"),
            *("hctl", "by_path", "name"),
        ),
        (_TEXT, _TEXTS),
    ),
    "size": (_NUMBER, _NUMBERS),
    "rotational": (_FLAG, "true or false"),
}
HINTS = tuple(sorted(_KEYS))
"""All keys."""


def hint_faults(hints: Mapping[str, object]) -> list[tuple[str, str]]:
    """Key and reason for every hint that Ironic would not take."""
    faults: list[tuple[str, str]] = []
    for key, value in sorted(hints.items()):
        if key not in _KEYS:
            faults.append((key, f"there is no such hint; expected one of {', '.join(HINTS)}"))
            continue
        pattern, meaning = _KEYS[key]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            faults.append((key, f"given {value!r}; expected {meaning}"))
    return faults
