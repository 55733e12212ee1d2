# SPDX-License-Identifier: Apache-2.0
"""Holds every place that names the version to include/fusebox/version.h.

usage: check_version.py [--self-test] <root of the sources>
"""

import datetime
import email.utils
import os
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
from checker import run  # noqa: E402

# The place, what stands there, and what it must be: of {version}, or of {minor}, the soname's part.
PLACES = (
    ("include/fusebox/version.h", r'^// "(.*)"$', "{version}"),
    ("README.md", r"· version (\S+) ·$", "{version}"),
    ("CHANGELOG.md", r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", "{version}"),
    ("UPGRADES.md", r"^## From \S+ to (\S+)$", "{minor}"),
    ("SECURITY.md", r"^Version (\S+) gets fixes", "{minor}"),
    ("packaging/debian/changelog", r"^fusebox \((\S+)-\d+\)", "{version}"),
    ("packaging/debian/control", r"^Package: libfusebox(\d\S*)$", "{minor}"),
    ("packaging/debian/control", r"^ libfusebox(\d\S*) \(= ", "{minor}"),
    ("scripts/package", r"of the last commit: libfusebox(\d+\.\d+),", "{minor}"),
    ("docs/debian-packages.md", r"^\| `libfusebox(\d+\.\d+)` ", "{minor}"),
)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def of_changelog(root, changelog):
    """As Keep a Changelog has it: what isn't released stands above, and a version's changes are under
    headings that everybody knows. A link of a heading leads to a file that is there."""
    headings = re.findall(r"^## (.*)$", changelog, re.M)
    if not headings or headings[0] != "[Unreleased]":
        yield "CHANGELOG.md: what isn't released yet has no [Unreleased] at its top"
    for heading in headings:
        if not re.fullmatch(r"\[Unreleased\]|(\[\d+\.\d+\.\d+\]|\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d", heading):
            yield f"CHANGELOG.md: no heading of a version: {heading}"
        name = re.match(r"\[(.*)\]", heading)
        link = name and re.search(rf"^\[{re.escape(name[1])}\]: ([^#\s]+)", changelog, re.M)
        if name and not (link and os.path.exists(os.path.join(root, link[1]))):
            yield f"CHANGELOG.md: {name[0]} links to no file"
    for kind in re.findall(r"^### (.*)$", changelog, re.M):
        if kind not in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"):
            yield f"CHANGELOG.md: not a kind of change: {kind}"


def complaints(root):
    numbers = re.findall(r"^#define FUSEBOX_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$",
                         read(root, "include/fusebox/version.h"), re.M)
    if len(numbers) != 3:
        yield "include/fusebox/version.h has no three numbers"
        return
    version, minor = ".".join(numbers), ".".join(numbers[:2])
    for path, pattern, form in PLACES:
        expected = form.format(version=version, minor=minor)
        found = re.search(pattern, read(root, path), re.M)
        if not found:
            yield f"{path} names no version, as {pattern} has it"
        elif found[1] != expected:
            yield f"{path}: {found[1]}, and the version is {expected}"
    names = [name for name in os.listdir(os.path.join(root, "packaging", "debian"))
             if re.match(r"libfusebox\d", name) and not name.startswith(f"libfusebox{minor}.")]
    for name in names:
        yield f"packaging/debian/{name} is of another version than {minor}"
    changelog = read(root, "CHANGELOG.md")
    yield from of_changelog(root, changelog)
    # Both changelogs tell the same day.
    day = re.search(rf"^## \[{re.escape(version)}\] - (\S+)$", changelog, re.M)
    date = re.search(r"^ -- .*>  (.*)$", read(root, "packaging/debian/changelog"), re.M)
    if day and date:
        packaged = email.utils.parsedate_to_datetime(date[1])
        if packaged.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d") != day[1]:
            yield f"packaging/debian/changelog is of {date[1]}, and CHANGELOG.md of {day[1]}"


def self_test(root):
    paths = sorted({path for path, _, _ in PLACES} | {"docs/packaging.md"})
    changelog = read(root, "CHANGELOG.md")
    for found, old, new in (("has no [Unreleased]", "## [Unreleased]\n", ""),
                            ("no heading of a version: Soon", "## [Unreleased]", "## Soon"),
                            ("links to no file", "]: UPGRADES.md", "]: NOTES.md"),
                            ("[Unreleased] links to no file", "\n[Unreleased]: ", "\n[Later]: "),
                            ("not a kind of change: Faster", "### Changed", "### Faster")):
        broken = changelog.replace(old, new, 1)
        if broken == changelog or not any(found in text for text in of_changelog(root, broken)):
            sys.exit(f"expected \"{found}\", found {list(of_changelog(root, broken))}")
    for path, pattern, _ in PLACES:
        with tempfile.TemporaryDirectory() as copy:
            for each in paths:
                os.makedirs(os.path.dirname(os.path.join(copy, each)), exist_ok=True)
                shutil.copy(os.path.join(root, each), os.path.join(copy, each))
            if list(complaints(copy)):
                sys.exit(f"the copy of {path} is refused as it is")
            text = read(copy, path)
            found = re.search(pattern, text, re.M)
            with open(os.path.join(copy, path), "w", encoding="utf-8") as file:
                file.write(text[:found.start(1)] + "9.9.9" + text[found.end(1):])
            if not any(text.startswith(path) or "9.9.9" in text for text in complaints(copy)):
                sys.exit(f"another version in {path} isn't seen")


def check(root):
    return complaints(root), f"{len(PLACES)} places name the version"


if __name__ == "__main__":
    run(check, self_test)
