# SPDX-License-Identifier: Apache-2.0
"""Runs each command of fusebox_drill that a page shows, and compares what it prints with what is shown:
a seed gives the same bytes everywhere.

usage: replay_drill.py FUSEBOX_DRILL FILE.md

The commands are the lines of blocks that begin with "$ ". `cat FILE` shows a file, which is there for the
commands after it; a line of "..." stands for any number of lines.
"""

import os
import re
import subprocess
import sys
import tempfile

PROGRAM, PAGE = sys.argv[1:]


def commands():
    """(line number, command, lines that it prints)"""
    found, inside, session = [], False, False  # a block without a command is no session
    with open(PAGE, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("```"):
                inside, session = not inside, False
            elif inside and line.startswith("$ "):
                session = True
                found.append((number, line[2:], []))
            elif session:
                found[-1][2].append(line)
    return found


def trimmed(lines):
    return [line.rstrip() for line in "\n".join(lines).strip("\n").split("\n")]


def matches(shown, printed):
    pattern = "".join(r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed))


def main():
    environment = {**os.environ,
                   "PATH": os.path.dirname(os.path.abspath(PROGRAM)) + ":" + os.environ["PATH"]}
    failures, run = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number, command, shown in commands():
            words = command.split()
            if words[0] == "cat":
                with open(os.path.join(folder, words[1]), "w", encoding="utf-8") as file:
                    file.write("\n".join(shown).rstrip("\n") + "\n")
                continue
            if words[0] != "fusebox_drill":
                continue
            run += 1
            ran = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            printed = trimmed(ran.stdout.split("\n"))
            if not matches(trimmed(shown), printed):
                failures += 1
                print(f"{PAGE}:{number}: $ {command}\nprints:", *printed, sep="\n")
    print(f"{run} commands, {failures} failures")
    sys.exit(1 if failures or not run else 0)


if __name__ == "__main__":
    main()
