# SPDX-License-Identifier: Apache-2.0
"""Holds each file of the sources to saying its license.

usage: check_licenses.py [--self-test] <root of the sources>

A file has a line "SPDX-License-Identifier: Apache-2.0" among its first four, or as its last one; or
REUSE.toml names it. Prints each that has neither, and what REUSE.toml names in vain.
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
from checker import run  # noqa: E402
from source_files import Licenses, source_files  # noqa: E402


def complaints(root):
    paths = source_files(root)
    licenses = Licenses(root)
    for path in paths:
        license = licenses.of(path)
        if license is None:
            yield (f"{path}: says no license: begin it, in a comment, with SPDX-License-Identifier: "
                   "Apache-2.0 (end it so, if it is a document), or name it in REUSE.toml")
        elif license != "Apache-2.0":
            yield f"{path}: its license is {license}, not Apache-2.0"
    for pattern in licenses.listed:
        if not any(licenses.matches(path, pattern) for path in paths):
            yield f"REUSE.toml: {pattern} names no file"


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(text)


def self_test(_):
    tag = "SPDX-License" + "-Identifier: "
    with tempfile.TemporaryDirectory() as root:
        write(root, "REUSE.toml", f"# {tag}Apache-2.0\n[[annotations]]\n"
              'path = ["data/*.csv", "gone.json"]\nSPDX-License-Identifier = "Apache-2.0"\n')
        write(root, "good.cc", f"// {tag}Apache-2.0\n")
        write(root, "program", f"#!/bin/sh\n# {tag}Apache-2.0\n")
        write(root, "page.md", f"# A page\n\n<!-- {tag}Apache-2.0 -->\n")
        write(root, "data/good.csv", "1,2\n")
        write(root, "build/made.cc", "int made;\n")
        write(root, "bad.cc", "int bad;\n")
        write(root, "middle.md", f"1\n2\n3\n4\n{tag}Apache-2.0\n6\n")
        write(root, "other.h", f"// {tag}MIT\n")
        write(root, "data/deeper/bad.csv", "1,2\n")
        found = sorted(text.split(": ")[0] + ": " + text.split(": ")[1] for text in complaints(root))
    expected = ["REUSE.toml: gone.json names no file", "bad.cc: says no license",
                "data/deeper/bad.csv: says no license", "middle.md: says no license",
                "other.h: its license is MIT, not Apache-2.0"]
    if found != expected:
        sys.exit(f"expected {expected}\nfound {found}")


def check(root):
    return complaints(root), f"{len(source_files(root))} files say their license"


if __name__ == "__main__":
    run(check, self_test)
