#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hardening.py is seen to fail: on a program that lacks one property each, and on commands that lack a flag."""

import json
import platform
import subprocess
import unittest

from selftest import Lint

COMPILED = {
    "optimize": "-O2", "fortify": "-D_FORTIFY_SOURCE=3", "guard": "-fstack-protector-strong",
    "probe": "-fstack-clash-protection", "zero": "-ftrivial-auto-var-init=zero", "pic": "-fPIE",
}  # fmt: skip
LINKED = {
    "pie": "-pie", "relro": "-Wl,-z,relro", "now": "-Wl,-z,now", "stack": "-Wl,-z,noexecstack",
    "apart": "-Wl,-z,separate-code",
}  # fmt: skip
SOURCE = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char text[9000];
	strcpy(text, argv[0]);
	return puts(text) + argc;
}
"""


class Hardening(Lint):
    def build(self, source=SOURCE, **other):
        """A program with every property, or with `other` flags in the place of some."""
        program = self.root / "program"
        flags = [word for flag in {**COMPILED, **LINKED, **other}.values() for word in flag.split()]
        subprocess.run(
            ["gcc", "-w", "-U_FORTIFY_SOURCE", "-x", "c", "-", "-o", program, *flags],
            input=source, text=True, check=True,
        )  # fmt: skip
        return program

    def finds_without(self, words, **other):
        self.passes("hardening.py", self.build())
        self.finds(words, "hardening.py", self.build(**other))

    def finds_in_commands(self, words, lost):
        commands = self.root / "compile_commands.json"
        kept = [flag for flag in COMPILED.values() if flag != lost]
        for flags in (list(COMPILED.values()), kept):
            commands.write_text(json.dumps([{"file": "a.c", "command": " ".join(["cc", *flags])}]))
            if flags != kept:
                self.passes("hardening.py", "--commands", commands, self.build())
        self.finds(words, "hardening.py", "--commands", commands, self.build())

    def test_one_address(self):
        self.finds_without("is not position-independent", pic="-fno-pie", pie="-no-pie")

    def test_library_is_no_program(self):
        self.finds_without("is not position-independent", pic="-fPIC", pie="-shared")

    def test_static_at_any_address(self):
        self.passes("hardening.py", self.build(pie="-static-pie"))

    def test_relocated_text(self):
        source = SOURCE + '__asm__(".text; .quad main");'
        self.finds("relocations in its text", "hardening.py", self.build(source, pie="-pie -Wl,-z,notext"))

    def test_no_relro(self):
        self.finds_without("has no RELRO", relro="-Wl,-z,norelro")

    def test_lazy(self):
        self.finds_without("binds its functions lazily", now="-Wl,-z,lazy")

    def test_executable_stack(self):
        self.finds_without("has an executable stack", stack="-Wl,-z,execstack")

    def test_writable_code(self):
        source = SOURCE + '__asm__(".section .both,\\"awx\\"; .quad 0");'
        self.finds("can be written and executed", "hardening.py", self.build(source))

    def test_code_with_headers(self):
        self.finds_without("code is not apart", apart="-Wl,-z,noseparate-code")

    def test_run_path(self):
        self.finds_without("RPATH or RUNPATH", pie="-pie -Wl,-rpath,/opt")

    def test_no_stack_protector(self):
        self.finds_without("has no stack protector", guard="-fno-stack-protector")

    @unittest.skipUnless(platform.machine() == "x86_64", "read in its code")
    def test_large_frame_that_jumps(self):
        self.finds_without("a clash of its stack", probe="-fno-stack-clash-protection")

    def test_no_fortify(self):
        self.finds_without("no function that checks sizes", fortify="-D_FORTIFY_SOURCE=0")

    def test_flag_lost(self):
        self.finds_in_commands("a.c is compiled without -ftrivial-auto-var-init", COMPILED["zero"])

    def test_stack_protector_lost(self):
        self.finds_in_commands("a.c is compiled without -fstack-protector-strong", COMPILED["guard"])

    def test_fortify_lost(self):
        self.finds_in_commands("a.c is compiled without FORTIFY", COMPILED["fortify"])

    def test_optimizing_lost(self):
        self.finds_in_commands("a.c is compiled without FORTIFY", COMPILED["optimize"])

    def test_no_command(self):
        commands = self.root / "compile_commands.json"
        commands.write_text("[]")
        self.finds("has no command", "hardening.py", "--commands", commands, self.build())


if __name__ == "__main__":
    unittest.main()
