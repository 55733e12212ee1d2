# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the demo through its outages, and a program with every other trouble:
the figures are those of the demo itself, the alert comes and goes, and no expression of the
dashboard and the alerts fails or is empty.

usage: prometheus_server_test.py <root of the sources> <demo> <program with troubles>

Exits 77 if there is no Prometheus. Waits on conditions, never for a time.
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

from prometheus_server import Programs, dashboard_expressions, http_get, wait_for

ROOT, DEMO, TROUBLE = sys.argv[1:4]
CIRCUIT = "inventory/shop.Inventory/Reserve"
DEMO_CALLS = f'circuit_breaker_calls_total{{job="demo",circuit="{CIRCUIT}"'


def impatient(rules):
    """The alerts as they are, except for how long they wait and what they are called."""
    rules = rules.replace("alert: CircuitBreaker", "alert: Impatient")
    rules = re.sub(r"^( *for:) .*$", r"\1 1s", rules, flags=re.MULTILINE)
    return rules.replace("[5m]", "[2s]").replace("[15m]", "[1m]").replace("offset 2m", "offset 1s")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class PrometheusServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        programs = cls.enterClassContext(Programs(folder))
        cls.demo = programs.start("demo", [DEMO, "--fast", "--metrics-port", "0", "--wait"])
        cls.demo_page = cls.demo.wait_for_line(r"http://\S+")[0]
        trouble = programs.start("troubles", [TROUBLE])
        cls.trouble_page = trouble.wait_for_line(r"http://\S+")[0]
        shipped = os.path.abspath(os.path.join(ROOT, "monitoring", "alerts.yml"))
        hurried = os.path.join(folder, "impatient_alerts.yml")
        with open(hurried, "w", encoding="utf-8") as file:
            file.write(impatient(read("monitoring", "alerts.yml")))
        cls.prometheus = programs.start_prometheus(
            {"demo": cls.demo_page, "troubles": cls.trouble_page}, [shipped, hurried])

        # The outages begin when the first scrapes are in.
        wait_for("the first scrapes", lambda: cls.prometheus.value("sum(up)") == 2)
        cls.start = time.time()
        cls.demo.press_enter()
        cls.saw_open = wait_for("the circuit to open", lambda: cls.prometheus.query(
            f'circuit_breaker_state{{job="demo",state="open"}} == 1'))
        all_calls = cls.demo.wait_for_line(r"(\d+) calls, (\d+) ok, (\d+) failed, (\d+) rejected")
        cls.calls, cls.ok, cls.failed, cls.rejected = map(int, all_calls.groups())
        wait_for("the last calls to be scraped", lambda: cls.prometheus.value(
            f'sum({DEMO_CALLS}}})') == cls.calls)
        cls.end = time.time()

    def test_every_call_of_the_client_is_counted(self):
        def shown(result):
            return self.prometheus.value(f'{DEMO_CALLS},result="{result}"}}')

        self.assertGreater(self.rejected, 0)
        self.assertEqual(shown("success"), self.ok)
        self.assertEqual(shown("failure"), self.failed)
        self.assertEqual(shown("rejected"), self.rejected)
        self.assertEqual(shown("ignored"), 0)

    def test_the_state_that_is_one_is_the_circuits(self):
        self.assertEqual([labels["circuit"] for labels, _ in self.saw_open], [CIRCUIT])
        now = self.prometheus.query('circuit_breaker_state{job="demo"} == 1')
        self.assertEqual([(labels["circuit"], labels["target"], labels["state"]) for labels, _ in now],
                         [(CIRCUIT, "inventory", "closed")])

    def test_rejections_a_second(self):
        rate = self.prometheus.value(f'rate({DEMO_CALLS},result="rejected"}}[5m])')
        self.assert_about(rate * 300, self.rejected)

    def test_failures_over_calls_by_circuit(self):
        share = self.prometheus.query("""
            sum by (circuit) (increase(circuit_breaker_calls_total{job="demo",result="failure"}[5m]))
            / sum by (circuit) (increase(circuit_breaker_calls_total{job="demo",result=~"success|failure"}[5m]))
            """)
        self.assertEqual([labels for labels, _ in share], [{"circuit": CIRCUIT}])
        self.assert_about(share[0][1], self.failed / (self.ok + self.failed))

    def test_transitions_in_an_hour_are_those_that_the_demo_printed(self):
        printed = {}
        for line in self.demo.lines:
            move = re.search(r">> circuit (\w+) -> (\w+)", line)
            if move:
                pair = tuple(state.lower() for state in move.groups())
                printed[pair] = printed.get(pair, 0) + 1
        self.assertGreaterEqual(printed[("closed", "open")], 4)
        result = self.prometheus.query(
            'increase(circuit_breaker_state_transitions_total{job="demo"}[1h]) > 0')
        shown = {(labels["from_state"], labels["to_state"]): value for labels, value in result}
        self.assertEqual(shown.keys(), printed.keys())
        for pair, count in printed.items():
            self.assert_about(shown[pair], count)

    def test_the_alert_of_an_open_circuit_fires_and_resolves(self):
        alerts = 'ALERTS{alertname="ImpatientOpen",job="demo"}'
        wait_for("the alert to resolve", lambda: not self.prometheus.query(alerts))
        history = self.prometheus.query_range(alerts, self.start, time.time())
        self.assertEqual([labels for labels, _ in history], [{
            "__name__": "ALERTS", "alertname": "ImpatientOpen", "alertstate": "firing", "job": "demo",
            "target": "inventory", "circuit": CIRCUIT, "severity": "critical"}])
        firing = [alert for alert in self.prometheus.api("alerts")["alerts"]
                  if alert["labels"]["alertname"] == "ImpatientOpen" and alert["labels"]["job"] == "demo"]
        self.assertEqual(firing, [])

    def test_every_alert_fires_for_its_trouble(self):
        for alert, circuit in [
                ("ImpatientOpen", CIRCUIT),
                ("ImpatientFlapping", "billing/billing.Ledger/Post"),
                ("ImpatientLimited", "shipping/shipping.Labels/Print"),
                ("ImpatientForcedOpen", "search/search.Index/Suggest"),
                ("ImpatientShadowWouldReject", "search/search.Index/Query")]:
            with self.subTest(alert):
                def fired():
                    selector = f'ALERTS{{alertname="{alert}",alertstate="firing",circuit="{circuit}"}}'
                    return self.prometheus.query_range(selector, self.start, time.time())

                wait_for(f"{alert} to fire", fired)

    def test_no_expression_of_the_dashboard_is_wrong_or_empty(self):
        dashboard = json.loads(read("monitoring", "grafana-dashboard.json"))
        count = 0
        for where, expression in dashboard_expressions(dashboard):
            with self.subTest(where, expression=expression):
                self.assertTrue(self.prometheus.query_range(expression, self.start, self.end))
            count += 1
        self.assertGreater(count, 15)

    def test_no_expression_of_the_alerts_is_wrong_or_empty(self):
        names = re.findall(r"- alert: CircuitBreaker(\w+)", read("monitoring", "alerts.yml"))
        groups = self.prometheus.api("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(sorted(rule["name"] for rule in rules),
                         sorted(kind + name for kind in ("CircuitBreaker", "Impatient") for name in names))
        for rule in rules:
            with self.subTest(rule["name"]):
                self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""))
                if rule["name"] == "CircuitBreakerOpen":
                    continue  # looks two minutes back; scrape_interval_test.py has them
                if rule["name"].endswith("ConfigRefused"):
                    continue  # no process here follows a file; alerts_test.yml has them
                self.assertTrue(self.prometheus.query_range(rule["query"], self.start, self.end))

    def test_no_expression_of_the_docs_is_wrong_or_empty(self):
        blocks = re.findall(r"```promql\n(.*?)```", read("docs", "metrics.md"), flags=re.DOTALL)
        expressions = [expression.strip() for block in blocks for expression in block.split("\n\n")]
        self.assertGreater(len(expressions), 5)
        for expression in expressions:
            with self.subTest(expression):
                self.assertTrue(self.prometheus.query_range(expression, self.start, self.end))

    def test_promtool_finds_nothing_to_say_of_what_is_scraped(self):
        for page in (self.demo_page, self.trouble_page):
            # The exposer's own metrics are not ours to name.
            lines = [line for line in http_get(page).splitlines(keepends=True) if "circuit_breaker_" in line]
            said = subprocess.run(["promtool", "check", "metrics"], input="".join(lines),
                                  capture_output=True, text=True, check=False)
            self.assertEqual((said.returncode, said.stdout + said.stderr), (0, ""))

    @classmethod
    def tearDownClass(cls):
        cls.demo.press_enter()
        assert cls.demo.wait() == 0, cls.demo.output()

    def assert_about(self, value, expected):
        """rate() and increase() stretch what they see by up to a scrape's length."""
        self.assertLess(abs(value - expected), 0.05 * expected, f"{value}, not about {expected}")


if __name__ == "__main__":
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        print("Skipped: there is no Prometheus (Debian: prometheus)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
