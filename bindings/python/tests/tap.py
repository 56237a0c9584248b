# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs unittest test cases and reports in TAP, as automake's test driver wants it.

Importing this module makes the package of the build tree importable, so it comes before libdpu."""
import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
builddir = os.environ.get("top_builddir") or str(pathlib.Path(__file__).resolve().parents[3])
sys.path.insert(0, os.path.join(builddir, "bindings", "python", "build"))
if os.environ.get("SANITIZER_FLAGS"):
    # Exit code 0: automake's TAP driver reads the plan, and takes any other code (77 too) for an error.
    print("1..0 # SKIP the interpreter is not built with sanitizers")
    sys.exit(0)
import libdpu  # noqa: E402


class SimTest(unittest.TestCase):
    """Each test has a DPU of its own."""

    def setUp(self):
        self.ctx = libdpu.Context("sim:")
        self.addCleanup(self.ctx.close)
        self.device = self.ctx.device("p0")

    def fails(self, code, call, *args, **kwargs):
        """The call fails with this errno; the exception."""
        with self.assertRaises(libdpu.Error) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.errno, code, caught.exception)
        return caught.exception


class Result(unittest.TestResult):
    """One line of TAP for each test; what went wrong follows as comments."""

    def report(self, line, test, detail=""):
        doc = (test.shortDescription() or test.id().removeprefix("__main__.")).rstrip(".")
        print(f"{line} {self.testsRun} - {doc.replace('#', '')}", end="")
        print(detail if detail.startswith(" # SKIP") else "".join(f"\n# {text}" for text in detail.splitlines()))
        sys.stdout.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.report("ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.report("not ok", test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report("not ok", test, self.failures[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report("ok", test, f" # SKIP {reason}")


def main():
    """Runs the tests of the calling script."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = Result()
    suite.run(result)
    print(f"1..{result.testsRun}")
    sys.exit(0 if result.wasSuccessful() else 1)
