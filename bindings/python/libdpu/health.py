# SPDX-License-Identifier: LGPL-2.1-or-later
"""Health: what a device's reporters know of errors."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple

from . import port
from ._libdpu import lib
from ._object import enum_value
from .errors import text


class HealthState(enum.IntEnum):
    """State of a reporter."""

    HEALTHY = lib.DPU_HEALTH_HEALTHY
    ERROR = lib.DPU_HEALTH_ERROR

    def __str__(self) -> str:
        return text(lib.dpu_health_state_name(self))


class HealthReporter(NamedTuple):
    """A reporter of a device (port is None) or of one of its ports. There is no second automatic recovery within
    grace_period, in seconds."""

    name: str
    port: int | None
    state: HealthState
    errors: int
    recoveries: int
    grace_period: float
    auto_recover: bool
    auto_dump: bool


def make(c: Any) -> HealthReporter:
    return HealthReporter(text(c.name) or "", port.number(c.port), enum_value(HealthState, c.state), c.errors,
                          c.recoveries, c.grace_period_ms / 1000, bool(c.auto_recover), bool(c.auto_dump))


def which(reporter: HealthReporter | str) -> tuple[int, bytes]:
    """Port and name of a reporter as the C library has them; a name alone is one of the device's own."""
    name, index = (reporter, None) if isinstance(reporter, str) else (reporter.name, reporter.port)
    return lib.DPU_PORT_NO_NUMBER if index is None else index, name.encode()
