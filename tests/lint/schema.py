#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""conf/descriptor.schema.json is what the table of keys makes of it, and judges as the agent does.

It takes every descriptor that is shipped or known to be good, and refuses those that are known to
be bad, save those of UNSEEN. Each descriptor in conf/ names it in its first line, for editors.
--write makes it anew.
"""

import json
import re

import jsonschema
import yaml

import descriptor_schema
import tables
import tree

NAME = "conf/descriptor.schema.json"
MODELINE = "# yaml-language-server: $schema=descriptor.schema.json"

# What a schema never gets to see, by the descriptor that has it.
UNSEEN = {
    # YAML's own: gone before anybody can look
    "alias": "anchors and aliases are resolved",
    "anchor": "anchors and aliases are resolved",
    "duplicate-key": "of two keys, one is left",
    "duplicate-metadata": "of two keys, one is left",
    "discover-duplicate-key": "of two keys, one is left",
    "tls-duplicate-key": "of two keys, one is left",
    "tag": "a tag is followed",
    "tag-directive": "a directive is followed",
    "discover-command-forgotten-word": "nothing and ~ are one to a schema",
    # what a variable holds, or that it is not set
    "discover-command-not-set": "a variable",
    "discover-path-not-set": "a variable",
    "discover-type-from-environment": "a variable",
    "endpoints-from-environment": "a variable",
    "endpoints-http-and-tls-from-environment": "a variable",
    "variable-empty": "a variable",
    "variable-not-set": "a variable",
    "variable-required": "a variable",
    "variable-wrong-value": "a variable",
    # values that do not go together
    "discover-backend-twice": "two places that are one",
    "discover-file-twice": "two places that are one",
    "discover-name-twice": "two names that are one",
    "format-no-name": "two keys that make one name",
    "format-no-scheme": "a protocol that one of several formats does not take",
    "probe-status-backwards": "of two numbers, which is the larger",
}


LARGE = 65536  # bytes; what is larger is refused for that, and takes long to judge


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it."""

    yaml_implicit_resolvers = {}


for tag, pattern, first in (
    ("null", r"(~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", r"(true|True|TRUE|false|False|FALSE)", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+0123456789.")),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"^{pattern}$"), first)


def read(path):
    """What an editor would see of a file; None, and why, when it is no YAML."""
    try:
        return yaml.load(path.read_text(), Loader), None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        return None, error


def check_good(root, validator):
    files = [*sorted((root / "conf").glob("*.yaml")),
             *sorted((root / "tests/descriptors/good").glob("*.yaml"))]
    for path in files:
        document, why = read(path)
        if why is not None:
            yield f"{path.relative_to(root)}: {why}"
            continue
        for error in validator.iter_errors(document):
            yield f"{path.relative_to(root)}: {error.json_path}: {error.message[:200]}"


def check_bad(root, validator):
    for path in sorted((root / "tests/descriptors/bad").glob("*.yaml")):
        if path.stat().st_size > LARGE:
            continue
        document, why = read(path)
        refused = why is not None or not validator.is_valid(document)
        if not refused and path.stem not in UNSEEN:
            yield f"{path.relative_to(root)}: {NAME} takes it"
        elif refused and path.stem in UNSEEN:
            yield f"{path.relative_to(root)}: {NAME} refuses it, so it is not to be in UNSEEN"


def check_modelines(root):
    for path in sorted((root / "conf").glob("*.yaml")):
        if path.read_text().splitlines()[:1] != [MODELINE]:
            yield f"{path.relative_to(root)}:1: should be {MODELINE}"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    schema = descriptor_schema.make(tables.read(options.tables))
    text = json.dumps(schema, indent=1, ensure_ascii=True) + "\n"
    path = options.root / NAME
    if options.write:
        path.write_text(text)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(json.loads(path.read_text()))
    findings = [
        *check_good(options.root, validator),
        *check_bad(options.root, validator),
        *check_modelines(options.root),
    ]
    if path.read_text() != text:
        findings.append(f"{NAME}: differs from the table of keys; run this with --write")
    tree.finish("schema", findings, len(schema["properties"]))


if __name__ == "__main__":
    main()
