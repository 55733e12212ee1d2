# SPDX-License-Identifier: Apache-2.0
"""docs/config.schema.json, of config.proto and of the table of a policy's fields: for tools/make-policy-docs."""

import json
import re

NUMBER = r"[0-9]+(\.[0-9]*)?|\.[0-9]+"
DURATION = rf"[-+]?0|(({NUMBER})(ns|us|µs|ms|s|m|h))+"
FLAG = {"type": ["boolean", "string"], "pattern": "^(on|off)$"}
CODES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
         "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
         "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]


# What a value may be is one schema with several types, each with the keywords that are for it alone. Of
# an "anyOf", editors tell that none of its schemas fits, and at the map instead of the key in it.
def values(types, texts=(), on=False, off=False, **keywords):
    """`texts`: patterns of strings; `on`, `off`: whether it can be turned so, in each way to write that."""
    texts = [*texts, *(["on"] if on else []), *(["off"] if off else [])]
    schema = {"type": [*types, *(["string"] if texts else []), *(["boolean"] if on or off else []),
                       *(["null"] if off else [])]}
    if len(schema["type"]) == 1:
        schema["type"] = schema["type"][0]
    if texts:
        schema["pattern"] = f"^({'|'.join(texts)})$"
    if on != off:
        schema["not"] = {"const": off}  # Python's False and True
    return {**schema, **keywords}


def integer(least, most, off=False):
    return values(["integer"], ["[0-9]+"], off=off, minimum=least, maximum=most)


def duration(zero, off=False):
    return values(["number"] if zero else [], [DURATION], off=off,
                  **({"minimum": 0, "maximum": 0} if zero else {}))


# What the comments of config.proto say of single numbers.
RANGES = {"max_circuits": (0, 10_000_000), "event_capacity": (1, 1_000_000),
          "max_lines_per_second": (1, 1_000_000)}


def described(text, schema):
    return {"description": text, **schema} if text else schema


# ---- A policy.

def value_schema(row):
    if row["kind"] == "flag":
        return FLAG
    off = row["off"] in ("unset", "zero")
    if row["kind"] == "duration":
        return duration(row["off"] == "zero", off)
    if row["kind"] == "integer":
        return integer(row["min"], row["max"], off)
    least = "exclusiveMinimum" if row["ends"] == "max" else "minimum"
    most = "exclusiveMaximum" if row["ends"] == "min" else "maximum"
    return values(["number"], [f"({NUMBER})%"] if row["max"] <= 1 else [], off=off,
                  **{least: row["min"], most: row["max"]})


def policy_schema(table, describe):
    def of(path):
        row = table.by_path.get(path)
        if row is not None:
            return described(describe(path), value_schema(row))
        part = table.parts.get(path)
        off = part is not None and part["off"] == "unset"
        if part is not None and part["kind"] == "policy":
            # Only a map is held against the other schema.
            return described(describe(path), {**values(["object"], off=True),
                                              "if": {"type": "object"},
                                              "then": {"$ref": "#/$defs/ConfigPolicy"}})
        return described(describe(path), {**obj(table.children(path)),
                                          **values(["object"], on=off or path in table.alternatives,
                                                   off=off)})

    def obj(paths):
        schema = {"type": "object", "additionalProperties": False,
                  "properties": {path.rpartition(".")[2]: of(path) for path in paths}}
        choices = {}
        for path in paths:
            if path in table.alternatives:
                choices.setdefault(table.alternatives[path]["choice"], []).append(
                    path.rpartition(".")[2])
        if choices:
            schema["allOf"] = [{"not": {"type": "object", "required": names}} for names in choices.values()]
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
            return {"type": ["string", "number"], "minLength": 1, "maxLength": 128}
        if kind == "string":
            return {"type": "string", "minLength": 1}
        if kind == "int64":
            return integer(*RANGES[name])
        if kind == "google.protobuf.Duration":
            return duration(zero=True)
        return {"$ref": f"#/$defs/{kind}"}

    definitions = {}
    for above, name, body in blocks(config_proto, "message"):
        text = comment_text(above.splitlines())
        if name == "ConfigPolicy":
            schema = policy_schema(table, lambda path: plain(table.text(path)))
            own = {field: described(comment, of(kind, field))
                   for kind, field, comment in fields_of(body) if field in ("preset", "without")}
            schema = {**schema, "type": ["object", "null"], "properties": {**own, **schema["properties"]}}
        else:
            schema = {"type": ["object", "null"], "additionalProperties": False,
                      "properties": {field: described(comment, of(kind, field))
                                     for kind, field, comment in fields_of(body)}}
        definitions[name] = described(text, schema)
    top = {**definitions.pop("Config"), "type": "object"}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema",
              "$comment": "Made by tools/make-policy-docs.",
              "title": "A configuration file of Fusebox", **top, "$defs": definitions}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
