# SPDX-License-Identifier: Apache-2.0
"""The files of the sources, and the license of each. For the programs beside it and for tests/release."""

import fnmatch
import os
import re
import subprocess
import sys
import tomllib

LICENSE = re.compile(r"SPDX-License-Identifier: (\S+)")


def source_files(root):
    """The paths of all files, sorted: those of the git checkout, or else all that aren't built."""
    if os.path.exists(os.path.join(root, ".git")):
        try:
            listed = subprocess.run(
                ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                check=True, capture_output=True, text=True).stdout
        except OSError:
            sys.exit(f"{root} is a git checkout, but there is no git here to list its files")
        except subprocess.CalledProcessError as error:
            sys.exit(f"git can't list the files of {root}: {error.stderr.strip()}")
        return sorted(path for path in set(listed.split("\0"))
                      if path and os.path.isfile(os.path.join(root, path)))
    found = []
    for folder, folders, names in os.walk(root):
        where = os.path.relpath(folder, root)
        if where == ".":
            folders[:] = [name for name in folders if not name.startswith(("build", "out"))
                          and name not in (".cache", ".git", "debian")]
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [os.path.normpath(os.path.join(where, name)) for name in names]
    return sorted(found)


class Licenses:
    """What each file says of its license itself, or REUSE.toml in its place."""

    def __init__(self, root):
        self.root = root
        self.listed = {}
        with open(os.path.join(root, "REUSE.toml"), "rb") as file:
            for annotation in tomllib.load(file)["annotations"]:
                for pattern in annotation["path"]:
                    self.listed[pattern] = annotation["SPDX-License-Identifier"]

    def of(self, path):
        """The license, or None. It stands in the first lines, or as the last one of a document."""
        with open(os.path.join(self.root, path), "rb") as file:
            lines = file.read().decode("utf-8", "replace").rstrip("\n").split("\n")
        for line in lines[:4] + lines[-1:]:
            said = LICENSE.search(line)
            if said:
                return said[1]
        return next((license for pattern, license in self.listed.items()
                     if self.matches(path, pattern)), None)

    @staticmethod
    def matches(path, pattern):
        """A star stands for any characters of one name: not for a slash."""
        return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
