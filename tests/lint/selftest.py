#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every lint is seen to fail: a fault is planted in a small tree, and the lint must name it."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
CMAKE = "add_library(svc_base STATIC agent/err.c)\nadd_library(svc_pure STATIC agent/lease.c)\n"

agent = known = ""


class Lint(unittest.TestCase):
    """A tree that each lint passes, until a test writes a fault into it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("CMakeLists.txt", CMAKE)
        self.write("agent/lease.h", SPDX + "int lease_next(int state);\n")
        self.write(
            "agent/lease.c",
            SPDX + '#include "agent/lease.h"\n\nint lease_next(int state)\n{\n'
            "\treturn state + 1;\n}\n",
        )
        self.write("contrib/hello", '#!/bin/sh\necho "$1"\n')
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(TOP / name, self.root)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def lint(self, script, *arguments):
        return subprocess.run(
            [sys.executable, "-B", HERE / script, "--root", self.root, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )

    def passes(self, script, *arguments):
        ran = self.lint(script, *arguments)
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def finds(self, words, script, *arguments):
        ran = self.lint(script, *arguments)
        self.assertEqual(ran.returncode, 1, ran.stdout)
        self.assertIn(words, ran.stdout)


class Includes(Lint):
    def finds_in(self, name, text, words):
        self.passes("includes.py")
        self.write(name, text)
        self.finds(words, "includes.py")

    def test_library_has_one_door(self):
        self.finds_in("agent/agent.c", "#include <curl/curl.h>\n", "includes curl/curl.h")

    def test_pure_module_reaches_no_loop(self):
        self.finds_in("agent/lease.c", "#include <ev.h>\n", "is pure but reaches ev.h")

    def test_pure_module_reaches_no_loop_by_a_header(self):
        self.finds_in("agent/lease.h", "#include <sys/socket.h>\n", "by way of agent/lease.h")

    def test_dependencies_run_one_way(self):
        self.write("agent/agent.h", "")
        self.finds_in("agent/lease.c", '#include "agent/agent.h"\n', "may not include agent/agent.h")

    def test_no_rings(self):
        self.write("agent/prober.h", '#include "agent/registration.h"\n')
        self.write("agent/registration.h", "")
        self.finds_in(
            "agent/registration.h", '#include "agent/prober.h"\n', "agent/prober.h: includes itself"
        )

    def test_every_module_has_a_layer(self):
        self.finds_in("agent/novel.c", "", "is in no layer")

    def test_headers_exist(self):
        self.finds_in("agent/lease.c", '#include "agent/gone.h"\n', "which does not exist")

    def test_nothing_to_look_at(self):
        shutil.rmtree(self.root / "agent")
        self.finds("nothing to look at", "includes.py")


class Libraries(Lint):
    """The program and the headers of this tree, or with a fault in one of them."""

    def setUp(self):
        super().setUp()
        for header in TOP.glob("agent/**/*_library.h"):
            self.write(header.relative_to(TOP), header.read_text())
        self.header = "agent/admin/microhttpd_library.h"

    def finds_instead_of(self, old, new, words):
        self.passes("libraries.py", "--agent", agent)
        text = (self.root / self.header).read_text()
        self.assertIn(old, text)
        self.write(self.header, text.replace(old, new))
        self.finds(words, "libraries.py", "--agent", agent)

    def test_name_that_nothing_stands_for(self):
        self.finds_instead_of("#define MHD_run ", "#define MHD_walk ", "MHD_run is in one of the two")

    def test_name_that_is_not_looked_up(self):
        self.finds_instead_of("\tEACH(MHD_run) \\\n", "", "MHD_run is in one of the two lists only")

    def test_name_of_another(self):
        self.finds_instead_of("_library.MHD_run\n", "_library.MHD_walk\n", "MHD_run stands for MHD_walk")

    def test_order(self):
        self.finds_instead_of(
            "\tEACH(MHD_queue_response) \\\n\tEACH(MHD_run) \\\n",
            "\tEACH(MHD_run) \\\n\tEACH(MHD_queue_response) \\\n", "is not sorted",
        )

    def test_library_without_a_note(self):
        self.write("agent/novel_library.h", "")
        self.finds("agent/novel_library.h", "libraries.py", "--agent", agent)

    def test_program_that_loads_it_at_its_start(self):
        program, note = self.root / "program", self.root / "note"
        dump, add = f"--dump-section=.note.dlopen={note}", f"--add-section=.note.dlopen={note}"
        subprocess.run(["objcopy", dump, agent, "/dev/null"], check=True)
        subprocess.run(
            ["cc", "-o", program, "-x", "c", "-", "-Wl,--no-as-needed", "-lmicrohttpd"],
            input="int main(void) { return 0; }\n", text=True, check=True,
        )
        subprocess.run(["objcopy", add, program], check=True)
        self.finds("loads libmicrohttpd.so", "libraries.py", "--agent", program)


class Format(Lint):
    def test_format(self):
        self.passes("format.py")
        self.write("agent/lease.c", SPDX + "int  lease_next( int state );\n")
        self.finds("agent/lease.c:2", "format.py")


class Cppcheck(Lint):
    def test_cppcheck(self):
        self.passes("cppcheck.py")
        self.write("agent/lease.c", SPDX + "int f(void)\n{\n\tint a[2];\n\treturn a[2];\n}\n")
        self.finds("arrayIndexOutOfBounds", "cppcheck.py")


class Compiled(Lint):
    def compile_database(self):
        entry = {
            "directory": str(self.root),
            "file": "agent/lease.c",
            "command": f"cc -std=c11 -ftrivial-auto-var-init=zero -I{self.root} -c agent/lease.c",
        }
        self.write("build/compile_commands.json", json.dumps([entry]))
        return "--build", self.root / "build", "--under", "agent"


class Analyzer(Compiled):
    def test_analyzer(self):
        where = self.compile_database()
        self.passes("analyzer.py", *where)
        leak = "#include <stdlib.h>\nint f(void)\n{\n\tchar *p = malloc(2);\n\treturn p != NULL;\n}\n"
        self.write("agent/lease.c", SPDX + leak)
        self.finds("[-Wanalyzer-malloc-leak] in f()", "analyzer.py", *where)

    def test_mistake_that_is_none(self):
        where = self.compile_database()
        self.write("agent/library.c", SPDX)
        entry = {"directory": str(self.root), "file": "agent/library.c", "command": "cc -c agent/library.c"}
        self.write("build/compile_commands.json", json.dumps([entry]))
        self.finds("agent/library.c: MISTAKEN has a row that nothing needs", "analyzer.py", *where)


class Tidy(Compiled):
    def test_tidy(self):
        where = self.compile_database()
        self.passes("tidy.py", *where)
        self.write("agent/lease.c", SPDX + "int f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn 2;\n}\n")
        self.finds("readability-braces-around-statements", "tidy.py", *where)

    def test_source_of_two_programs(self):
        where = self.compile_database()
        entries = json.loads((self.root / "build/compile_commands.json").read_text())
        entries.append({**entries[0], "command": "cc -DANOTHER -c agent/lease.c"})
        self.write("build/compile_commands.json", json.dumps(entries))
        self.write("agent/lease.c", SPDX + "#ifdef ANOTHER\n#error twice\n#endif\nint f(void);\n")
        self.passes("tidy.py", *where)


class Shell(Lint):
    def test_shell(self):
        self.passes("shell.py")
        self.write("contrib/hello", "#!/bin/sh\necho $1\n")
        self.finds("SC2086", "shell.py")


class Sizes(Lint):
    def test_long_file(self):
        self.passes("sizes.py")
        self.write("agent/lease.c", "\n" * 451)
        self.finds("451 lines", "sizes.py")

    def test_long_function(self):
        self.write("agent/lease.c", "int f(void)\n{\n" + "\tf();\n" * 59 + "}\n")
        self.finds("a function of 61 lines", "sizes.py")


class Texts(Lint):
    def finds_in(self, name, text, words):
        self.passes("texts.py")
        self.write(name, text)
        self.finds(words, "texts.py")

    def test_licence(self):
        self.finds_in("agent/lease.c", "int x;\n", "the first line is not")

    def test_unfinished(self):
        self.finds_in("README.md", "TODO: say more\n", "README.md:1: TODO")

    def test_path_of_one_machine(self):
        self.finds_in("contrib/hello", "#!/bin/sh\nls /home/me\n", "a path of one machine")

    def test_registry(self):
        self.finds_in("notes.md", "see https://registry.example.org/x\n", "registry's host")

    def test_blanks(self):
        self.finds_in("README.md", "text \n", "blanks at the end")

    def test_last_line(self):
        self.finds_in("README.md", "text", "the last line does not end")


class Scenarios(Lint):
    MAP = "tests/SCENARIOS.md"
    ROW = "| 1 | it is lost | a/b#1 | `test_away.py::test_one`, `test_lease.c::two` | it is seen |\n"

    def setUp(self):
        super().setUp()
        self.write("tests/integration/test_away.py", "def test_one(agent):\n    pass\n")
        self.write("tests/unit/test_lease.c", "static void two(void **state)\n{\n}\n")
        self.write(self.MAP, self.ROW)

    def finds_after(self, old, new, words):
        self.passes("scenarios.py")
        self.assertIn(old, self.ROW)
        self.write(self.MAP, self.ROW.replace(old, new))
        self.finds(words, "scenarios.py")

    def test_test_that_is_not_there(self):
        self.finds_after("test_one", "test_on", "test_away.py has no test_on")

    def test_c_test_that_is_not_there(self):
        self.finds_after("two", "three", "test_lease.c has no three")

    def test_file_that_is_not_there(self):
        self.finds_after("test_away.py", "test_gone.py", "there is no test_gone.py")

    def test_row_without_a_test(self):
        self.finds_after("`test_away.py::test_one`, `test_lease.c::two`", "soon", "names no test")

    def test_row_without_a_reason(self):
        self.finds_after("it is seen", "", "an empty cell")

    def test_row_that_is_lost(self):
        self.finds_after("| 1 |", "| 2 |", "row 2 is where row 1 should be")

    def test_no_row(self):
        self.finds_after("| 1 |", "1 ", "nothing to look at")


class Security(Lint):
    DOCUMENT = "SECURITY.md"
    HEAD = "| from | what is checked | held by |\n|---|---|---|\n"
    ROW = "| etcd | its lengths | `test_etcd.py::test_one`, `fuzz.frame`, `lint.flags` |\n"

    def setUp(self):
        super().setUp()
        self.write("tests/hostile/test_etcd.py", "def test_one(agent):\n    pass\n")
        self.write("tests/fuzz/CMakeLists.txt", "foreach(name\n\tframe)\n")
        self.write("tests/lint/CMakeLists.txt", "svc_lint(flags flags.py)\n")
        self.write(self.DOCUMENT, self.HEAD + self.ROW)

    def finds_after(self, old, new, words):
        self.passes("security.py")
        self.assertIn(old, self.ROW)
        self.write(self.DOCUMENT, self.HEAD + self.ROW.replace(old, new))
        self.finds(words, "security.py")

    def test_test_that_is_not_there(self):
        self.finds_after("test_one", "test_on", "test_etcd.py has no test_on")

    def test_fuzzer_that_is_not_there(self):
        self.finds_after("fuzz.frame", "fuzz.fame", "there is no fuzz.fame")

    def test_lint_that_is_not_there(self):
        self.finds_after("lint.flags", "lint.flag", "there is no lint.flag")

    def test_row_without_a_test(self):
        self.finds_after("`test_etcd.py::test_one`, `fuzz.frame`, `lint.flags`", "care", "no test holds this")

    def test_no_row(self):
        self.finds_after("| etcd", "etcd", "nothing to look at")


class Listening(Lint):
    def setUp(self):
        super().setUp()
        self.write("tests/integration/lib/ports.py", "import socket\n\nsocket.create_server(('', 1))\n")
        self.write("tests/unit/loopback.h", SPDX + "static int f = AF_INET, g = bind(f, at, 1);\n")

    def finds_in(self, text, words, name="tests/hostile/other.py"):
        self.write(name, "import socket\n")
        self.passes("listening.py")
        self.write(name, text)
        self.finds(words, "listening.py")

    def test_a_socket_of_ones_own(self):
        self.finds_in("s.bind(('127.0.0.1', port))\n", "other.py:1: bind() of a TCP address")
        self.write("tests/hostile/other.py", "s.bind(str(path))\n")
        self.passes("listening.py")

    def test_a_server_of_ones_own(self):
        self.finds_in("a = socket.create_server(('', 0))\n", "other.py:1: create_server()")
        self.finds_in("a = http.server.HTTPServer(('', 0), H)\n", "HTTPServer() makes its own socket")
        self.finds_in("await asyncio.start_server(f, '127.0.0.1', 0)\n", "start_server() on a port")

    def test_a_program_without_an_ending(self):
        self.write("tests/chaos/run", "#!/usr/bin/python3 -B\nimport socket\n")
        self.passes("listening.py")
        self.write("tests/chaos/run", "#!/usr/bin/python3 -B\nsocket.create_server(('', 0))\n")
        self.finds("run:2: create_server()", "listening.py")

    def test_a_port_that_is_let_go_in_c(self):
        good = SPDX + "int a = AF_UNIX;\nint f(void) { return bind(a, at, len); }\n"
        self.finds_in(good.replace("UNIX", "INET"), "other.c:3: bind(): take a port", "tests/unit/other.c")
        self.write("tests/unit/other.c", good)
        self.passes("listening.py")


class Readme(Lint):
    """Faults in a copy of the real README.md, beside the files that it points to."""

    def setUp(self):
        super().setUp()
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "tests/README.md",
                     "tests/SCENARIOS.md", "tests/integration/README.md",
                     "packaging/OPERATIONS.md", "packaging/README.md",
                     "packaging/man/svc-agent.yaml.5.scd", "contrib/monitoring/README.md"):
            self.write(name, (TOP / name).read_text())
        for name in ("tests/run", "contrib/quickstart", "contrib/sample-service/service.py"):
            self.write(name, "")
            os.chmod(self.root / name, 0o755)
        for name in ("agent", "probes"):
            shutil.copytree(TOP / name, self.root / name, dirs_exist_ok=True)

    def finds_after(self, old, new, words):
        text = (TOP / "README.md").read_text()
        self.assertIn(old, text)
        self.write("README.md", text.replace(old, new))
        self.finds(words, "readme.py", "--agent", agent, "--tables", known)

    def test_option_that_is_not_there(self):
        self.finds_after("svc-agent drain --wait", "svc-agent drain --waits", "svc-agent has no --waits")

    def test_key_that_is_not_there(self):
        self.finds_after("`admin.listen`", "`admin.listne`", "no key admin.listne")

    def test_command_that_is_not_there(self):
        self.finds_after("svc-agent drain", "svc-agent drian", "svc-agent has no drian")

    def finds_in_operations(self, old, new, words):
        name = "packaging/OPERATIONS.md"
        text = (TOP / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))
        self.finds(words, "readme.py", "--agent", agent, "--tables", known)

    def test_metric_that_is_not_there(self):
        self.finds_in_operations("svc_agent_at_goal", "svc_agent_goal", "no metric svc_agent_goal")

    def test_finding_that_is_not_there(self):
        self.finds_in_operations("`PORT_REFUSED`", "`PORT_REFUSES`", "there is no PORT_REFUSES")

    def test_module_without_a_row(self):
        self.write("agent/novel.c", SPDX)
        self.finds("module agent/novel", "readme.py", "--agent", agent, "--tables", known)

    def test_reader_that_is_refused(self):
        self.finds_after("```yaml\ndiscover:\n", "```yaml\ndiscover:\n  prefxi: x\n", "an example")

    def test_example_that_is_refused(self):
        self.finds_after("```yaml\nservice:\n", "```yaml\nservice:\n  nmae: x\n", "an example")

    def test_dead_link(self):
        self.finds_after("](LICENSE)", "](LICENCE)", "points to LICENCE")

    def test_command_that_cannot_be_executed(self):
        self.finds_after("./tests/run\n", "./tests/walk\n", "shows ./tests/walk")


class Quickstart(unittest.TestCase):
    def test_agent_that_does_nothing(self):
        ran = subprocess.run(
            [TOP / "contrib/quickstart", "--agent", "/bin/true"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        self.assertEqual(ran.returncode, 1, ran.stdout)
        self.assertIn("failed: expected to see: the service is healthy", ran.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--agent", required=True)
    parser.add_argument("--tables", required=True)
    options, rest = parser.parse_known_args()
    agent, known = options.agent, options.tables
    unittest.main(argv=[sys.argv[0], *rest])
