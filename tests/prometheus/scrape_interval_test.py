# SPDX-License-Identifier: Apache-2.0
"""The alerts and the dashboard at the scrape intervals that people have: half an hour of circuits, as
real collectors give it to scrapes every 5, 15 and 60 seconds, is put into a Prometheus' storage, and
asked for; and promtool runs the alerts over it. So nothing here waits for minutes.

usage: scrape_interval_test.py <root of the sources> <program that scrapes>

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

ROOT, SCRAPES = sys.argv[1:3]
ALERTS = os.path.abspath(os.path.join(ROOT, "monitoring", "alerts.yml"))
INTERVALS = (5, 15, 60)
# Of scrapes_main.cc, which says what becomes of its circuits: seconds from the start, when they begin
# to fail, and how many instances have them.
TROUBLE, END = 600, 1800
INSTANCES = 3
STEP = 5


def openings_in(page):
    """{circuit: [second]} of an instance, as it says itself."""
    openings = {}
    for circuit, second in re.findall(r"^# opened (\S+) (\d+)$", page, flags=re.MULTILINE):
        openings.setdefault(circuit, []).append(int(second))
    return openings


def series_in(page, start, interval):
    """{series: {index of a scrape: value}} of the scrapes at that interval."""
    series = {}
    for name, value, at in re.findall(
            rf'^(\w+\{{job="every {interval} s".*\}}) (\S+) (\d+)$', page, flags=re.MULTILINE):
        series.setdefault(name, {})[(int(at) - start) // interval] = value
    return series


def promtool_values(samples, scrapes):
    """In promtool's notation. A series that a scrape has no longer is stale at once."""
    values = []
    for index in range(scrapes):
        gone = index > 0 and index - 1 in samples and index not in samples
        values.append(samples.get(index, "stale" if gone else "_"))
    return " ".join(values)


class ScrapeIntervalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        programs = cls.enterClassContext(Programs(folder))
        cls.start = int(time.time()) // 60 * 60 - 3 * 3600
        cls.page = subprocess.run(
            [SCRAPES, str(cls.start), str(END), *map(str, INTERVALS)],
            check=True, capture_output=True, text=True).stdout
        written = os.path.join(folder, "circuits.txt")
        with open(written, "w", encoding="utf-8") as file:
            file.writelines(line for line in cls.page.splitlines(keepends=True)
                            if not line.startswith("# opened"))
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", written,
                        os.path.join(folder, "data")], check=True, stdout=subprocess.DEVNULL)
        cls.prometheus = programs.start_prometheus({}, [ALERTS])
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
                points = self.seconds_of(self.rules["CircuitBreakerOpen"], f"every {interval} s", "t/stuck")
                self.assertTrue(points)
                self.assertEqual({value for _, value in points}, {INSTANCES})
                first = points[0][0]
                self.assertGreaterEqual(first, TROUBLE + 120)
                self.assertLessEqual(first, TROUBLE + 120 + interval + STEP)
                last = END - 60
                self.assertEqual([at for at, _ in points], list(range(int(first), last + 1, STEP)))

    def test_the_critical_alert_is_silent_for_what_closes_however_short(self):
        for interval in INTERVALS:
            for circuit in ("t/brief", "t/seldom", "t/shaky", "t/well"):
                with self.subTest(interval, circuit=circuit):
                    points = self.seconds_of(
                        self.rules["CircuitBreakerOpen"], f"every {interval} s", circuit)
                    self.assertEqual(points, [])

    def test_what_closes_and_opens_again_is_flapping(self):
        for interval in INTERVALS:
            with self.subTest(interval):
                flaps = self.rules["CircuitBreakerFlapping"]
                self.assertTrue(self.seconds_of(flaps, f"every {interval} s", "t/brief"))
                self.assertEqual(self.seconds_of(flaps, f"every {interval} s", "t/stuck"), [])

    # Prometheus' storage takes no marks for series that have ended, which scrapes leave; promtool's
    # tests have them, and each alert's own patience.
    def test_promtool_has_the_alerts_fire_for_the_same(self):
        rules = {rule["name"]: rule for group in self.prometheus.api("rules")["groups"]
                 for rule in group["rules"]}

        def fired(alert, interval, circuit):
            rule = rules[alert]
            texts = {key: text.replace("{{ $labels.circuit }}", circuit).replace(
                "{{ $value }}", str(INSTANCES)) for key, text in rule["annotations"].items()}
            return {"exp_labels": {"job": f"every {interval} s", "target": "t", "circuit": circuit,
                                   **rule["labels"]}, "exp_annotations": texts}

        with open(ALERTS, encoding="utf-8") as file:
            names = set(re.findall(r"circuit_breaker_\w+", file.read()))
        for interval in INTERVALS:
            cases = [("CircuitBreakerOpen", minutes, ["t/stuck"] if minutes >= 14 else [])
                     for minutes in (5, 11, 14, 17, 20, 25, 29)]
            cases += [("CircuitBreakerFlapping", 9, []), ("CircuitBreakerFlapping", 20, ["t/brief"]),
                      ("CircuitBreakerForcedOpen", 29, []), ("CircuitBreakerShadowWouldReject", 29, [])]
            scrapes = END // interval
            test = {
                "interval": f"{interval}s",
                "input_series": [
                    {"series": series, "values": promtool_values(samples, scrapes)}
                    for series, samples in series_in(self.page, self.start, interval).items()
                    if series.split("{")[0] in names],
                "alert_rule_test": [
                    {"eval_time": f"{minutes}m", "alertname": alert,
                     "exp_alerts": [fired(alert, interval, circuit) for circuit in circuits]}
                    for alert, minutes, circuits in cases],
            }
            with self.subTest(interval), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "scraped_test.yml")
                with open(path, "w", encoding="utf-8") as file:  # in JSON, which is YAML as well
                    json.dump({"rule_files": [ALERTS], "evaluation_interval": "30s",
                               "tests": [test]}, file)
                said = subprocess.run(["promtool", "test", "rules", path], check=False,
                                      capture_output=True, text=True)
                self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

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
                         if (labels["circuit"], labels["to_state"]) == ("t/seldom", "open")
                         and labels["from_state"] == "closed"]
                openings = openings_in(self.page)["t/seldom"]
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
        last = self.start + END - 60
        instant = {f"panel {panel['title']!r}" for panel in self.dashboard["panels"]
                   if any(target.get("instant") for target in panel["targets"])}
        grafana = {**GRAFANA, "$__rate_interval": "60s", "$__range": f"{END}s", "$job": "every 15 s",
                   "$top": "1"}
        for where, expression in dashboard_expressions(self.dashboard, grafana):
            if where.startswith("panel"):
                with self.subTest(where):
                    first = last if where in instant else self.start
                    result = self.prometheus.query_range(expression, first, last, step)
                    circuits = {labels["circuit"] for labels, _ in result if "circuit" in labels}
                    self.assertLessEqual(len(circuits), 1, expression)


if __name__ == "__main__":
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        print("Skipped: there is no Prometheus (Debian: prometheus)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
