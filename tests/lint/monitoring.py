#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What contrib/monitoring has for Prometheus and Grafana fits the program, and the two tools.

The metrics and labels that rules, tests and dashboard speak of are the program's; the tables of the
README say the same as the program and the rules do; promtool takes the rules, their tests, every
query of the dashboard and the configuration that is shown; and the dashboard is in a form that
Grafana imports.
"""

import json
import pathlib
import re
import subprocess
import tempfile

import tables
import tree
import yaml

FOLDER = "contrib/monitoring"
RULES = f"{FOLDER}/svc-agent.rules.yml"
TESTS = f"{FOLDER}/svc-agent.rules.test.yml"
BOARD = f"{FOLDER}/svc-agent.dashboard.json"
README = f"{FOLDER}/README.md"

METRIC = re.compile(r"\bsvc_agent_[a-z0-9_]+\b")
LABEL = re.compile(r"([a-z_]+) ?(?:=~?|!=|!~) ?[\"']")
GROUPED = re.compile(r"\b(?:by|on|without|ignoring) ?\(([^()]*)\)")
OF_ALERT = re.compile(r"\$labels\.([a-z_]+)")
OF_LEGEND = re.compile(r"\{\{ ?([a-z_]+) ?\}\}")
# Debian's promtool is built without this.
DISCOVERY = re.compile(r"kubernetes_sd_configs:\n( +)- role: pod\n")
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Prometheus' own, or those of its configuration.
OWN_LABELS = {"__name__", "job", "instance", "le"}
SEVERITIES = {"critical", "warning", "info"}
COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def promtool(*arguments):
    """What promtool has against it; empty when it has nothing."""
    ran = subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False, timeout=240)
    return ran.stdout.strip() if ran.returncode != 0 else ""


# ---- names ---------------------------------------------------------------------------------------


def series_names(metrics):
    """The names that a query may use: a histogram has three, and not its own."""
    for metric in metrics:
        if metric["type"] == "histogram":
            yield from (metric["name"] + end for end in ("_bucket", "_sum", "_count"))
        else:
            yield metric["name"]


def check_names(where, text, metrics):
    known = set(series_names(metrics))
    for name in sorted(set(METRIC.findall(text)) - known):
        yield f"{where}: there is no metric {name}"


def labels_of(query):
    named = set(LABEL.findall(query))
    for group in GROUPED.findall(query):
        named.update(label.strip() for label in group.split(",") if label.strip())
    return named


def check_labels(where, named, metrics):
    known = OWN_LABELS.union(*(metric["labels"].split(",") for metric in metrics))
    for label in sorted(named - known):
        yield f"{where}: no metric has a label {label}"


# ---- rules ---------------------------------------------------------------------------------------


def alerts_of(root):
    groups = yaml.safe_load((root / RULES).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def check_rules(root, metrics):
    for alert in alerts_of(root):
        where = f"{RULES}: {alert['alert']}"
        said = alert.get("annotations", {})
        yield from check_names(where, alert["expr"] + json.dumps(said), metrics)
        yield from check_labels(where, labels_of(alert["expr"]) |
                                set(OF_ALERT.findall(json.dumps(said))), metrics)
        if alert.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"{where}: its severity is none of {', '.join(sorted(SEVERITIES))}"
        for name in ("summary", "description"):
            if not said.get(name):
                yield f"{where}: has no {name}"


def check_tests(root, metrics):
    text = (root / TESTS).read_text()
    yield from check_names(TESTS, text, metrics)
    fired = set(re.findall(r'alertname="(\w+)"', text))
    yield from tables.compare(TESTS, "an alert that fires:", fired,
                              {alert["alert"] for alert in alerts_of(root)})
    for arguments in (("check", "rules", root / RULES), ("test", "rules", root / TESTS)):
        found = promtool(*arguments)
        if found:
            yield f"{arguments[2].relative_to(root)}: {found}"


# ---- the dashboard -------------------------------------------------------------------------------


def plain(query):
    """A query as Prometheus gets it: Grafana has put in what its variables stand for."""
    return re.sub(r"\$\w+", "a", query.replace("$__rate_interval", "5m"))


def check_queries(where, queries):
    """promtool parses nothing but rules, so each query becomes one."""
    rules = [{"record": f"query_{i}", "expr": plain(query)} for i, query in enumerate(queries)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "queries.yml")
        path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
        found = promtool("check", "rules", path)
    if found:
        yield f"{where}: {found}"


def variables_of(board):
    return [variable["name"] for variable in board["templating"]["list"]]


def check_panel(where, panel, metrics, variables):
    if panel["type"] == "row":
        return
    if not panel.get("description"):
        yield f"{where}: has no description"
    if panel.get("datasource") != DATASOURCE:
        yield f"{where}: does not ask the chosen data source"
    references = [target["refId"] for target in panel["targets"]]
    if len(set(references)) != len(references) or not references:
        yield f"{where}: its queries are not told apart by refId"
    for target in panel["targets"]:
        if target.get("datasource") != DATASOURCE:
            yield f"{where}: a query does not ask the chosen data source"
        yield from check_names(where, target["expr"], metrics)
        yield from check_labels(where, labels_of(target["expr"]) |
                                set(OF_LEGEND.findall(target["legendFormat"])), metrics)
        for name in re.findall(r"\$(\w+)", target["expr"]):
            if name not in variables and name != "__rate_interval":
                yield f"{where}: there is no variable {name}"


def cells(panel):
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def check_places(panels):
    taken = {}
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] < 0 or at["x"] + at["w"] > COLUMNS:
            yield f"{BOARD}: {panel['title']}: is wider than the page"
        for cell in sorted(cells(panel)):
            if cell in taken:
                yield f"{BOARD}: {panel['title']}: lies on {taken[cell]}"
                break
            taken[cell] = panel["title"]


def check_board(root, metrics):
    board = json.loads((root / BOARD).read_text())
    panels, variables = board["panels"], variables_of(board)
    queries = []
    if board["id"] is not None or not board["uid"] or not board["title"]:
        yield f"{BOARD}: needs a title and a uid, and no id, to be imported"
    if variables[:1] != ["datasource"]:
        yield f"{BOARD}: its first variable is not the data source"
    if len({panel["id"] for panel in panels}) != len(panels):
        yield f"{BOARD}: two panels have the same id"
    required = {entry["id"] for entry in board["__requires"] if entry["type"] == "panel"}
    yield from tables.compare(BOARD, "a required panel", required,
                              {panel["type"] for panel in panels} - {"row"})
    for panel in panels:
        yield from check_panel(f"{BOARD}: {panel['title']}", panel, metrics, variables)
        queries += [target["expr"] for target in panel.get("targets", [])]
    yield from check_places(panels)
    yield from check_queries(BOARD, queries)


# ---- the README ----------------------------------------------------------------------------------


def rows_of(text, first):
    """The cells of each row whose first cell is `first`-like, in backquotes."""
    found = re.findall(rf"^\| `({first}\w*)` \|(.*)\|$", text, re.M)
    return {name: [cell.strip().replace("`", "") for cell in rest.split("|")] for name, rest in found}


def check_readme(root, metrics):
    text = (root / README).read_text()
    said = rows_of(text, "svc_agent_")
    yield from tables.compare(README, "metric", said, [metric["name"] for metric in metrics])
    for metric in metrics:
        true = [metric["type"], metric["labels"].replace(",", ", "), metric["help"]]
        if metric["name"] in said and said[metric["name"]] != true:
            yield f"{README}: {metric['name']} is {' | '.join(true)}"
    alerts = {alert["alert"]: alert["labels"]["severity"] for alert in alerts_of(root)}
    said = rows_of(text, "SvcAgent")
    yield from tables.compare(README, "alert", said, alerts)
    for name, severity in alerts.items():
        if name in said and said[name][0] != severity:
            yield f"{README}: {name} is {severity}"
    yield from check_configurations(text)


def check_configurations(text):
    shown = [block for block in BLOCK.findall(text) if "scrape_configs:" in block]
    if not shown:
        yield f"{README}: shows no scrape_configs"
    for block in shown:
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(DISCOVERY.sub(r"static_configs:\n\1- targets: [a:1]\n", block))
            file.flush()
            found = promtool("check", "config", "--syntax-only", file.name)
        if found:
            yield f"{README}: {found}"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--tables", required=True)
    options = parser.parse_args()
    metrics = tables.read(options.tables)["metrics"]
    findings = [
        *check_rules(options.root, metrics),
        *check_tests(options.root, metrics),
        *check_board(options.root, metrics),
        *check_readme(options.root, metrics),
    ]
    tree.finish("monitoring", findings, len(metrics))


if __name__ == "__main__":
    main()
