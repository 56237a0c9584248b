# SPDX-License-Identifier: LGPL-2.1-or-later
"""Resources: how a device divides what it has."""
from __future__ import annotations

from typing import Any, NamedTuple

from .errors import text


class Resource(NamedTuple):
    """A resource. size_new, which a reload of the driver makes the size, goes from size_min to size_max in steps of
    granularity. occupied is None where the driver does not count what is in use."""

    path: str
    size: int
    size_new: int
    size_min: int
    size_max: int
    granularity: int
    occupied: int | None


def make(c: Any) -> Resource:
    return Resource(text(c.path) or "", c.size, c.size_new, c.size_min, c.size_max, c.granularity,
                    c.occupied if c.has_occupied else None)
