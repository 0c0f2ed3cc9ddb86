#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what the static build says in several places together, and looks at the file if it is there.

- each library that packaging/static/build names has its options, and a row in the README, and none has
  options that is not built;
- no option is there twice;
- what CMakeLists.txt asks pkg-config for is among the libraries;
- the packages that build and fetch call for are in a group of contrib/packages;
- build/static/svc-agent, where it has been made, is one file: static, without a writable and executable
  part, and not above its size.
"""

import re
import subprocess

import tree

HERE = "packaging/static"
LARGEST = 5_200_000  # bytes: half of what a sidecar in Go takes
PKG_CONFIG = {  # names in CMakeLists.txt, and Debian's sources of them
    "libcurl": "curl", "libnghttp2": "nghttp2", "yaml-0.1": "libyaml", "libcjson": "cjson",
    "openssl": "openssl", "libmicrohttpd": "libmicrohttpd", "libprotobuf-c": "protobuf-c",
}  # fmt: skip
COMMANDS = {  # what the scripts run, and the package that has it
    "dpkg-source": "dpkg-dev", "musl-gcc": "musl-tools", "cmake": "cmake", "make": "make",
}  # fmt: skip


def read(root, name):
    return (root / name).read_text()


def options_of(text):
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [(row[0], " ".join(row[1:])) for row in rows]


def check_options(libraries, options):
    named = {library for library, _ in options}
    for only in sorted(named ^ set(libraries)):
        where = "options" if only in named else "build"
        yield f"{HERE}/{where}: {only} is there alone"
    for row in sorted({row for row in options if options.count(row) > 1}):
        yield f"{HERE}/options: {' '.join(row)} is there twice"


def check_readme(libraries, text):
    table = text.partition("## What is in it")[2].partition("##")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)
    for only in sorted(set(rows) ^ set(libraries)):
        yield f"{HERE}/README.md: {only}: the table of libraries and `build` differ"


def check_cmake(libraries, text):
    for name in re.findall(r"^pkg_check_modules\(\w+ REQUIRED IMPORTED_TARGET ([\w.-]+?)(?:>|\))",
                           text, re.MULTILINE):  # fmt: skip
        if PKG_CONFIG.get(name) not in libraries:
            yield f"CMakeLists.txt: {name} is not among the libraries of {HERE}/build"


def check_packages(scripts, text):
    listed = {row.split()[1] for row in text.splitlines() if re.match(r"(build|static) ", row)}
    for command, package in COMMANDS.items():
        if re.search(rf"(?<![\w/-]){command}(?![\w-])", scripts) and package not in listed:
            yield f"contrib/packages: {HERE} runs {command}: {package} is in no group of it"


def check_program(program):
    read_elf = ["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", program]
    ran = subprocess.run(read_elf, stdout=subprocess.PIPE, text=True, check=True)
    for word in ("NEEDED", "INTERP", "TEXTREL"):
        if word in ran.stdout:
            yield f"{program} has {word}: it is not static"
    if re.search(r"\bRWE\b", ran.stdout):
        yield f"{program} has a part that can be written and executed"
    if "GNU_RELRO" not in ran.stdout or not re.search(r"Type: +DYN", ran.stdout):
        yield f"{program} is not at a random address, or lacks RELRO"
    if program.stat().st_size > LARGEST:
        yield f"{program} has {program.stat().st_size} bytes, more than {LARGEST}"


def main():
    options = tree.arguments(__doc__).parse_args()
    root = options.root
    build = read(root, f"{HERE}/build")
    (libraries,) = re.findall(r"^libraries=\((.*)\)$", build, re.MULTILINE)
    libraries = libraries.split()
    rows = options_of(read(root, f"{HERE}/options"))
    findings = [
        *check_options(libraries, rows),
        *check_readme(libraries, read(root, f"{HERE}/README.md")),
        *check_cmake(libraries, read(root, "CMakeLists.txt")),
        *check_packages(build + read(root, f"{HERE}/fetch"), read(root, "contrib/packages")),
    ]
    program = root / "build/static/svc-agent"
    if program.exists():
        findings.extend(check_program(program))
    tree.finish("static_build", findings, len(rows))


if __name__ == "__main__":
    main()
