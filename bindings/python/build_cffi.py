# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the C source of the extension module libdpu._libdpu from the public headers.

usage: build_cffi.py OUTPUT HEADER...

The headers are written plainly (no conditional code but the C++ guard, no inline functions), so a cdef is what
is left without comments and preprocessor lines. Whatever this script would get wrong, the C compiler refuses:
cffi's API mode checks each prototype, member and constant against <dpu/dpu.h>.
"""
import os
import re
import sys
import warnings

import cffi

# What the headers take from the system, and the one function that C calls in Python.
PREAMBLE = """
struct iovec { void *iov_base; size_t iov_len; ...; };
"""
CALLBACKS = """
extern "Python" void _libdpu_log(void *data, int level, const char *file, int line, const char *func,
				 const char *message);
"""


def cdef(text):
    """Turns the text of one header into declarations for cffi."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.S)
    text = text.replace("\\\n", " ")
    lines = []
    for line in text.splitlines():
        constant = re.match(r"#define (DPU_\w+) +\S", line)
        if constant:
            lines.append(f"#define {constant[1]} ...")
        elif not line.startswith("#"):
            lines.append(line.replace("DPU_PUBLIC ", ""))
    return "\n".join(lines)


def by_inclusion(headers):
    """The texts of headers, each after those that it includes."""
    texts = {}
    for header in headers:
        with open(header, encoding="utf-8") as file:
            texts["dpu/" + os.path.basename(header)] = file.read()
    done = []

    def visit(name):
        if name in texts and name not in done:
            for included in re.findall(r"#include <(dpu/\w+\.h)>", texts[name]):
                visit(included)
            done.append(name)

    for name in texts:
        visit(name)
    return {name: texts[name] for name in done}


def main():
    output, *headers = sys.argv[1:]
    ffi = cffi.FFI()
    ffi.cdef(PREAMBLE)
    for name, text in by_inclusion(headers).items():
        # export.h is macros for C programs.
        if name != "dpu/export.h":
            ffi.cdef(cdef(text))
    ffi.cdef(CALLBACKS)
    # cffi 1.15 hands the option to distutils, which does not know it; libtool builds the module, not distutils.
    warnings.filterwarnings("ignore", "Unknown Extension options")
    ffi.set_source("libdpu._libdpu", "#include <dpu/dpu.h>", py_limited_api=True)
    ffi.emit_c_code(output)


if __name__ == "__main__":
    main()
