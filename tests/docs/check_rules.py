# SPDX-License-Identifier: Apache-2.0
"""Checks that the rules of docs/rules.md are exactly those that the tests are named after: each rule has
a test, and no test names a rule that isn't there. What the page's contents say of the numbers is true.

usage: check_rules.py <root of the sources>

A rule is a paragraph that begins with its number, "**R5. Probing.** ..."; a test is named after it with
R5_ in front.
"""

import collections
import pathlib
import re
import sys

# Rules that no test can check, each with the reason: {"P5": "..."}.
EXEMPT = {}

TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*([A-Z]\d+)_")


def rules_of(text):
    """(number, line) of each rule."""
    return [(match[1], text.count("\n", 0, match.start()) + 1)
            for match in re.finditer(r"^\*\*([A-Z]\d+)\. ", text, re.M)]


def tests_of(root):
    """By rule, where its tests are."""
    tests = collections.defaultdict(list)
    for file in sorted((root / "tests").rglob("*.cc")):
        text = file.read_text(encoding="utf-8")
        for match in TEST.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            tests[match[1]].append(f"{file.relative_to(root)}:{line}")
    return tests


def range_faults(text, rules):
    """What "R1 to R14, and R20" in the contents gets wrong: there, each kind of rule has its numbers."""
    letters = collections.defaultdict(list)
    for rule, _ in rules:
        letters[rule[0]].append(int(rule[1:]))
    said = set()
    for line in re.findall(r"^- \[.*\): ([A-Z]\d+ to [A-Z]\d+\b.*)$", text, re.M):
        letter = line[0]
        said.add(letter)
        numbers = set()
        for first, last in re.findall(rf"{letter}(\d+)(?: to {letter}(\d+))?", line):
            numbers.update(range(int(first), int(last or first) + 1))
        rules_there = sorted(letters.get(letter, []))
        if sorted(numbers) != rules_there:
            yield (f"the contents say {line}; the rules are "
                   + ", ".join(f"{letter}{number}" for number in rules_there))
    for letter in sorted(set(letters) - said):
        yield f"the contents have no line that ends in \"{letter}1 to {letter}...\""


def faults(text, tests):
    rules = rules_of(text)
    numbers = [rule for rule, _ in rules]
    if not rules:
        yield "docs/rules.md: there is no rule"
    for rule, line in rules:
        if numbers.count(rule) > 1:
            yield f"docs/rules.md:{line}: {rule} is there more than once"
        if rule in EXEMPT:
            if rule in tests:
                yield f"{tests[rule][0]}: {rule} has a test: take it off EXEMPT in check_rules.py"
        elif rule not in tests:
            yield f"docs/rules.md:{line}: no test is named {rule}_..."
    for rule in sorted(set(tests) - set(numbers)):
        for place in tests[rule]:
            yield f"{place}: docs/rules.md has no rule {rule}"
    for rule in sorted(set(EXEMPT) - set(numbers)):
        yield f"tests/docs/check_rules.py: EXEMPT has {rule}, and docs/rules.md has not"
    for fault in range_faults(text, rules):
        yield f"docs/rules.md: {fault}"


def main():
    root = pathlib.Path(sys.argv[1])
    text = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    found = list(dict.fromkeys(faults(text, tests_of(root))))
    print("\n".join(found) if found else f"{len(rules_of(text))} rules")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
