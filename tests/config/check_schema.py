# SPDX-License-Identifier: Apache-2.0
"""Holds docs/config.schema.json against the loader: what each of them says of examples.

usage: check_schema.py <root of the sources> <fuseboxctl>

The examples are those of docs/configuration.md, and the lines of schema_examples.txt beside this file: a
file of YAML each, after the verdict of the loader and, where that differs, that of the schema, which
can't know what a value means.
"""

import json
import os
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"left out: {missing}")
    sys.exit(77)

VERDICTS = {"valid": (True, True), "invalid": (False, False), "only-loader-refuses": (False, True)}


def examples(root):
    with open(os.path.join(root, "docs", "configuration.md"), encoding="utf-8") as page:
        for mark, language, text in re.findall(
                r"^(<!-- refused -->\n)?```(yaml|json)\n(.*?)^```$", page.read(), re.S | re.M):
            yield ("invalid" if mark else "valid"), language, text
    with open(os.path.join(root, "tests", "config", "schema_examples.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                verdict, _, text = line.partition(" ")
                yield verdict, "yaml", text

# Where the schema says that something is wrong: in the map itself, and not in one around it.
PLACES = {
    "dependencies: {d: {default: {failure_rat: 1}}}": ["$.dependencies.d.default"],
    "dependencies: {d: {default: {failure_rate: 2, half_open: {probe_calls: 0}}}}":
        ["$.dependencies.d.default.failure_rate", "$.dependencies.d.default.half_open.probe_calls"],
    "dependencies: {d: {methods: {a.B/C: {ramp: {duration: 5}}}}}":
        ["$.dependencies.d.methods['a.B/C'].ramp.duration"],
    "presets: {p: {shadow_policy: {jitter: 2}}}": ["$.presets.p.shadow_policy.jitter"],
    "presets: {p: {shadow_policy: on, time_window: off, open_duration: off}}":
        ["$.presets.p.open_duration", "$.presets.p.shadow_policy", "$.presets.p.time_window"],
    "registry: {max_circuits: -1}": ["$.registry.max_circuits"],
    "version: " + "x" * 129: ["$.version"],
}


def places(validator):
    faults = 0
    for text, expected in PLACES.items():
        found = sorted({error.json_path for error in validator.iter_errors(yaml.safe_load(text))})
        if found != expected:
            faults += 1
            print(f"must be wrong at {expected}: {text}\n  the schema: {found}")
    return faults


def main():
    root, fuseboxctl = sys.argv[1:]
    with open(os.path.join(root, "docs", "config.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    faults = places(validator)
    count = 0
    for verdict, language, text in examples(root):
        count += 1
        loader = subprocess.run([fuseboxctl, "config", "check", "--format", language, "-"], input=text,
                                text=True, capture_output=True)
        by_schema = [error.json_path + ": " + error.message for error in
                     validator.iter_errors(yaml.safe_load(text))]
        found = (loader.returncode == 0, not by_schema)
        if found != VERDICTS[verdict]:
            faults += 1
            print(f"must be {verdict}: {text}\n  the loader: {loader.stderr or 'valid'}"
                  f"\n  the schema: {by_schema or 'valid'}")
    print(f"{count} examples, {faults} faults")
    return 1 if faults or count < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
