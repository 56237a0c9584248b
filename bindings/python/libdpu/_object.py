# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all objects of the binding share: one C reference each, and the world they belong to."""
from __future__ import annotations

import enum
import math
import os
import weakref
from typing import Any, Callable, TypeVar

from ._libdpu import ffi
from .errors import check

F = TypeVar("F")
T = TypeVar("T", bound="Object")
INT_MAX = 2**31 - 1


def own(pointer: Any, unref: Callable, keep: Any = None) -> Any:
    """Makes Python release a C reference. keep (a buffer, a log handle) lives until that has happened, in
    whatever order the garbage collector goes: the destructor itself holds it."""
    return ffi.gc(pointer, lambda pointer, keep=keep: unref(pointer))


def deadline_ms(deadline: float | None) -> int:
    """Seconds, or None, as the C library's milliseconds."""
    if deadline is None or deadline == math.inf:
        return -1
    if not deadline >= 0:
        raise ValueError("a deadline is a number of seconds from now, or None")
    return min(math.ceil(deadline * 1000), INT_MAX)


def enum_value(kind: type[enum.IntEnum], value: int) -> Any:
    """The member of an enumeration, or the bare number if a newer library has one more."""
    try:
        return kind(value)
    except ValueError:
        return int(value)


def parse(kind: type[enum.IntEnum], c_enum: str, function: Callable, name: str, what: str) -> Any:
    """The member of an enumeration that the C library knows by that name."""
    ret = ffi.new(f"enum {c_enum} *")
    check(function(name.encode(), ret), None, f"{what} {name!r}")
    return kind(ret[0])


def hw_addr_bytes(address: str | bytes) -> bytes:
    """A MAC address as six bytes."""
    raw = bytes.fromhex(address.replace(":", "").replace("-", "")) if isinstance(address, str) else bytes(address)
    if len(raw) != 6:
        raise ValueError(f"a MAC address has six bytes: {address!r}")
    return raw


def c_hw_addr(address: str | bytes | None) -> Any:
    """A MAC address for a member of a structure, which does not keep it: the caller does."""
    return ffi.NULL if address is None else ffi.new("uint8_t[6]", hw_addr_bytes(address))


def hw_addr_text(address: Any) -> str | None:
    """Six bytes of C as "02:00:00:00:00:58"; None when they are all zero."""
    raw = ffi.buffer(address, 6)[:]
    return raw.hex(":") if any(raw) else None


def c_text(value: str | None) -> Any:
    """A string for a member of a structure, which does not keep it: the caller does."""
    return ffi.NULL if value is None else ffi.new("char[]", os.fsencode(value))


def positive(name: str, value: int | None) -> int:
    """A number of which the C library takes 0 for none given."""
    if value is not None and value < 1:
        raise ValueError(f"{name} is at least 1, or None")
    return value or 0


def options(name: str, **members: Any) -> Any:
    """A structure that knows its size, as DPU_OPTS() makes it in C."""
    opts = ffi.new(f"struct {name} *", members)
    opts.sz = ffi.sizeof(f"struct {name}")
    return opts


def facts(items: Any, count: Callable, get: Callable, unref: Callable, make: Callable[[Any], F]) -> list[F]:
    """Turns a C list of plain facts into a Python list: make copies one item, for the list owns them."""
    items = own(items, unref)
    try:
        return [make(get(items, i)) for i in range(count(items))]
    finally:
        ffi.release(items)


class World:
    """What the objects of one context share. It has no reference to any of them, so they can be collected in any
    order; each of them keeps it (and with it the log function) until its C reference is gone."""

    def __init__(self, log_handle: Any = None) -> None:
        self.log_handle = log_handle
        self.objects: weakref.WeakSet[Object] = weakref.WeakSet()

    def close(self) -> None:
        for obj in list(self.objects):
            obj._drop()


class Object:
    """An object of the C library. It owns one reference, which close(), the end of a with block, or the garbage
    collector releases."""

    _ref: Callable
    _unref: Callable

    def __init__(self, pointer: Any, world: World | None, ctx: Any = ffi.NULL, keep: Any = None) -> None:
        self._pointer = own(pointer, type(self)._unref, (world, keep))
        self._world = world
        # Borrowed: the object's own reference keeps the context alive inside the C library.
        self._ctx = ctx
        self._keep = keep
        if world is not None:
            world.objects.add(self)

    @classmethod
    def _wrap(cls: type[T], pointer: Any, parent: Object, keep: Any = None) -> T:
        """Takes over a reference to what came from parent."""
        obj = cls.__new__(cls)
        Object.__init__(obj, pointer, parent._world, parent._ctx, keep)
        return obj

    @classmethod
    def _borrow(cls: type[T], pointer: Any, parent: Object) -> T:
        """Wraps what parent owns, with a reference of its own."""
        return cls._wrap(cls._ref(pointer), parent)

    @classmethod
    def _snapshot(cls: type[T], parent: Object, items: Any, count: Callable, get: Callable,
                  unref: Callable) -> list[T]:
        """Turns a C list into a Python list."""
        items = own(items, unref)
        try:
            return [cls._borrow(get(items, i), parent) for i in range(count(items))]
        finally:
            ffi.release(items)

    @property
    def _c(self) -> Any:
        if self._pointer is None:
            raise ValueError(f"the {type(self).__name__} is closed")
        return self._pointer

    def _check(self, code: int, step: str) -> int:
        return check(code, self._ctx, step)

    def _drop(self) -> None:
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            ffi.release(pointer)
        self._keep = None

    def dup(self: T) -> T:
        """A second Python object for the same C object, to be closed on its own."""
        return type(self)._wrap(type(self)._ref(self._c), self, self._keep)

    def close(self) -> None:
        """Releases the C reference now. Closing twice is no error."""
        self._drop()

    @property
    def closed(self) -> bool:
        """Whether the object has been closed, by itself or with its context."""
        return self._pointer is None

    def __enter__(self: T) -> T:
        self._c
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _describe(self) -> str:
        return ""

    def __repr__(self) -> str:
        about = "closed" if self._pointer is None else self._describe()
        return f"<libdpu.{type(self).__name__}{' ' if about else ''}{about}>"
