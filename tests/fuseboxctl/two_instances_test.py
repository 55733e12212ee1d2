# SPDX-License-Identifier: Apache-2.0
"""What the runbook tells: two instances of the demo, and fuseboxctl against both.

usage: two_instances_test.py FUSEBOX_DEMO FUSEBOXCTL
"""

import json
import os
import subprocess
import sys
import unittest

from demo_instance import DemoInstance

DEMO, FUSEBOXCTL = sys.argv[1:]
CIRCUIT = "inventory/shop.Inventory/Reserve"
WHY = ["--reason", "the inventory is back"]


def fuseboxctl(*arguments, instances):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("FUSEBOX_")}
    environment["FUSEBOX_ENDPOINTS"] = ",".join(each.address for each in instances)
    return subprocess.run([FUSEBOXCTL, *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=900, check=False)


def rows(answer):
    """The first two columns: instance and circuit."""
    return [line.split()[:2] for line in answer.stdout.splitlines()[1:]]


class TwoInstances(unittest.TestCase):
    def setUp(self):
        self.both = []
        for name in ("checkout-1", "checkout-2"):
            self.both.append(DemoInstance(DEMO, name))
            self.addCleanup(self.both[-1].kill)

    def test_list_watch_reset_and_the_loss_of_one(self):
        for each in self.both:  # until its first call has made the circuit, and a scene opened it
            watched = fuseboxctl("watch", "--until", "open", "--until-timeout", "600s", CIRCUIT,
                                 instances=[each])
            self.assertEqual(watched.returncode, 0, watched.stderr)
            self.assertIn(CIRCUIT, watched.stdout)
            # Which failures it was, and whose.
            got = fuseboxctl("get", CIRCUIT, instances=[each])
            self.assertRegex(got.stdout, r"\n  evidence +\d+ [A-Z_]+(, \d+ [A-Z_]+)*; .*"
                                         r"from 127\.0\.0\.1:\d+")

        both_rows = [["checkout-1", CIRCUIT], ["checkout-2", CIRCUIT]]
        listed = fuseboxctl("list", instances=self.both)
        self.assertEqual((listed.returncode, rows(listed)), (0, both_rows), listed.stderr)

        unasked = fuseboxctl("reset", "*", *WHY, instances=self.both)
        self.assertEqual(unasked.returncode, 5, "it must not touch two without --yes")
        reset = fuseboxctl("reset", "*", *WHY, "--yes", "--wait", "closed", instances=self.both)
        self.assertEqual((reset.returncode, rows(reset)), (0, both_rows), reset.stderr)
        self.assertEqual(reset.stdout.count("reset: done"), 2)

        first, second = self.both
        second.kill()
        partial = fuseboxctl("list", "--output", "json", instances=self.both)
        self.assertEqual(partial.returncode, 3, "partial")
        self.assertIn(second.address, partial.stderr)
        answers = json.loads(partial.stdout)["endpoints"]
        self.assertEqual(answers[0]["instance"], first.name)
        circuit = answers[0]["circuits"][0]
        self.assertEqual(circuit["name"], CIRCUIT)
        self.assertEqual(circuit["last_action"]["detail"], WHY[1])
        self.assertEqual((answers[1]["error"]["code"], answers[1]["circuits"]), ("UNAVAILABLE", []))


unittest.main(argv=sys.argv[:1])
