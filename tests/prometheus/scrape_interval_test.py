# SPDX-License-Identifier: Apache-2.0
"""The alerts and the dashboard at the scrape intervals that people have: half an hour of circuits, as
scrapes every 5, 15 and 60 seconds would have seen them, is put into a Prometheus' storage, and asked
for. So nothing here waits for minutes.

usage: scrape_interval_test.py <root of the sources>

Exits 77 if there is no Prometheus.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from prometheus_server import GRAFANA, Programs, dashboard_expressions

ROOT = sys.argv[1]
INTERVALS = (5, 15, 60)
TROUBLE, END = 600, 1800  # seconds from the start: when the circuits begin to fail, and the end
STEP = 5

STATES = ("closed", "open", "half_open")
MOVES = (("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed"),
         ("open", "closed"))


class Circuit:
    """Its state at any second, and how often it has moved until then."""

    def __init__(self, name, cycle):
        self.name = name
        self._states = ["closed"] * TROUBLE
        while len(self._states) <= END:
            for state, seconds in cycle:
                self._states += [state] * seconds
        self.moves = [{}]
        for before, now in zip(self._states, self._states[1:]):
            moves = self.moves[-1]
            if before != now:
                moves = {**moves, (before, now): moves.get((before, now), 0) + 1}
            self.moves.append(moves)

    def state(self, second):
        return self._states[second]

    def openings(self):
        return [second for second in range(1, END)
                if self._states[second - 1] == "closed" and self._states[second] == "open"]


CIRCUITS = (
    # Every probe fails.
    Circuit("stuck", [("open", 29), ("half_open", 1)]),
    # Closed for a third of the time, and never when a scrape at a multiple of 15 s looks.
    Circuit("brief", [("open", 19), ("half_open", 1), ("closed", 10)]),
    # Well for minutes in between.
    Circuit("seldom", [("open", 50), ("half_open", 5), ("closed", 300)]),
)
INSTANCES = ("a", "b", "c")


def page(start, interval):
    """(metric, labels, time, value) of every scrape."""
    for second in range(0, END, interval):
        for instance in INSTANCES:
            where = {"job": f"every {interval} s", "instance": instance, "target": "t"}
            for circuit in CIRCUITS:
                labels = {**where, "circuit": circuit.name}

                def sample(name, value, labels=labels, at=start + second, **more):
                    return f"circuit_breaker_{name}", {**labels, **more}, at, value

                for state in STATES:
                    yield sample("state", int(circuit.state(second) == state), state=state)
                yield sample("mode", 1, mode="automatic")
                yield sample("mode", 0, mode="shadow")
                for move in MOVES:
                    yield sample("state_transitions_total", circuit.moves[second].get(move, 0),
                                 from_state=move[0], to_state=move[1])
                for result in ("success", "failure", "rejected", "would_reject"):
                    yield sample("calls_total", 10 * second, result=result)
                yield sample("failure_rate", 0.5)
                yield sample("failure_rate_threshold", 0.5)
                yield sample("slow_call_rate", 0.5)
                yield sample("slow_call_rate_threshold", 0.5)
                yield sample("slow_calls_total", second)
                yield sample("in_flight", 1)
                yield sample("retry_after_seconds", 1)
            yield "circuit_breaker_failures_total", {**where, "code": "UNAVAILABLE"}, start + second, second
            yield "circuit_breaker_target_calls_total", {**where, "result": "success"}, start + second, second
            yield "circuit_breaker_target_circuits", {**where, "state": "open"}, start + second, 1
            registry = {label: where[label] for label in ("job", "instance")}
            yield "circuit_breaker_registry_circuits", registry, start + second, 3
            yield "circuit_breaker_registry_evicted_total", registry, start + second, second


def open_metrics(start):
    families = {}
    for interval in INTERVALS:
        for name, labels, at, value in page(start, interval):
            text = ",".join(f'{label}="{of}"' for label, of in labels.items())
            families.setdefault(name, []).append(f"{name}{{{text}}} {value} {at}\n")
    for name, lines in families.items():
        if name.endswith("_total"):
            yield f"# TYPE {name[:-len('_total')]} counter\n"
        else:
            yield f"# TYPE {name} gauge\n"
        yield from lines
    yield "# EOF\n"


class ScrapeIntervalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        programs = cls.enterClassContext(Programs(folder))
        cls.start = int(time.time()) // 60 * 60 - 3 * 3600
        written = os.path.join(folder, "circuits.txt")
        with open(written, "w", encoding="utf-8") as file:
            file.writelines(open_metrics(cls.start))
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", written,
                        os.path.join(folder, "data")], check=True, stdout=subprocess.DEVNULL)
        rules = os.path.abspath(os.path.join(ROOT, "monitoring", "alerts.yml"))
        cls.prometheus = programs.start_prometheus({}, [rules])
        cls.rules = {rule["name"]: rule["query"]
                     for group in cls.prometheus.api("rules")["groups"] for rule in group["rules"]}
        with open(os.path.join(ROOT, "monitoring", "grafana-dashboard.json"), encoding="utf-8") as file:
            cls.dashboard = json.load(file)

    def seconds_of(self, expression, job, circuit, step=STEP):
        """[(second, value)] when the expression has something to say of a circuit."""
        result = self.prometheus.query_range(expression, self.start, self.start + END - 60, step)
        found = [points for labels, points in result
                 if labels.get("job", job) == job and labels["circuit"] == circuit]
        self.assertLessEqual(len(found), 1)
        return [(at - self.start, value) for at, value in found[0]] if found else []

    def test_the_critical_alert_fires_for_what_is_not_closed_once_for_all_instances(self):
        for interval in INTERVALS:
            with self.subTest(interval):
                points = self.seconds_of(self.rules["CircuitBreakerOpen"], f"every {interval} s", "stuck")
                self.assertTrue(points)
                self.assertEqual({value for _, value in points}, {len(INSTANCES)})
                first = points[0][0]
                self.assertGreaterEqual(first, TROUBLE + 120)
                self.assertLessEqual(first, TROUBLE + 120 + interval + STEP)
                last = END - 60
                self.assertEqual([at for at, _ in points], list(range(int(first), last + 1, STEP)))

    def test_the_critical_alert_is_silent_for_what_closes_however_short(self):
        for interval in INTERVALS:
            for circuit in ("brief", "seldom"):
                with self.subTest(interval, circuit=circuit):
                    points = self.seconds_of(
                        self.rules["CircuitBreakerOpen"], f"every {interval} s", circuit)
                    self.assertEqual(points, [])

    def test_what_closes_and_opens_again_is_flapping(self):
        for interval in INTERVALS:
            with self.subTest(interval):
                flaps = self.rules["CircuitBreakerFlapping"]
                self.assertTrue(self.seconds_of(flaps, f"every {interval} s", "brief"))
                self.assertEqual(self.seconds_of(flaps, f"every {interval} s", "stuck"), [])

    def test_every_alert_links_to_a_place_in_the_runbook(self):
        with open(os.path.join(ROOT, "docs", "runbook.md"), encoding="utf-8") as file:
            headings = re.findall(r"^#+ (.*)$", file.read(), flags=re.MULTILINE)
        places = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        for group in self.prometheus.api("rules")["groups"]:
            for rule in group["rules"]:
                document, place = rule["annotations"]["runbook_url"].split("#")
                self.assertEqual(document, "runbook.md")
                self.assertIn(place, places, rule["name"])

    def test_the_links_can_be_set_as_documented(self):
        with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
            command = re.search(r"^sed '(.*)' alerts.yml", file.read(), flags=re.MULTILINE)[1]
        alerts = subprocess.run(["sed", command, os.path.join(ROOT, "monitoring", "alerts.yml")],
                                check=True, capture_output=True, text=True).stdout
        links = re.findall(r"^ +runbook_url: (.*)$", alerts, flags=re.MULTILINE)
        self.assertEqual(len(links), len(self.rules))
        for link in links:
            self.assertRegex(link, r"^https://wiki\.example\.com/fusebox/runbook#[a-z0-9-]+$")

    def expressions(self, interval):
        """As Grafana asks for them, an hour in a panel of some hundred points."""
        step = max(interval, 30)
        grafana = {**GRAFANA, "$__rate_interval": f"{max(step + interval, 4 * interval)}s",
                   "$__range": f"{END}s", "$job": f"every {interval} s"}
        return step, dict(dashboard_expressions(self.dashboard, grafana))

    def test_every_opening_is_an_annotation(self):
        for interval in INTERVALS:
            with self.subTest(interval):
                step, expressions = self.expressions(interval)
                # Grafana's points lie where they will, not on the scrapes.
                result = self.prometheus.query_range(
                    expressions["annotation 'Transitions'"], self.start + 3, self.start + END - 60, step)
                shown = [at - self.start for labels, points in result for at, _ in points
                         if (labels["circuit"], labels["to_state"]) == ("seldom", "open")
                         and labels["from_state"] == "closed"]
                openings = CIRCUITS[2].openings()
                self.assertEqual(len(openings), 4)
                for opening in openings:
                    self.assertTrue(any(opening <= at <= opening + interval + step for at in shown),
                                    f"{opening}: {shown}")

    def test_no_panel_is_empty(self):
        for interval in INTERVALS:
            step, expressions = self.expressions(interval)
            for where, expression in expressions.items():
                with self.subTest(interval, where=where):
                    self.assertTrue(self.prometheus.query_range(
                        expression, self.start, self.start + END - 60, step), expression)

    def test_panels_show_no_more_circuits_than_asked_for(self):
        step, _ = self.expressions(15)
        grafana = {**GRAFANA, "$__rate_interval": "60s", "$__range": f"{END}s", "$job": "every 15 s",
                   "$top": "1"}
        for where, expression in dashboard_expressions(self.dashboard, grafana):
            if where.startswith("panel"):
                with self.subTest(where):
                    result = self.prometheus.query_range(
                        expression, self.start, self.start + END - 60, step)
                    circuits = {labels["circuit"] for labels, _ in result if "circuit" in labels}
                    self.assertLessEqual(len(circuits), 1, expression)


if __name__ == "__main__":
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        print("Skipped: there is no Prometheus (Debian: prometheus)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
