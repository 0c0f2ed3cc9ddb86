#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""static_build.py is seen to fail: on each text that it reads, and on a program that is not static."""

import subprocess
import unittest

from selftest import TOP, Lint

HERE = "packaging/static"
TEXTS = (f"{HERE}/build", f"{HERE}/fetch", f"{HERE}/options", f"{HERE}/README.md",
         "CMakeLists.txt", "contrib/packages")  # fmt: skip


class StaticBuild(Lint):
    def setUp(self):
        super().setUp()
        for name in TEXTS:
            self.write(name, (TOP / name).read_text())

    def finds_after(self, name, old, new, words):
        self.passes("static_build.py")
        text = (self.root / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))
        self.finds(words, "static_build.py")

    def finds_in_program(self, words, *flags):
        program = self.root / "build/static/svc-agent"
        program.parent.mkdir(parents=True)
        subprocess.run(
            ["cc", *flags, "-o", program, "-x", "c", "-"],
            input="int main(void) { return 0; }\n", text=True, check=True,
        )  # fmt: skip
        self.finds(words, "static_build.py")

    def test_library_without_options(self):
        self.finds_after(f"{HERE}/options", "libev  ", "libevil  ", "options: libevil is there alone")

    def test_options_without_a_library(self):
        self.finds_after(f"{HERE}/build", " libev ", " ", "options: libev is there alone")

    def test_option_twice(self):
        row = "openssl  no-srp\n"
        self.finds_after(f"{HERE}/options", row, row + row, "openssl no-srp is there twice")

    def test_library_without_a_row(self):
        self.finds_after(f"{HERE}/README.md", "| `libev` |", "| libev |", "libev: the table")

    def test_library_that_only_cmake_knows(self):
        old = "IMPORTED_TARGET libcjson)"
        self.finds_after("CMakeLists.txt", old, "IMPORTED_TARGET libjansson)", "libjansson is not among")

    def test_command_without_a_package(self):
        self.finds_after("contrib/packages", "static  musl-tools\n", "", "runs musl-gcc: musl-tools")

    def test_program_that_needs_libraries(self):
        self.finds_in_program("has NEEDED: it is not static")

    def test_program_at_one_address(self):
        self.finds_in_program("is not at a random address", "-static")

    def test_program_that_executes_what_it_writes(self):
        self.finds_in_program("can be written and executed", "-static-pie", "-Wl,-z,execstack")


if __name__ == "__main__":
    unittest.main()
