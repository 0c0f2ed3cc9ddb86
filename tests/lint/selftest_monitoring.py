#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The lint of contrib/monitoring is seen to fail."""

import argparse
import json
import shutil
import sys
import unittest

import monitoring
import tables
from monitoring import BOARD, FOLDER, README, RULES, TESTS
from selftest import TOP, Lint

CHECKS = {
    RULES: [monitoring.check_rules],
    TESTS: [monitoring.check_tests],
    README: [monitoring.check_readme],
}

known = ""


class Monitoring(Lint):
    """Faults in a copy of contrib/monitoring."""

    def setUp(self):
        super().setUp()
        shutil.copytree(TOP / FOLDER, self.root / FOLDER)

    def found(self, words, *checks):
        """By these checks alone: promtool takes its time for each of the others."""
        metrics = tables.read(known)["metrics"]
        findings = [finding for check in checks for finding in check(self.root, metrics)]
        self.assertIn(words, "\n".join(findings))

    def finds_after(self, name, old, new, words):
        text = (TOP / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))
        self.found(words, *CHECKS[name])

    def finds_in_board(self, change, words):
        board = json.loads((TOP / BOARD).read_text())
        change(board, [panel for panel in board["panels"] if panel["type"] != "row"])
        self.write(BOARD, json.dumps(board))
        self.found(words, monitoring.check_board)

    def test_nothing_is_wrong_at_first(self):
        self.passes("monitoring.py", "--tables", known)

    # ---- rules -----------------------------------------------------------------------------------

    def test_rule_with_an_unknown_metric(self):
        self.finds_after(RULES, "svc_agent_contested == 1\n", "svc_agent_disputed == 1\n",
                         "there is no metric svc_agent_disputed")

    def test_rule_that_reads_a_histogram_by_its_own_name(self):
        self.finds_after(RULES, "duration_seconds_bucket", "duration_seconds",
                         "there is no metric svc_agent_etcd_request_duration_seconds")

    def test_rule_with_an_unknown_label(self):
        self.finds_after(RULES, 'result="failed"', 'outcome="failed"',
                         "no metric has a label outcome")

    def test_rule_that_tells_an_unknown_label(self):
        self.finds_after(RULES, "$labels.place", "$labels.path", "no metric has a label path")

    def test_rule_without_a_severity(self):
        self.finds_after(RULES, "severity: info", "severity: urgent",
                         "SvcAgentDrained: its severity is none of")

    def test_rule_without_advice(self):
        self.finds_after(RULES, "          description: >-\n            It stays", "          more: >-\n            It stays",
                         "SvcAgentDrained: has no description")

    def finds_tested(self, new, words):
        text = (TOP / RULES).read_text()
        self.write(RULES, text.replace("svc_agent_contested == 1\n", new))
        self.found(words, monitoring.check_tests)

    def test_rule_that_cannot_be_read(self):
        self.finds_tested("svc_agent_contested == == 1\n", "could not parse expression")

    def test_rule_that_never_fires(self):
        self.finds_tested("svc_agent_contested == 2\n", "alertname=\"SvcAgentContested\"")

    def test_alert_without_a_test(self):
        self.finds_after(TESTS, 'alertname="SvcAgentContested"', 'alertname="SvcAgentContest"',
                         "an alert that fires: SvcAgentContested is missing")

    # ---- the dashboard ---------------------------------------------------------------------------

    def test_panel_with_an_unknown_metric(self):
        self.finds_in_board(
            lambda board, panels: panels[0]["targets"][0].update(expr="svc_agent_builds"),
            "there is no metric svc_agent_builds")

    def test_panel_with_an_unknown_label(self):
        self.finds_in_board(
            lambda board, panels: panels[0]["targets"][0].update(legendFormat="{{ pod }}"),
            "no metric has a label pod")

    def test_panel_with_an_unknown_variable(self):
        self.finds_in_board(
            lambda board, panels: panels[0]["targets"][0].update(
                expr='svc_agent_ready{instance="$where"}'),
            "there is no variable where")

    def test_panel_that_cannot_be_asked(self):
        self.finds_in_board(
            lambda board, panels: panels[0]["targets"][0].update(expr="sum(svc_agent_ready"),
            "could not parse expression")

    def test_panel_that_asks_another_source(self):
        self.finds_in_board(
            lambda board, panels: panels[0].update(datasource={"type": "prometheus", "uid": "x"}),
            "does not ask the chosen data source")

    def test_panel_on_another(self):
        self.finds_in_board(
            lambda board, panels: panels[1].update(gridPos=panels[0]["gridPos"]), "lies on")

    def test_panel_beyond_the_page(self):
        self.finds_in_board(
            lambda board, panels: panels[0]["gridPos"].update(w=25), "wider than the page")

    def test_panels_of_one_id(self):
        self.finds_in_board(
            lambda board, panels: panels[1].update(id=panels[0]["id"]), "have the same id")

    def test_panel_that_is_not_required(self):
        self.finds_in_board(
            lambda board, panels: panels[0].update(type="gauge"),
            "a required panel gauge is missing")

    # ---- the README ------------------------------------------------------------------------------

    def test_metric_without_a_row(self):
        self.finds_after(README, "| `svc_agent_ready` |", "| ready |",
                         "metric svc_agent_ready is missing")

    def test_metric_that_is_told_otherwise(self):
        self.finds_after(README, "Instances that are published |", "Instances |",
                         "svc_agent_instances is gauge | service, file | Instances that are")

    def test_alert_without_a_row(self):
        self.finds_after(README, "| `SvcAgentDown` |", "| down |", "alert SvcAgentDown is missing")

    def test_alert_of_another_severity(self):
        self.finds_after(README, "| `SvcAgentDown` | critical |", "| `SvcAgentDown` | info |",
                         "SvcAgentDown is critical")

    def test_configuration_that_is_not_taken(self):
        self.finds_after(README, "scrape_interval: 15s", "scrape_interval: often", "not a valid duration")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", required=True)
    options, rest = parser.parse_known_args()
    known = options.tables
    unittest.main(argv=[sys.argv[0], *rest])
