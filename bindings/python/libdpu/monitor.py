# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events: what comes, changes and goes."""
from __future__ import annotations

import enum
import math
import select
import time
from typing import TYPE_CHECKING, Iterable, Iterator, NamedTuple

from . import port
from ._libdpu import ffi, lib
from ._object import Object, deadline_ms, enum_value, options
from .errors import text

if TYPE_CHECKING:
    from .context import Context


class EventObject(enum.IntEnum):
    """What an event is about."""

    DEVICE = lib.DPU_EVENT_DEVICE
    PORT = lib.DPU_EVENT_PORT
    FUNCTION = lib.DPU_EVENT_FUNCTION
    NETDEV = lib.DPU_EVENT_NETDEV
    RDMA = lib.DPU_EVENT_RDMA
    HEALTH = lib.DPU_EVENT_HEALTH

    def __str__(self) -> str:
        return text(lib.dpu_event_object_name(self))


class EventAction(enum.IntEnum):
    """What happened."""

    ADDED = lib.DPU_EVENT_ADDED
    CHANGED = lib.DPU_EVENT_CHANGED
    REMOVED = lib.DPU_EVENT_REMOVED

    def __str__(self) -> str:
        return text(lib.dpu_event_action_name(self))


class Event(NamedTuple):
    """An event: the device's handle, the port's and the network device's index, and the name of the network device,
    RDMA device or health reporter; None for what there is not."""

    object: EventObject
    action: EventAction
    handle: str | None
    port: int | None
    ifindex: int | None
    name: str | None


class Monitor(Object):
    """A watch, from when it was opened until it is closed. It has a fileno(), so select, selectors and asyncio take
    it as it is: when it is readable, take events until there is none."""

    _ref = lib.dpu_monitor_ref
    _unref = lib.dpu_monitor_unref

    def __init__(self, context: Context, objects: Iterable[EventObject] | None = None) -> None:
        bits = 0
        if objects is not None:
            for member in objects:
                bits |= 1 << member
            if not bits:
                raise ValueError("a monitor watches something; None is everything")
        ret = ffi.new("struct dpu_monitor **")
        opts = options("dpu_monitor_opts", objects=bits)
        context._check(lib.dpu_monitor_open(context._c, opts, ret), "open monitor")
        super().__init__(ret[0], context._world, context._ctx)

    def fileno(self) -> int:
        """The descriptor to wait for. It is the monitor's own: neither read nor close it."""
        return lib.dpu_monitor_fd(self._c)

    def next_event(self) -> Event | None:
        """Takes the next event, None when there is none now. Never blocks."""
        event = options("dpu_event")
        if not self._check(lib.dpu_monitor_next(self._c, event), "next event"):
            return None
        return Event(enum_value(EventObject, event.object), enum_value(EventAction, event.action),
                     text(event.handle), port.number(event.port), event.ifindex or None, text(event.name))

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """Yields events as they come, until none has come for timeout seconds: 0 is what is there now, None no
        end."""
        deadline_ms(timeout)
        return self._events(math.inf if timeout is None else timeout)

    def _events(self, timeout: float) -> Iterator[Event]:
        poll = select.poll()
        poll.register(self, select.POLLIN)
        while True:
            end = time.monotonic() + timeout
            while (event := self.next_event()) is None:
                left = end - time.monotonic()
                if left <= 0:
                    return
                poll.poll(deadline_ms(left))
            yield event
