# SPDX-License-Identifier: Apache-2.0
"""docs/config.schema.json, of config.proto and of the table of a policy's fields: for tools/make-policy-docs."""

import json
import re

NUMBER = r"[0-9]+(\.[0-9]*)?|\.[0-9]+"
DURATION = rf"^([-+]?0|(({NUMBER})(ns|us|µs|ms|s|m|h))+)$"
OFF = {"enum": [None, False, "off"]}
ON = {"enum": [True, "on"]}
FLAG = {"anyOf": [{"type": "boolean"}, {"enum": ["on", "off"]}]}
CODES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
         "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
         "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]


def integer(least, most):
    return {"anyOf": [{"type": "integer", "minimum": least, "maximum": most},
                      {"type": "string", "pattern": "^[0-9]+$"}]}


# What the comments of config.proto say of single numbers.
RANGES = {"max_circuits": (0, 10_000_000), "event_capacity": (1, 1_000_000),
          "max_lines_per_second": (1, 1_000_000)}


def described(text, schema):
    return {"description": text, **schema} if text else schema


# ---- A policy.

def value_schema(row):
    if row["kind"] == "flag":
        return FLAG
    if row["kind"] == "duration":
        ways = [{"type": "string", "pattern": DURATION}]
        if row["off"] == "zero":
            ways.append({"const": 0})
    elif row["kind"] == "integer":
        ways = integer(row["min"], row["max"])["anyOf"]
    else:
        number = {"type": "number"}
        number["exclusiveMinimum" if row["ends"] == "max" else "minimum"] = row["min"]
        number["exclusiveMaximum" if row["ends"] == "min" else "maximum"] = row["max"]
        ways = [number]
        if row["max"] <= 1:
            ways.append({"type": "string", "pattern": rf"^({NUMBER})%$"})
    if row["off"] in ("unset", "zero"):
        ways = ways + [OFF]
    return {"anyOf": ways}


def policy_schema(table, describe):
    def of(path):
        row = table.by_path.get(path)
        if row is not None:
            return described(describe(path), value_schema(row))
        part = table.parts.get(path)
        if part is not None and part["kind"] == "policy":
            return described(describe(path), {"anyOf": [{"$ref": "#/$defs/ConfigPolicy"}, OFF]})
        fields = obj(table.children(path))
        ways = [fields]
        if path in table.alternatives or part["off"] == "unset":
            ways.append(ON)
        if part is not None and part["off"] == "unset":
            ways.append(OFF)
        return described(describe(path), {"anyOf": ways} if len(ways) > 1 else fields)

    def obj(paths):
        schema = {"type": "object", "additionalProperties": False,
                  "properties": {path.rpartition(".")[2]: of(path) for path in paths}}
        choices = {}
        for path in paths:
            if path in table.alternatives:
                choices.setdefault(table.alternatives[path]["choice"], []).append(
                    path.rpartition(".")[2])
        if choices:
            schema["allOf"] = [{"not": {"required": names}} for names in choices.values()]
        return schema

    return obj([path for path in table.paths if "." not in path])


# ---- The rest, of config.proto.

def blocks(proto, kind):
    return re.findall(rf"((?:^//[^\n]*\n)*)^{kind} (\w+) \{{\n(.*?)^\}}", proto, re.S | re.M)


def comment_text(lines):
    return " ".join(line.strip().lstrip("/").strip() for line in lines if line.strip())


def fields_of(body):
    """(type, name, comment) of each field."""
    above = []
    for line in body.splitlines():
        code, _, behind = line.partition("//")
        match = re.match(r"\s*(?:(optional|repeated) )?(map<string, \w+>|[\w.]+) (\w+) = \d+;", code)
        if match:
            kind = f"repeated {match[2]}" if match[1] == "repeated" else match[2]
            yield kind, match[3], comment_text([*above, behind])
        above = [*above, line] if line.strip().startswith("//") else []


def words_of(name, body):
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper() + "_"
    values = re.findall(r"^\s*(\w+) = (\d+);", body, re.M)
    return [value.removeprefix(prefix).lower() for value, number in values if number != "0"]


def config_schema_text(table, config_proto, plain):
    enums = {name: words_of(name, body) for _, name, body in blocks(config_proto, "enum")}

    def of(kind, name):
        if kind.startswith("map<"):
            return {"type": ["object", "null"], "additionalProperties": of(kind[len("map<string, "):-1], "")}
        if kind.startswith("repeated "):
            item = {"enum": CODES} if name.endswith("_codes") else {"type": "string"}
            return {"type": ["array", "null"], "items": item}
        if kind in enums:
            return {"enum": enums[kind]}
        if kind == "bool":
            return FLAG
        if name == "version":  # of which YAML may think that it is a number
            return {"type": ["string", "number"]}
        if kind == "string":
            return {"type": "string", "minLength": 1}
        if kind == "int64":
            return integer(*RANGES[name])
        if kind == "google.protobuf.Duration":
            return {"anyOf": [{"type": "string", "pattern": DURATION}, {"const": 0}]}
        return {"anyOf": [{"$ref": f"#/$defs/{kind}"}, {"type": "null"}]}

    definitions = {}
    for above, name, body in blocks(config_proto, "message"):
        text = comment_text(above.splitlines())
        if name == "ConfigPolicy":
            schema = policy_schema(table, lambda path: plain(table.text(path)))
            own = {field: described(comment, of(kind, field))
                   for kind, field, comment in fields_of(body) if field in ("preset", "without")}
            schema["properties"] = {**own, **schema["properties"]}
        else:
            schema = {"type": "object", "additionalProperties": False,
                      "properties": {field: described(comment, of(kind, field))
                                     for kind, field, comment in fields_of(body)}}
        definitions[name] = described(text, schema)
    top = definitions.pop("Config")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema",
              "$comment": "Made by tools/make-policy-docs.",
              "title": "A configuration file of Fusebox", **top, "$defs": definitions}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
