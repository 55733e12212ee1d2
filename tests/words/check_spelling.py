# SPDX-License-Identifier: Apache-2.0
"""Checks the spelling of the documentation, the public headers' comments and the sources.

usage: check_spelling.py
       check_spelling.py --self-test

Of README.md and the like, docs/ and the comments of include/, each word must be known to aspell (British
English) or stand in tests/words/spelling.txt. Of all sources, codespell knows the usual mistakes. Code is
left out: what stands in backquotes, in blocks and links, and names with capitals, digits or signs in
them. With --self-test: whether a mistake is found in each of these places, and none in code. Takes
seconds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KNOWN = os.path.join("tests", "words", "spelling.txt")
IDENTIFIER = r"\b\w*[a-z][A-Z]\w*\b"
SOURCES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "UPGRADES.md", "docs",
           "include", "src", "interceptors", "proto", "tools", "examples", "monitoring", "cmake",
           "scripts")


def documents():
    for name in sorted(os.listdir(ROOT)):
        if name.endswith(".md"):
            yield name
    for top in ("docs", "include"):
        for folder, _, names in sorted(os.walk(os.path.join(ROOT, top))):
            for name in sorted(names):
                if name.endswith((".md", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def prose(name, text):
    """(line number, the line without its code)"""
    inside, code = False, False
    for number, line in enumerate(text.split("\n"), 1):
        if name.endswith(".h"):
            comment = re.search(r"//(.*)$", line)
            if not comment or re.match(r" {3}|/", comment[1]) or "NOLINT" in line:
                continue
            line = comment[1]
        elif line.startswith("```"):
            inside = not inside
            continue
        elif inside:
            continue
        # Code may go on in the next line.
        line = ("`" if code else "") + line
        code = line.count("`") % 2 == 1
        line = re.sub(r"`[^`]*(`|$)", " ", line)
        line = re.sub(r"\]\([^)]*\)", "] ", line)
        yield number, re.sub(r"<[^>]*>", " ", line)


def words(line):
    for token in line.split():
        if token.startswith("-"):  # a flag
            continue
        token = token.strip(".,;:!?()[]{}*\"|-–…'=")
        if re.search(r"[_/\\<>=@:.*\d\"()#$~]|[a-z][A-Z]|[A-Z]{2}", token):
            continue
        yield from re.findall(r"[A-Za-z][a-z]+(?:'[a-z]+)?", token)


def misspelt(texts):
    """[(name, line number, word)]"""
    where = {}
    for name, text in texts:
        for number, line in prose(name, text):
            for word in words(line):
                where.setdefault(word, []).append((name, number))
    with open(os.path.join(ROOT, KNOWN), encoding="utf-8") as file:
        known = {line.strip().lower() for line in file if not line.startswith("#")}
    asked = "\n".join("^" + word for word in where)
    answer = subprocess.run(["aspell", "list", "-l", "en_GB", "--encoding=utf-8"], input=asked,
                            capture_output=True, text=True, check=True).stdout.split()
    return sorted((name, number, word) for word in set(answer)
                  if not {word.lower(), re.sub(r"'?s$", "", word.lower())} & known
                  for name, number in where.get(word, []))


def codespell(paths):
    """What it says, line by line."""
    said = subprocess.run(["codespell", "-q", "3", "--ignore-regex", IDENTIFIER, "-S", "*.svg,*.json", *paths], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if said.returncode not in (0, 64, 65) and not said.stdout:
        sys.exit(f"codespell failed: {said.stderr}")
    return said.stdout.splitlines()


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def self_test():
    cases = [
        ("a.md", "It is a mistaek.\n", ["mistaek"]),
        ("a.md", "It is `mistaek`, [a](mistaek.md) and\n`mistaek\nmistaek` or a_mistaek.\n", []),
        ("a.md", "```\nmistaek\n```\nA mistaek in `code` and a mistaek.\n", ["mistaek", "mistaek"]),
        ("a.h", "int mistaek;  // a mistaek\n//   mistaek();\n// kMistaek, `mistaek`\n", ["mistaek"]),
        ("a.h", "int x;  // what the registry's gRPC channel serialises\n", []),
    ]
    failures = 0
    for name, text, expected in cases:
        found = [word for _, _, word in misspelt([(name, text)])]
        if found != expected:
            failures += 1
            print(f"found {found} and not {expected} in {text!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.cc")
        with open(path, "w", encoding="utf-8") as file:
            file.write("// It is recie" "ved.\n")
        if not codespell([path]):
            failures += 1
            print("codespell finds nothing")
    print(f"{len(cases) + 1} cases, {failures} failures")
    return 1 if failures else 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if sys.argv[1:] not in ([], ["--self-test"]):
        print(f"check_spelling.py: unknown argument: {sys.argv[1]}\nTry: {sys.argv[0]} --help",
              file=sys.stderr)
        return 2
    for tool in ("aspell", "codespell"):
        if not shutil.which(tool):
            print(f"check_spelling.py: {tool} is missing: scripts/install-deps test", file=sys.stderr)
            return 1
    if sys.argv[1:]:
        return self_test()
    names = list(documents())
    faults = [f"{name}:{number}: {word}"
              for name, number, word in misspelt((name, read(name)) for name in names)]
    faults += codespell([path for path in SOURCES if os.path.exists(os.path.join(ROOT, path))])
    print("\n".join(faults + [f"{len(names)} documents, {len(faults)} words misspelt, or missing in {KNOWN}"]))
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
