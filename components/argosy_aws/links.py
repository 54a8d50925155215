"""The links of a site, put together from those of its parts."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

Links = Mapping[str, pulumi.Output[str]]


def joined_links(*parts: Links) -> Links:
    """All links of the parts. Raises ValueError for one that two parts give, of which one would be lost."""
    links: dict[str, pulumi.Output[str]] = {}
    for part in parts:
        for link, value in part.items():
            if link in links:
                raise ValueError(f"two links are called {link}; rename the hall or the bucket that it names")
            links[link] = value
    return links
