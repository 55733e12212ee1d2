# SPDX-License-Identifier: Apache-2.0
"""Replays the sessions that the documentation shows: their commands are run for real, on a terminal
of 24 rows and 80 columns, against two instances of the demo, and what they print is compared.

usage: replay_sessions.py FUSEBOX_DEMO FUSEBOXCTL FILE.md...

What is shown is what was seen once. The same is what has the same shape: addresses, ages, counts,
status codes, which of its rules opened a circuit, and how much of it the terminal has room for may
differ; states, modes, names, columns and all other words may not. A line of "..." stands for any
number of lines.

A block that follows the invisible line

    <!-- session: checkout-2 is gone -->

is replayed with that instance killed.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "fuseboxctl"))
from demo_instance import DemoInstance  # pylint: disable=wrong-import-position

PORTS = {"checkout-1": "9101", "checkout-2": "9102"}  # that the documentation shows
# These change nothing, and may be asked until the demo has come to the scene that is shown.
READS = re.compile(r"fuseboxctl (list|get|watch|info|orders(?! revoke)|policy (get|diff))\b|--dry-run")
# Seconds to wait for scenes, of all sessions together: the demo's are over in less than a minute.
PATIENCE = 600

DURATION = r"\d+(\.\d+)?(ms|h|m|s)(\d+(\.\d+)?(m|s))*"
# In this order: what a pattern leaves, the next ones see.
PLACEHOLDERS = [(re.compile(pattern), name) for pattern, name in (
    (r"inven\S*…\S*/Reserve", "inventory/shop.Inventory/Reserve"),
    # A circuit that an operator has let go of is HALF_OPEN until its first probe has failed.
    (r"\b(HALF_)?OPEN( \|)? AUTOMATIC\b", "<OPEN or HALF_OPEN> AUTOMATIC"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "<time>"),
    (r"\[?(127\.0\.0\.1:(?!910[12]\b)\d+,?)+\]?", "<addresses>"),
    (r"\b(INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED)\b(?!:)", "<code>"),
    (rf"(?<![\w.]){DURATION}(?![\w.])", "<duration>"),
    (r"\b(in <duration>|now)(?=$|,| )", "<when>"),
    (r"(?<![\w.:-])\d+(\.\d+)?(?![\w:-])(?!\.\d)", "<n>"),
    (r"<n> <OPEN or HALF_OPEN> AUTOMATIC, (?=<n> <OPEN or HALF_OPEN> AUTOMATIC)", ""),
    (r"<n> (call|failure|success|time)(s|es)?\b", r"<n> \1s"),
    (r"failure rate <n> >= <n> over <n> calls|<n> failures in a row >= <n>"
     r"|a probe failed after <n> of <n> successs", "<rule>"),
    (r"<n> <code>(, <n> <code>)*; .*", "<evidence, with who answered>"),
    (r"<n> <code>(, <n> <code>)*|<n> calls without a status after <duration>.*", "<evidence>"),
    (r"(?<=<code>, <duration> ago): .*", ""),
    (r"(?<=^totals ).*", "<counts>"),
)]


class Command:
    def __init__(self, where, line, shown, gone):
        self.where = where
        self.line = line
        self.shown = shown
        self.gone = gone


def commands(name):
    """Of all sessions of a document, in the order in which they stand there."""
    found, inside, current, gone, before = [], False, None, None, ""
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("```"):
                said = re.match(r"<!-- session: (\S+) is gone -->", before)
                inside, current, gone = not inside, None, said and said[1]
            elif inside and line.startswith("$ "):
                current = Command(f"{os.path.basename(name)}:{number}", line[2:], [], gone)
                found.append(current)
            elif current:
                current.shown.append(line)
            before = line
    return found


class Shell:
    def __init__(self, fuseboxctl, instances):
        self.variables = {name: value for name, value in os.environ.items()
                          if not re.match(r"FUSEBOX_|.*_proxy$", name, re.IGNORECASE)}
        self.variables.update(NO_COLOR="1", TERM="xterm", LANG="C.UTF-8")
        self.variables["PATH"] = os.path.dirname(fuseboxctl) + ":" + os.environ["PATH"]
        self.instances = instances
        self.exports = []
        self.code = 0

    def run(self, line):
        """What stands on the terminal then, with the documentation's ports."""
        if line.startswith("export "):
            self.exports.append(self.real(line))
            return []
        script = "\n".join([*self.exports, f"(exit {self.code})", self.real(line)])
        person, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        with subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=terminal,
                              stderr=terminal, env=self.variables) as process:
            os.close(terminal)
            text = b""
            while True:
                try:
                    part = os.read(person, 4096)
                except OSError:  # Linux' end of file of a terminal
                    break
                if not part:
                    break
                text += part
        os.close(person)
        self.code = process.returncode
        shown = text.decode("utf-8").replace("\r\n", "\n").rstrip("\n")
        return self.documented(shown).split("\n") if shown else []

    def real(self, text):
        for each in self.instances.values():
            text = text.replace("127.0.0.1:" + PORTS[each.name], each.address)
        return text

    def documented(self, text):
        for each in self.instances.values():
            text = text.replace(each.address, "127.0.0.1:" + PORTS[each.name])
        return text


def shape(line, headings):
    """Of a row of the table with these headings, or of any other line."""
    cells = re.split(r"\s{2,}", line.strip())
    if headings:
        # The last cell is words, and those of WHY may be cut anywhere.
        cells[len(headings) - 1:] = [" ".join(cells[len(headings) - 1:])]
        for at, heading in enumerate(headings):
            if heading == "WHY":
                cells[at] = re.sub(r"^(\d|failure rate|a probe).*", "<why>", cells[at])
            if heading.startswith("NEXT") and cells[at] != "-":
                cells[at] = "<when>"
    elif re.match(r"\d\d:\d\d:\d\d", cells[0]):
        # An event: when, of whom, which. Of why there is what the line has room for.
        cells[4 if cells[1] in PORTS else 2:] = []
        cells[-1] = cells[-1].rstrip(" …")
    text = (" | " if headings else " ").join(cells)
    for pattern, name in PLACEHOLDERS:
        text = pattern.sub(name, text)
    return text


def shapes(lines):
    headings, result = None, []
    for line in lines:
        row = headings and line.startswith(tuple(PORTS))
        result.append(shape(line, headings if row else None))
        if line.startswith("INSTANCE "):
            headings = re.split(r"\s{2,}", line)
    return result


def differs(shown, printed):
    """None, or the first line shown that isn't there, or "the end" where more was printed."""
    names = shapes(shown)
    pattern = [r"(?:[^\n]*\n)*?" if name == "..." else re.escape(name) + r"\n" for name in names]
    text = "".join(line + "\n" for line in shapes(printed))
    if re.fullmatch("".join(pattern), text):
        return None
    for end, name in enumerate(names, 1):
        if not re.match("".join(pattern[:end]), text):
            return name
    return "the end"


class Patience:
    """What is left of the time. Output that has changed never comes, however long one waits: it
    uses up the rest, and what differs after it is told at once."""

    def __init__(self, seconds):
        self.left = seconds

    def wait(self, since):
        """False if there is none left. `since`: when the last try began, by time.monotonic()."""
        if self.left <= 0:
            return False
        time.sleep(0.1)  # asking all the time would slow down what it waits for
        self.left -= time.monotonic() - since
        return True


def replay(command, shell, patience):
    while True:
        since = time.monotonic()
        printed = shell.run(command.line)
        missing = differs(command.shown, printed)
        if not missing:
            return None
        if not READS.search(command.line) or not patience.wait(since):
            seen = [f"  {line}\n  = {same}" for line, same in zip(printed, shapes(printed))]
            return "\n".join([f"{command.where}: $ {command.line}",
                              f"did not print here: {missing}", "but:", *seen])


def main():
    demo, fuseboxctl, *names = sys.argv[1:]
    failures = 0
    patience = Patience(PATIENCE)
    for name in names:
        sessions = commands(name)
        if not sessions:
            sys.exit(f"{name} shows no session")
        instances = {}
        try:
            for instance in PORTS:
                instances[instance] = DemoInstance(demo, instance)
            shell = Shell(os.path.abspath(fuseboxctl), instances)
            for command in sessions:
                if command.gone:
                    instances[command.gone].kill()
                failure = replay(command, shell, patience)
                if failure:
                    failures += 1
                    print(failure, flush=True)
        finally:
            for instance in instances.values():
                instance.kill()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
