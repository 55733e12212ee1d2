# SPDX-License-Identifier: Apache-2.0
"""What the programs beside it have in common."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "tools"))


def run(check, self_test):
    """The program. check(<root>) gives the complaints and what to say if there is none; self_test(<root>)
    ends the program if the check doesn't find what it should."""
    if len(sys.argv) == 3 and sys.argv[1] == "--self-test":
        self_test(sys.argv[2])
        print("Good")
        return
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} [--self-test] <root of the sources>")
    found, good = check(sys.argv[1])
    found = list(found)
    if found:
        sys.exit("\n".join(found))
    print(good)
