# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of a descriptor, made of the table of its keys.

It follows one rule: what the agent takes, it takes. A value may be written as text, or as an
expression of the environment, wherever the agent would read it so; what no schema can see (a
variable's value, a file, two places that are one) stays the agent's to say.
"""

import yaml

# A reference, or text without the beginning of one.
REFERENCE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:[-?]([^}$]|\$(?!\{))*)?\}"
EXPANDED = rf"^([^$]|\$(?!\$?\{{)|\$\$\{{|{REFERENCE})*$"
BARE = r"(?![\s\S]*\$\{)"  # ahead of a pattern: no reference in it
NO_CONTROL = r"[^\u0000-\u001f\u007f-\u009f]*"
NAME = r"[A-Za-z0-9._-]"
HOST = r"(?![0-9.]*\.?[0-9.]*$)[A-Za-z0-9_](?!.*\.\.)[A-Za-z0-9._-]*"
OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"{OCTET}(\.{OCTET}){{3}}"
ADDRESS = rf"{IPV4}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+"
IN_URL = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9._-]*)"

UNITS = (("ms", 1), ("s", 1000), ("m", 60000), ("h", 3600000))
TEXT = ["string", "number", "boolean"]


# ---- numbers as patterns -------------------------------------------------------------------------


def digits(low, high):
    return str(low) if low == high else f"[{low}-{high}]"


def same_length(low, high):
    """Alternatives for the numbers from low to high, texts of one length."""
    if low == high:
        return [low]
    if len(low) == 1:
        return [digits(int(low), int(high))]
    if low[0] == high[0]:
        return [low[0] + rest for rest in same_length(low[1:], high[1:])]
    nines, zeros = "9" * (len(low) - 1), "0" * (len(low) - 1)
    found = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != zeros:
        found += [low[0] + rest for rest in same_length(low[1:], nines)]
        first += 1
    if high[1:] != nines:
        found += [high[0] + rest for rest in same_length(zeros, high[1:])]
        last -= 1
    if first <= last:
        found.append(digits(first, last) + "[0-9]" * (len(low) - 1))
    return found


def numbers(low, high):
    """A pattern of the whole numbers from low to high, without zeros in front."""
    found = []
    for length in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (length - 1) if length > 1 else 0)
        found += same_length(str(first), str(min(high, 10 ** length - 1)))
    return f"({'|'.join(found)})"


PORT = numbers(1, 65535)


def milliseconds(text):
    unit = text.lstrip("0123456789")
    return int(text[:-len(unit)]) * dict(UNITS)[unit]


def durations(low, high, step):
    """A pattern of durations; those with a fraction are left to the agent."""
    found = []
    for unit, size in UNITS:
        first, last = -(-low // size), high // size
        if size >= step and first <= last:
            found.append(f"0*{numbers(first, last)}{unit}")
        elif size < step:
            found.append(f"0*{numbers(-(-low // step), high // step)}{'0' * 3}{unit}")
    found += ["[0-9]+\\.[0-9]+(h|m|s)", "[0-9]+\\.0+ms"]
    return f"^({'|'.join(found)})$"


# ---- values --------------------------------------------------------------------------------------


def value(*forms):
    return {"anyOf": [*forms, {"$ref": "#/definitions/expanded"}]}


def text(pattern, key, types=None):
    """Text of a pattern, or a number that YAML made of it; null where nothing may stand."""
    form = {"type": types or TEXT, "pattern": f"^{BARE}{pattern}$",
            "minLength": key["min"], "maxLength": key["max"]}
    if key["min"] == 0:
        form["type"] = [*form["type"], "null"]
    return value(form)


def span(key):
    step = 1000 if key["kind"] == "seconds" else 1
    low, high = milliseconds(key["min"]), milliseconds(key["max"])
    return value({
        "type": "string", "pattern": durations(low, high, step),
        "patternErrorMessage": f"A duration from {key['min']} to {key['max']}, such as 500ms or 10s.",
    })


def count(key):
    return value(
        {"type": "integer", "minimum": key["min"], "maximum": key["max"]},
        {"type": "string", "pattern": f"^{numbers(key['min'], key['max'])}$"},
    )


def statuses(key):
    """One number, or a range; that it does not end before it begins is left to the agent."""
    one = numbers(key["min"], key["max"])
    return value(
        {"type": "integer", "minimum": key["min"], "maximum": key["max"]},
        {"type": "string", "pattern": f"^{one}(-{one})?$"},
    )


def words(key):
    return value({"type": "string", "enum": key["words"]})


def formats(key):
    return {"anyOf": [
        {"$ref": "#/definitions/expanded"}, {"type": "string", "enum": key["words"]},
        {"type": "array", "items": words(key), "minItems": 1, "uniqueItems": True},
    ]}


def endpoint_list(scheme):
    """Members as one text, or as a list of such texts."""
    one = rf"[ \t]*{scheme}{IN_URL}(:{PORT})?/?[ \t]*"
    form = value({"type": "string", "pattern": f"^{one}(,{one}){{0,31}}$"})
    return {"anyOf": [form, {"type": "array", "items": form, "minItems": 1}]}


def target(known):
    socket = rf"unix:/.{{0,{known['limits']['socket_bytes'] - 1}}}"
    inet = rf"(localhost|{IPV4}|\[[0-9A-Fa-f:.]+\])?:0*{PORT}"
    return value({"type": "string", "pattern": f"^{BARE}({socket}|{inet})$"})


def members(known, names, **more):
    limits = known["limits"]
    return {
        "type": ["object", "null"], "maxProperties": limits["members"], "propertyNames": names,
        "additionalProperties": {
            "type": [*TEXT, "null"], "maxLength": limits["member_bytes"], **more},
    }


def metadata(known):
    return members(known, {
        "pattern": f"^{BARE}(?!(host|port|protocol)$){NO_CONTROL}$", "minLength": 1,
        "maxLength": known["limits"]["name_bytes"],
    })


def any_case(word):
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word)


OF_CONNECTION = ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
                 "transfer-encoding", "upgrade"]

# The names of headers, by the type of probe that sends them.
HEADER_NAMES = {
    "grpc": f"^(?!grpc-|({'|'.join([*OF_CONNECTION, 'content-type', 'host', 'user-agent'])})$|.*-bin$)"
            "[a-z0-9_.-]+$",
    "http": f"^(?!({'|'.join(map(any_case, [*OF_CONNECTION, 'expect']))})$)"
            "[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
}


def headers(known):
    names = {"minLength": 1, "maxLength": known["limits"]["name_bytes"]}
    return members(known, names, pattern="^[ -~]*$")


def command(key):
    word = {"type": [*TEXT, "null"], "pattern": f"^{NO_CONTROL}$", "maxLength": 4096}
    return {
        "type": ["array", "null"], "maxItems": key["max"],
        "items": [{**word, "type": TEXT, "minLength": 1}], "additionalItems": word,
    }


LEAF = rf"(?!(.*/)?\.{{0,2}}$){NO_CONTROL}"  # names a file, not a folder

KINDS = {
    "name": lambda key, known: text(f"{NAME}*", key),
    "token": lambda key, known: text("[!-~]*", key),
    "text": lambda key, known: text(NO_CONTROL, key),
    "secret": lambda key, known: text(NO_CONTROL, key),
    "file": lambda key, known: text(NO_CONTROL, key),
    "output": lambda key, known: text(f"({LEAF})?", key),
    "socket": lambda key, known: text(f"(/{LEAF})?", key),
    "label": lambda key, known: text("[A-Za-z0-9._:-]*", key),
    "host": lambda key, known: text(rf"(interface:.+|\[[0-9A-Fa-f:.]+\]|{ADDRESS}|{HOST})", key),
    "peer": lambda key, known: text(rf"({ADDRESS}|{HOST})?", key),
    "prefix": lambda key, known: text(f"/(?!$)(?!/)(?!.*//){NO_CONTROL}", key),
    "flag": lambda key, known: value({"type": "boolean"}, {"enum": ["true", "false"]}),
    "count": lambda key, known: count(key),
    "span": lambda key, known: span(key),
    "seconds": lambda key, known: span(key),
    "word": lambda key, known: words(key),
    "path": lambda key, known: text('/[!-"$-~]*', key),
    "statuses": lambda key, known: statuses(key),
    "formats": lambda key, known: formats(key),
    "endpoints": lambda key, known: endpoint_list("(https?://)?"),
    "target": lambda key, known: target(known),
    "scalars": lambda key, known: metadata(known),
    "headers": lambda key, known: headers(known),
    "command": lambda key, known: command(key),
}


# ---- mappings ------------------------------------------------------------------------------------


def children(known, holder):
    """The keys that stand in a mapping themselves."""
    return [key for key in known["keys"]
            if key["path"].startswith(holder) and set(key["path"][len(holder):]).isdisjoint(".[")]


def leaf(key):
    return key["path"].rsplit(".", 1)[-1]


def described(form, key):
    form = {"description": f"{key['help'][0].upper()}{key['help'][1:]}.", **form}
    if key["default"] not in {None, '""'}:
        form["default"] = yaml.safe_load(key["default"])
    return form


def property_of(key, known):
    if key["kind"] == "part":
        return described(mapping(known, key["path"] + "."), key)
    if key["kind"] == "mappings":
        return described({
            "type": "array", "minItems": key["min"], "maxItems": key["max"],
            "items": mapping(known, key["path"] + "[].", "object"),
        }, key)
    return described(KINDS[key["kind"]](key, known), key)


def set_to(name, anything=True):
    """Holds where a key is there with something in it."""
    something = {"not": {"enum": ["", None]}} if anything else {}
    return {"required": [name], "properties": {name: something}}


def of_type(kind, keys, fallback):
    """What an output, or a probe, of a type has and has not."""
    there = {"properties": {"type": {"const": kind}}}
    if kind != fallback:
        there["required"] = ["type"]
    then = {"required": [], "properties": {}}
    for key in keys:
        use = key.get("types", {}).get(kind, "possible")
        if use == "possible" and key["kind"] == "headers":
            then["properties"][leaf(key)] = {"propertyNames": {"pattern": HEADER_NAMES[kind]}}
        if leaf(key) == "type" or use == "possible":
            continue
        if use == "unused":
            then["properties"][leaf(key)] = False
        else:
            then["required"].append(leaf(key))
            then["properties"][leaf(key)] = {
                "type": "array", "minItems": 1} if key["kind"] == "command" else {
                "not": {"enum": ["", None]}}
    return {"if": there, "then": {name: form for name, form in then.items() if form}}


def types_of(keys):
    return next((key for key in keys if leaf(key) == "type" and key.get("words")), None)


def pairs(names):
    """Keys that are of no use without another."""
    rules = []
    if {"cert_file", "key_file"} <= names:
        rules += [{"if": set_to(one), "then": set_to(other)}
                  for one, other in (("cert_file", "key_file"), ("key_file", "cert_file"))]
    if {"username", "password", "password_file"} <= names:
        passwords = [set_to("password"), set_to("password_file")]
        rules += [{"if": set_to("username"), "then": {"anyOf": passwords}},
                  {"if": {"anyOf": passwords}, "then": set_to("username")},
                  {"not": {"allOf": passwords}}]
    if {"endpoints", "tls"} <= names:
        tls = {"required": ["tls"], "properties": {"tls": {"type": "object"}}}
        some = {"properties": {"endpoints": endpoint_list("(https://)?")}}
        all_or_none = [{"properties": {"endpoints": endpoint_list(scheme)}}
                       for scheme in ("https://", "(http://)?")]
        rules.append({"if": tls, "then": some, "else": {"anyOf": all_or_none}})
    return rules


def mapping(known, holder, kind=None):
    keys = children(known, holder)
    form = {
        "type": kind or ["object", "null"],
        "additionalProperties": False,
        "properties": {leaf(key): property_of(key, known) for key in keys},
    }
    required = [leaf(key) for key in keys if key["need"] == "required"]
    if required:
        form.update({"type": "object", "required": required})
    types = types_of(keys)
    rules = pairs({leaf(key) for key in keys})
    if types is not None and any(len(set(key.get("types", {}).values())) > 1 for key in keys):
        rules += [of_type(kind, keys, types["default"]) for kind in types["words"]]
    if rules:
        form["allOf"] = rules
    return form


def make(known):
    """The whole of it, as it stands in conf/descriptor.schema.json."""
    sides = {key["path"].split(".")[0]: key["side"] for key in known["keys"]}
    readers_lack = [name for name, side in sides.items() if side == "registers"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A descriptor of svc-agent",
        "description": "What svc-agent registers, or reads; see svc-agent.yaml(5).",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: mapping(known, name + ".") for name in sides},
        "if": {"required": ["discover"]},
        "then": {"properties": {name: {"type": "null"} for name in readers_lack}},
        "else": {"required": ["service"]},
        "definitions": {"expanded": {
            "description": "Taken from the environment.",
            "type": "string", "pattern": f"^(?=[\\s\\S]*\\$\\{{){EXPANDED[1:]}",
        }},
    }
