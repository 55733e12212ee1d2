# SPDX-License-Identifier: Apache-2.0
"""Finds the words of tests/words/words.txt in the repository's files.

usage: check_words.py [FILE]...
       check_words.py --self-test

Prints each as "file:line: word: what to write instead", and returns 1 if there is any. Without a
FILE: every text file of the repository, except what is built. A word may stand across the end of a
line, also in a comment. With --self-test: whether each expression of tests/words/words.txt finds its own
example, on one line and across two, and a text without them is let through.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
WORDS = os.path.join("tests", "words", "words.txt")
ENDINGS = (".h", ".cc", ".md", ".proto", ".txt", ".cmake", ".py", ".sh", ".yml", ".in", ".1", ".json")
# What begins the lines of a comment, of a man page's text or of a list.
LEADER = re.compile(r"^\s*(//+|#+|\.\\\"|\*|-|>)?\s*")


class Word:
    def __init__(self, line, number):
        columns = line.split("\t")
        if len(columns) != 3 or not all(columns):
            sys.exit(f"{WORDS}:{number}: must be three columns with a tab between them")
        self.pattern = re.compile(columns[0], re.IGNORECASE)
        self.instead, self.example = columns[1:]


def words():
    with open(os.path.join(ROOT, WORDS), encoding="utf-8") as file:
        lines = file.read().split("\n")
    return [Word(line, number) for number, line in enumerate(lines, 1)
            if line and not line.startswith("#")]


def files():
    for folder, folders, names in os.walk(ROOT):
        where = os.path.relpath(folder, ROOT)
        # Of hidden ones .ci and .github are the repository's.
        folders[:] = sorted(name for name in folders
                            if where != "." or name in (".ci", ".github")
                            or not name.startswith((".", "build", "out")))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(where, name))
            if path != WORDS and (name.endswith(ENDINGS) or where in ("scripts", ".ci", "tools")):
                yield path


def found(text, wanted):
    """(line number, word, what stands there)"""
    lines = text.split("\n")
    any_of = re.compile("|".join(f"(?:{word.pattern.pattern})" for word in wanted), re.IGNORECASE)
    for number, line in enumerate(lines, 1):
        after = LEADER.sub("", lines[number]) if number < len(lines) else ""
        joined = line.rstrip() + " " + after
        if not any_of.search(joined):
            continue
        for word in wanted:
            for match in word.pattern.finditer(joined):
                # What begins on the next line is found there.
                if match.start() < len(line.rstrip()):
                    yield number, word, match[0]


def self_test(wanted):
    failures = 0
    for word in wanted:
        halves = word.example.split(" ")
        middle = len(halves) - 1
        cases = [word.example, "x\n  // " + word.example]
        for at in range(1, middle + 1):
            cases.append("  // " + " ".join(halves[:at]) + "\n  // " + " ".join(halves[at:]))
        for case in cases:
            if not any(each is word for _, each, _ in found(case, wanted)):
                failures += 1
                print(f"{word.pattern.pattern!r} isn't found in {case!r}")
    fine = ("At most five threads run at the same time.\nOne probe at a time, a few at a time.\n"
            "It is not a state; what happens so often.\n")
    for _, word, what in found(fine, wanted):
        failures += 1
        print(f"{word.pattern.pattern!r} finds {what!r} in what is fine")
    print(f"{len(wanted)} words, {failures} failures")
    return 1 if failures or not wanted else 0


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    wanted = words()
    if arguments == ["--self-test"]:
        return self_test(wanted)
    wrong = [argument for argument in arguments if not os.path.isfile(argument)]
    if wrong:
        print(f"check_words.py: no such file: {wrong[0]}\nTry: {sys.argv[0]} --help", file=sys.stderr)
        return 2
    seen, total = 0, 0
    paths = [(path, path) for path in arguments] or [(path, os.path.join(ROOT, path)) for path in files()]
    for name, path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        seen += 1
        for number, word, what in found(text, wanted):
            total += 1
            print(f"{name}:{number}: {what}: write: {word.instead}")
    print(f"{seen} files, {total} words to replace")
    return 1 if total or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
