# SPDX-License-Identifier: Apache-2.0
"""Makes C++ files of the examples in the documentation, so that they are compiled as they stand.

usage: extract_snippets.py <root of the sources> --list
       extract_snippets.py <root of the sources> <folder>

README.md and each of docs/*.md with ```cpp blocks becomes a file that includes what its blocks
include, and of Fusebox nothing else. The blocks stand in one function, each in the scope of those
before it. It is named after the page, so that snippets_run_test.cc can call it. An invisible line before a block may say what it is instead:

    <!-- snippet: excerpt of examples/testing/checkout_test.cc -->

is compared with that file. In the public headers, an example is what is indented by three spaces in
a comment; those of one library become one file, those of one comment one function.

A line of "..." stands for the reader's code. What else an example may use without declaring it is in
reader.h.
"""

import os
import re
import sys

PLACEHOLDER = re.compile(r"^\s*\.\.\.\s*(//.*)?$")
GROUPS = ("core", "grpc", "admin", "config", "prometheus", "testing")
# What a program has that uses them, beside Fusebox.
ALSO = {"core": ['"fusebox/grpc/run.h"'],
        "prometheus": ["<prometheus/exposer.h>"],
        "testing": ["<gmock/gmock.h>", "<gtest/gtest.h>"]}


class Snippet:
    def __init__(self, where, line, code):
        self.where = where
        self.line = line
        self.code = code

    def includes(self):
        return [line for line in self.code if line.startswith("#include")]

    def body(self):
        return ["" if PLACEHOLDER.match(line) or line.startswith("#include") else line
                for line in self.code]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().split("\n")


def documents(root):
    names = ["README.md"] + sorted(
        os.path.join("docs", name) for name in os.listdir(os.path.join(root, "docs")) if name.endswith(".md"))
    for name in names:
        snippets = document_snippets(root, name)
        if snippets:
            yield name, snippets


def document_snippets(root, name):
    snippets, lines, at = [], read(root, name), 0
    while at < len(lines):
        if not lines[at].startswith("```cpp"):
            at += 1
            continue
        end = lines.index("```", at)
        said = re.match(r"<!-- snippet: excerpt of (\S+) -->", lines[at - 1])
        if said:
            check_excerpt(root, name, at, lines[at + 1:end], said[1])
        else:
            snippets.append(Snippet(name, at + 2, lines[at + 1:end]))
        at = end + 1
    return snippets


def check_excerpt(root, name, at, code, source):
    rest = [line.strip() for line in read(root, source)]
    for line in code:
        if not line.strip() or PLACEHOLDER.match(line):
            continue
        if line.strip() not in rest:
            sys.exit(f"{name}:{at + 1}: not in {source}, or not in this order: {line}")
        rest = rest[rest.index(line.strip()) + 1:]


def headers(root):
    """(group, [header], [[snippet] of one comment])"""
    include = os.path.join(root, "include")
    found = {group: ([], []) for group in GROUPS}
    for folder, _, files in sorted(os.walk(include)):
        group = os.path.relpath(folder, os.path.join(include, "fusebox"))
        group = "core" if group == "." else group
        for file in sorted(files):
            if group not in found or not file.endswith(".h"):
                continue
            path = os.path.relpath(os.path.join(folder, file), root)
            found[group][0].append(os.path.relpath(path, "include"))
            found[group][1].extend(comments(root, path))
    for group, (names, functions) in found.items():
        yield group, names, functions


def comments(root, path):
    functions, snippets, code, start, item = [], [], [], 0, False
    for at, line in enumerate(read(root, path) + [""]):
        comment = re.match(r"^\s*//(.*)$", line)
        # A list's item may have more lines, indented as examples are; no example follows without a
        # blank line.
        item = comment and (comment[1].startswith(" - ") or (item and comment[1].strip()))
        example = comment and (comment[1].startswith("   ") or (code and not comment[1].strip()))
        if example and not item:
            start = start if code else at + 1
            code.append(comment[1][3:])
            continue
        # A quoted message is no code.
        if code and not code[0].lstrip().startswith('"'):
            snippets.append(Snippet(path, start, code))
        code = []
        if not comment and snippets:
            functions.append(snippets)
            snippets = []
    return functions


def function(name, snippets):
    code = [line for snippet in snippets for line in snippet.body()]
    asserts = any("ASSERT_" in line for line in code)
    yield f"[[maybe_unused]] {'void' if asserts else 'absl::Status'} {name}([[maybe_unused]] std::shared_ptr<Cache> cache) {{"
    for snippet in snippets:
        yield f'#line {snippet.line} "{snippet.where}"'
        yield from snippet.body()
        yield "{"
    yield "}" * len(snippets)
    if not asserts:
        yield "return absl::OkStatus();"
    yield "}"


def wrapped(includes, functions, names):
    yield "// Made by tests/docs/extract_snippets.py."
    yield from includes
    yield "namespace reader {"
    for name, snippets in zip(names, functions):
        yield from function(name, snippets)
    yield "}  // namespace reader"


def files(root):
    for name, snippets in documents(root):
        includes = ['#include "tests/docs/reader.h"']
        includes += [line for snippet in snippets for line in snippet.includes()]
        stem = os.path.basename(name)[:-len(".md")].replace("-", "_").lower()
        page = "".join(word.capitalize() for word in stem.split("_")) + "Page"
        yield f"{stem}_md.cc", wrapped(includes, [snippets], [page])
    for group, names, functions in headers(root):
        includes = ['#include "tests/docs/reader.h"']
        includes += [f"#include {name}" for name in ALSO.get(group, [])]
        includes += [f'#include "{name}"' for name in names]
        if group == "testing":
            includes += ['#include "fusebox/grpc/channel.h"']
        if group != "core":
            includes += ['#include "fusebox/circuit_registry.h"']
        examples = [f"{group.capitalize()}Example{number}" for number in range(len(functions))]
        yield f"{group}_headers.cc", wrapped(includes, functions, examples)


def main():
    root = sys.argv[1]
    if sys.argv[2] == "--list":
        print("\n".join(name for name, _ in files(root)))
        return
    for name, lines in files(root):
        path = os.path.join(sys.argv[2], name)
        text = "\n".join(lines) + "\n"
        old = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if text != old:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


if __name__ == "__main__":
    main()
