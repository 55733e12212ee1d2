# SPDX-License-Identifier: Apache-2.0
"""A Prometheus of one's own, and the programs that it scrapes: for the test beside this file, and
for scripts/plot-metrics. Needs the programs alone: no network beyond the loopback, no package.

    with Programs(folder) as programs:
        demo = programs.start("demo", [demo_program, "--fast", "--metrics-port", "0", "--wait"])
        ...
        prometheus = programs.start_prometheus({"demo": address}, [rules_file])
        prometheus.wait_for("the demo's circuit", lambda: prometheus.query("circuit_breaker_state"))
"""

import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

SCRAPE_SECONDS = 0.1
PATIENCE_SECONDS = 600  # for what hangs


def wait_for(what, condition, patience_seconds=PATIENCE_SECONDS):
    """What the condition gives once it is true; fails if that takes too long."""
    end = time.monotonic() + patience_seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_seconds} s in vain for {what}")
        time.sleep(0.05)


def http_get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as response:
        return response.read().decode()


class Program:
    """A child process whose output is kept, line by line."""

    def __init__(self, name, command):
        self.name = name
        self.lines = []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for_line(self, pattern, patience_seconds=PATIENCE_SECONDS):
        """The match of the first line that has it."""

        def find():
            matches = (re.search(pattern, line) for line in list(self.lines))
            found = next((match for match in matches if match), None)
            if found is None and not self._reader.is_alive():
                code = self._process.wait(PATIENCE_SECONDS)
                raise AssertionError(
                    f"{self.name} ended with {code}, without saying {pattern!r}:\n{self.output()}")
            return found

        return wait_for(f"{self.name} to say {pattern!r}", find, patience_seconds)

    def press_enter(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def output(self):
        return "\n".join(self.lines)

    def wait(self):
        """Its exit code, once it has ended by itself."""
        self._process.stdin.close()
        code = self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        return code

    def stop(self):
        if self._process.poll() is None:
            self._process.stdin.close()  # it may be waiting for Enter
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()


class Prometheus(Program):
    def __init__(self, folder, targets, rule_files, name="prometheus"):
        config = {
            "global": {"scrape_interval": "100ms", "scrape_timeout": "100ms", "evaluation_interval": "100ms"},
            "rule_files": rule_files,
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [urllib.parse.urlsplit(address).netloc]}]}
                for job, address in targets.items()
            ],
        }
        config_file = os.path.join(folder, "prometheus.yml")
        with open(config_file, "w", encoding="utf-8") as file:
            json.dump(config, file)  # which is YAML as well
        self.port = free_port()
        super().__init__(name, [
            "prometheus", f"--config.file={config_file}", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}"])
        wait_for("Prometheus to be ready", self._is_ready)

    def _is_ready(self):
        if not self._reader.is_alive():
            raise AssertionError(f"Prometheus ended:\n{self.output()}")
        try:
            return http_get(f"http://127.0.0.1:{self.port}/-/ready")
        except OSError:
            return None

    def api(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            return json.loads(http_get(url))["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def query(self, expression):
        """Pairs of labels and value, now."""
        result = self.api("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def query_range(self, expression, start, end, step=SCRAPE_SECONDS):
        """Pairs of labels and a list of (time, value)."""
        result = self.api("query_range", query=expression, start=start, end=end, step=step)["result"]
        return [(series["metric"], [(at, float(value)) for at, value in series["values"]])
                for series in result]

    def value(self, expression):
        """Of the one series that there is; None if there is none."""
        result = self.query(expression)
        assert len(result) <= 1, f"{expression}: {result}"
        return result[0][1] if result else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Programs:
    """Ends what it started."""

    def __init__(self, folder):
        self.folder = folder
        self._running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self._running):
            program.stop()

    def start(self, name, command):
        self._running.append(Program(name, command))
        return self._running[-1]

    def start_prometheus(self, targets, rule_files):
        """What the folder's `data` holds already, it serves as well."""
        self._running.append(Prometheus(self.folder, targets, rule_files))
        return self._running[-1]


# What Grafana puts in for a dashboard's variables.
GRAFANA = {"$__rate_interval": "5s", "$__range": "1m", "$job": ".*", "$instance": ".*", "$target": ".*",
           "$circuit": ".*", "$top": "10"}


def dashboard_expressions(dashboard, grafana=GRAFANA):
    """(where, expression) of a dashboard's panels, annotations and variables."""
    found = []
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            found.append((f"panel {panel['title']!r}", target["expr"]))
    for annotation in dashboard["annotations"]["list"]:
        found.append((f"annotation {annotation['name']!r}", annotation["expr"]))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            found.append((f"variable {variable['name']!r}", f"count by ({values[2]}) ({values[1]})"))
    for where, expression in found:
        for variable, value in grafana.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression, f"{where} has a variable that nobody knows: {expression}"
        yield where, expression
