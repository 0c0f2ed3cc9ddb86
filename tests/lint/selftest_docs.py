#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every lint that holds a text against the program's tables is seen to fail."""

import argparse
import shutil
import sys
import unittest

from selftest import TOP, Lint

known = ""


class Manual(Lint):
    """Faults in a copy of the manual, beside the sources that it is held against."""

    PROGRAM = "packaging/man/svc-agent.8.scd"
    DESCRIPTOR = "packaging/man/svc-agent.yaml.5.scd"

    def setUp(self):
        super().setUp()
        for name in ("agent", "probes", "packaging/man"):
            shutil.copytree(TOP / name, self.root / name, dirs_exist_ok=True)

    def finds_after(self, name, old, new, words):
        self.passes("manual.py", "--tables", known)
        text = (TOP / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))
        self.finds(words, "manual.py", "--tables", known)

    def test_key_without_an_entry(self):
        self.finds_after(self.DESCRIPTOR, "\n*probe.interval* ", "\n probe.interval ",
                         "key probe.interval is missing")

    def test_key_that_is_not_there(self):
        self.finds_after(self.DESCRIPTOR, "*probe.interval* ", "*probe.intervall* ",
                         "key probe.intervall is not in the program")

    def test_wrong_default(self):
        self.finds_after(self.DESCRIPTOR, "default *10s*", "default *11s*", "default *10s*")

    def test_wrong_limits(self):
        self.finds_after(self.DESCRIPTOR, "2s to 24h", "1s to 24h", "2s to 24h")

    def test_key_twice(self):
        self.finds_after(self.DESCRIPTOR, "*service.host* (", "*service.port* (",
                         "key service.port is there twice")

    def test_entry_without_a_text_of_its_own(self):
        self.finds_after(self.DESCRIPTOR, "\tThe kind of output.\n", "\tkind of output.\n",
                         "has no text of its own")

    def test_format_without_an_entry(self):
        self.finds_after(self.DESCRIPTOR, "\n*kitex*\n", "\n kitex\n", "format kitex is missing")

    def test_output_without_a_section(self):
        self.finds_after(self.DESCRIPTOR, "## nginx", "## ngin", "output nginx is missing")

    def test_option_that_is_not_there(self):
        self.finds_after(self.PROGRAM, "*--version*\n", "*--verbose*\n", "*--version*")

    def test_command_without_an_entry(self):
        self.finds_after(self.PROGRAM, "# COMMANDS", "# COMMAND", "no section COMMANDS")

    def test_synopsis(self):
        self.finds_after(self.PROGRAM, "*svc-agent list* [", "*svc-agent ls* [", "SYNOPSIS differs")

    def test_reason_that_does_something_else(self):
        self.finds_after(self.PROGRAM, "*REFUSED* (withdraws at once)", "*REFUSED* (passes)",
                         "should be *REFUSED* (withdraws at once)")

    def test_status_without_an_entry(self):
        self.finds_after(self.PROGRAM, "\n*75*\n", "\n*76*\n", "status 75 is missing")

    def test_member_of_the_status_that_is_not_told(self):
        self.finds_after(self.PROGRAM, "*linger_left*", "linger_left", "member linger_left is missing")

    def test_route_without_an_entry(self):
        self.finds_after(self.PROGRAM, "*GET /readyz*", "*GET /ready*", "route GET /readyz is missing")

    def test_metric_without_an_entry(self):
        self.finds_after(self.PROGRAM, "\n*svc_agent_health*{", "\n*svc_agent_healthy*{",
                         "metric svc_agent_health is missing")

    def test_metric_that_is_told_otherwise(self):
        self.finds_after(self.PROGRAM, "\tHow long probes took.", "\tHow long.",
                         "should be \tHow long probes took.")

    def test_signal_without_an_entry(self):
        self.finds_after(self.PROGRAM, "*SIGTERM*, ", "", "signal SIGTERM is missing")

    def test_variable_that_is_not_read(self):
        self.finds_after(self.PROGRAM, "*ETCD_HOSTS*\n", "*ETCD_HOST*\n",
                         "variable ETCD_HOST is not in the program")

    def test_page_that_mandoc_warns_of(self):
        self.finds_after("packaging/man/tidy.awk", "wanted = 0; after_heading = 1",
                         "wanted = 0; print \".P\"", "skipping paragraph macro")

    def test_what_is_written_passes(self):
        name = self.DESCRIPTOR
        text = (TOP / name).read_text()
        self.write(name, text.replace("default *10s*", "default *11s*", 1))
        self.passes("manual.py", "--tables", known, "--write")
        self.assertEqual((self.root / name).read_text(), text)


class Schema(Lint):
    """Faults in the JSON Schema, and in the descriptors that it is tried on."""

    NAME = "conf/descriptor.schema.json"

    def setUp(self):
        super().setUp()
        for name in ("conf", "tests/descriptors"):
            shutil.copytree(TOP / name, self.root / name)

    def finds_after(self, name, old, new, words):
        self.passes("schema.py", "--tables", known)
        text = (self.root / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))
        self.finds(words, "schema.py", "--tables", known)

    def test_schema_that_nobody_made_anew(self):
        self.finds_after(self.NAME, '"maximum": 65535', '"maximum": 65536', "differs from the table")

    def test_what_is_written_passes(self):
        self.write(self.NAME, "{}\n")
        self.passes("schema.py", "--tables", known, "--write")
        self.assertEqual((self.root / self.NAME).read_text(), (TOP / self.NAME).read_text())

    def test_shipped_descriptor_that_it_refuses(self):
        self.finds_after("conf/coupon.yaml", "ttl: 10s", "ttl: 1500ms",
                         "conf/coupon.yaml: $.register.ttl")

    def test_bad_descriptor_that_it_takes(self):
        self.finds_after("tests/descriptors/bad/ttl-too-short.yaml", "1s\n", "2s\n",
                         "ttl-too-short.yaml: conf/descriptor.schema.json takes it")

    def test_exception_that_is_none(self):
        self.finds_after("tests/descriptors/bad/alias.yaml", "50051", "port",
                         "so it is not to be in UNSEEN")

    def test_descriptor_that_does_not_name_it(self):
        self.finds_after("conf/point.yaml", "# yaml-", "#  yaml-", "conf/point.yaml:1: should be")


class Operations(Lint):
    """Faults in a copy of the operations page, beside the sources that write the log."""

    NAME = "packaging/OPERATIONS.md"

    def setUp(self):
        super().setUp()
        for name in ("agent", "probes"):
            shutil.copytree(TOP / name, self.root / name, dirs_exist_ok=True)
        self.write(self.NAME, (TOP / self.NAME).read_text())

    def finds_after(self, name, old, new, words):
        self.passes("operations.py")
        text = (TOP / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))
        self.finds(words, "operations.py")

    def test_warning_without_a_row(self):
        self.finds_after(self.NAME, "| `lease lost", "| `least lost",
                         "nothing says what 'lease lost, registering again'")

    def test_row_that_nothing_logs(self):
        self.finds_after(self.NAME, "| `probe failed`", "| `probe fell`", "no source logs 'probe fell'")

    def test_warning_without_advice(self):
        self.finds_after(self.NAME, "| find out who |", "| |", "needs a meaning and what to do")

    def test_line_that_became_a_warning(self):
        self.finds_after("agent/prober.c", "first ? LOG_INFO", "first ? LOG_WARN",
                         "nothing says what 'probe failed'")

    def test_warning_of_a_new_source(self):
        self.finds_after("agent/reader.c", '"going on from', '"going off from',
                         "'going off from what was published before' of agent/reader.c")

    def test_sentence_that_another_logs(self):
        self.finds_after("agent/net/etcd_route.c", "belongs to another", "is of another",
                         "'etcd at ... is of another cluster")


class Completions(Lint):
    FOLDER = "packaging/completions"

    def setUp(self):
        super().setUp()
        shutil.copytree(TOP / self.FOLDER, self.root / self.FOLDER)

    def finds_after(self, name, old, new, words):
        text = (TOP / self.FOLDER / name).read_text()
        self.assertIn(old, text)
        self.write(f"{self.FOLDER}/{name}", text.replace(old, new))
        self.finds(words, "completions.py", "--tables", known, "--shell", words.split(":")[0])

    def test_file_that_nobody_made_anew(self):
        self.finds_after("svc-agent.bash", "Completes", "Tells", "svc-agent.bash: differs from")

    def test_command_that_bash_does_not_offer(self):
        self.finds_after("svc-agent.bash", "check probe", "check",
                         "bash: `svc-agent ` does not offer probe")

    def test_option_that_zsh_does_not_offer(self):
        self.finds_after("_svc-agent", "{-e,--endpoints}", "-e",
                         "zsh: `svc-agent watch --` does not offer --endpoints")

    def test_option_that_fish_offers_to_all(self):
        self.finds_after("svc-agent.fish", "-n '__svc_agent_in list watch' -s e", "-s e",
                         "fish: `svc-agent check --` offers --endpoints")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", required=True)
    options, rest = parser.parse_known_args()
    known = options.tables
    unittest.main(argv=[sys.argv[0], *rest])
