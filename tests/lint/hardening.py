#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what makes it hard to use a mistake in the program, as it stands in the file that is run.

- it is loaded anywhere: PIE, or static PIE, without relocations of its text;
- what the loader has filled in is read-only before main: RELRO, and all of it at once;
- nothing is both writable and executable, the stack included; code is apart from all else;
- no RPATH or RUNPATH says where libraries come from;
- a stack that is written over is noticed, and a large frame touches each of its pages;
- the C library checks the sizes of what it is told to fill (not in musl, which cannot);
- each of its sources was compiled so: --commands names the compile_commands.json.

The static build, build/static/svc-agent, is looked at where it has been made.
"""

import json
import pathlib
import re
import subprocess

import tree

FLAGS = ("-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero")
FORTIFIED = re.compile(r"-D_FORTIFY_SOURCE=[23]")
OPTIMIZED = re.compile(r"(?:^| )-O[23s]")
PROBED = re.compile(r"\bor[ql] +\$0x0,(?:0x[0-9a-f]+)?\(%[er]sp")  # a page of a large frame, touched
GUARDED = re.compile(r"%fs:0x28")
CHECKED = re.compile(r"\b__(?!stack_chk_fail)\w+_chk\b")


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


def check_place(elf):
    """`elf` is what readelf says of headers, segments and the dynamic section."""
    if not re.search(r"Type: +DYN", elf) or not re.search(r"FLAGS_1\).*\bPIE\b", elf):
        yield "is not position-independent: it is always at one address"
    if "TEXTREL" in elf:
        yield "has relocations in its text, which is writable for them"
    if "GNU_RELRO" not in elf:
        yield "has no RELRO: what the loader fills in stays writable"
    if not re.search(r"BIND_NOW|FLAGS_1\).*\bNOW\b", elf):
        yield "binds its functions lazily: the table of them stays writable"
    if re.search(r"\((RPATH|RUNPATH)\)", elf):
        yield "says where its libraries are (RPATH or RUNPATH)"


def check_parts(elf):
    stack = re.search(r"GNU_STACK +(?:0x\w+ +){5}(\S*)", elf)
    if stack is None or "E" in stack[1]:
        yield "has an executable stack"
    loads = re.findall(r"LOAD +(0x\w+) +(?:0x\w+ +){4}([RWE ]{3})", elf)
    if any("W" in flags and "E" in flags for _, flags in loads):
        yield "has a part that can be written and executed"
    if any(int(offset, 16) == 0 and "E" in flags for offset, flags in loads):
        yield "executes the part that has its headers: code is not apart"


def check_code(program, elf):
    """What the compiler has put into the code; the last two as x86-64 has it."""
    symbols = run("readelf", "--wide", "--dyn-syms", program)
    static = "(NEEDED)" not in elf
    code = run("objdump", "--disassemble", "--no-show-raw-insn", program)
    intel = "X86-64" in elf
    if not (GUARDED.search(code) if static and intel else "__stack_chk_fail" in symbols):
        yield "has no stack protector"
    if intel and not PROBED.search(code):
        yield "has no protection against a clash of its stack"
    if not static and not CHECKED.search(symbols):
        yield "calls no function that checks sizes (FORTIFY)"


def check_commands(path):
    commands = json.loads(path.read_text())
    for each in commands:
        name, words = each["file"], each["command"]
        for flag in FLAGS:
            if flag not in words.split():
                yield f"{name} is compiled without {flag}"
        if not FORTIFIED.search(words) or not OPTIMIZED.search(words):
            yield f"{name} is compiled without FORTIFY and what that takes"
    if not commands:
        yield f"{path} has no command"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--commands", type=pathlib.Path)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    findings = list(check_commands(options.commands)) if options.commands else []
    static = options.root / "build/static/svc-agent"
    programs = [*options.programs, *([static] if static.exists() else [])]
    for program in programs:
        elf = run("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", program)
        for each in (*check_place(elf), *check_parts(elf), *check_code(program, elf)):
            findings.append(f"{program} {each}")
    tree.finish("hardening", findings, len(programs))


if __name__ == "__main__":
    main()
