# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exception of every failing call."""
from __future__ import annotations

import os
from typing import Any

from ._libdpu import ffi, lib


def text(value: Any) -> str | None:
    """A C string as str; None for NULL and for the empty string."""
    return ffi.string(value).decode("utf-8", "surrogateescape") or None if value else None


class Error(OSError):
    """A call failed.

    errno is positive as everywhere in Python; step, object, message and hint say which step failed, on what, why,
    and what a person can do about it. They are copied when the call fails and stay what they are.
    """

    def __init__(self, errno: int, message: str, step: str = "", object: str = "", hint: str = "") -> None:
        super().__init__(errno, message)
        self.message = message
        self.step = step
        self.object = object
        self.hint = hint
        self.text = f"{step} {object}".strip() + f": {message}"

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple:
        return type(self), (self.errno, self.message, self.step, self.object, self.hint)


def check(code: int, ctx: Any, step: str) -> int:
    """Gives back what a call returned, or raises what the context knows of its failure.

    Some calls fail without leaving a detail in the context (the virtqueue's have no context at all): the
    context's last error counts only if it carries this code. step names the call for those."""
    if code >= 0:
        return code
    if ctx:
        error = lib.dpu_ctx_error(ctx)
        if error and lib.dpu_error_code(error) == code:
            failure = Error(-code, text(lib.dpu_error_message(error)) or os.strerror(-code),
                            text(lib.dpu_error_step(error)) or step, text(lib.dpu_error_object(error)) or "",
                            text(lib.dpu_error_hint(error)) or "")
            failure.text = text(lib.dpu_ctx_error_text(ctx)) or failure.text
            raise failure
    raise Error(-code, os.strerror(-code), step)
