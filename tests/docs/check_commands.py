# SPDX-License-Identifier: Apache-2.0
"""Checks every command that the documentation shows: the program, its subcommand and each of its
flags exist, and so do the files of this repository that it names.

usage: check_commands.py <root of the sources> FUSEBOXCTL FUSEBOX_DEMO FUSEBOX_DRILL

Commands are the lines of sh blocks, those that begin with "$ " in any other block, and what begins
with the name of a program of ours in `code` of the running text. Programs of others are let be, except
for CMake's presets.
"""

import functools
import json
import os
import re
import shlex
import subprocess
import sys

ROOT, FUSEBOXCTL, DEMO, DRILL = sys.argv[1:]
PROGRAMS = {"fuseboxctl": FUSEBOXCTL, "fusebox_demo": DEMO, "fusebox_drill": DRILL}
FILE = re.compile(r"(scripts|examples|docs|tests|tools|monitoring|proto|benchmarks|cmake)/[\w./-]+")


def documents():
    for folder in ("", "docs", os.path.join("docs", "adr")):
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            # The changelog also tells of what was.
            if name.endswith(".md") and name != "CHANGELOG.md":
                yield os.path.join(folder, name)


def commands(name):
    """(line number, command)"""
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        text = file.read()
    inside, paragraph, start = None, "", 1
    for number, line in enumerate(text.split("\n") + [""], 1):
        fence = line.startswith("```")
        if fence:
            inside = None if inside is not None else line[3:]
        elif inside is not None:
            if line.startswith("$ "):
                yield number, line[2:]
            elif inside == "sh":
                yield number, line
        if line and not fence and inside is None:
            paragraph += " " + line
            continue
        for code in re.findall(r"`([^`]+)`", paragraph):
            if re.match(r"(fuseboxctl|fusebox_demo|fusebox_drill|scripts/[\w-]+)( |$)", code):
                yield start, code
        paragraph, start = "", number + 1


@functools.lru_cache(None)
def flags_of(*program):
    """Those that its help names; None if it has no such subcommand."""
    asked = subprocess.run([*program, "--help"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False)
    # Of a subcommand that it hasn't, CLI11 shows the help of the program.
    subcommand = " ".join([os.path.basename(program[0]), *program[1:]])
    # The line of its usage begins with "Usage: " up to CLI11 2.4.
    has_usage = re.search(rf"^(Usage: )?{re.escape(subcommand)} ", asked.stdout, re.MULTILINE)
    if asked.returncode != 0 or (program[1:] and not has_usage):
        return None
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", asked.stdout))


def presets():
    with open(os.path.join(ROOT, "CMakePresets.json"), encoding="utf-8") as file:
        text = json.load(file)
    return {each["name"] for each in text["configurePresets"]}


def split(command):
    """The simple commands of a line: lists of words."""
    words = shlex.shlex(command, posix=True, punctuation_chars="|&;<>")
    words.whitespace_split = True
    words.commenters = "#"
    simple = [[]]
    for word in words:
        if re.fullmatch(r"[|&;]+", word):
            simple.append([])
        else:
            simple[-1].append(word)
    return [each for each in simple if each]


def faults(words):
    for word in words:
        if FILE.fullmatch(word) and not os.path.exists(os.path.join(ROOT, word)):
            yield f"there is no {word}"
    for at, word in enumerate(words[:-1]):
        if word == "--preset" and words[at + 1] not in presets():
            yield f"there is no preset {words[at + 1]}"
    path = PROGRAMS.get(words[0])
    if words[0].startswith("scripts/"):
        path = os.path.join(ROOT, words[0])
    if not path or not os.path.exists(path):
        return
    known, called = flags_of(path), [path]
    if words[0] == "fuseboxctl":
        for word in words[1:]:
            complete = len(called) > 1 and called[-1] != "policy"
            if complete or not re.fullmatch(r"[a-z]+", word):
                break
            called.append(word)
            own = flags_of(*called)
            if own is None:
                yield f"there is no {' '.join(called[1:])} of {words[0]}"
                return
            known = known | own
    for word in words[1:]:
        flag = re.match(r"(--?[a-z][a-z-]*)(=.*)?$", word)
        if flag and flag[1] not in known:
            yield f"{' '.join([words[0], *called[1:]])} has no {flag[1]}"


def main():
    seen, wrong = 0, 0
    for name in documents():
        for number, command in commands(name):
            for words in split(command):
                seen += 1
                for fault in faults(words):
                    wrong += 1
                    print(f"{name}:{number}: {command}\n  {fault}")
    print(f"{seen} commands")
    sys.exit(1 if wrong or not seen else 0)


if __name__ == "__main__":
    main()
