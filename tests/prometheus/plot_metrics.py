# SPDX-License-Identifier: Apache-2.0
"""Draws the dashboard's panels over a run of the demo, as an SVG file. For scripts/plot-metrics.

usage: plot_metrics.py <root of the sources> <demo> <program with troubles> <output>
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time

from prometheus_server import Programs, dashboard_expressions, wait_for

STEP = 0.25
GAP = 1.5 * STEP
COLOURS = {"closed": "#4caf50", "half_open": "#fbc02d", "open": "#e53935",
           "success": "#4caf50", "failure": "#e53935", "rejected": "#fb8c00"}
STATES = ("closed", "half_open", "open")
FLAPPING = "billing/billing.Ledger/Post"


def record(demo_program, trouble_program, programs):
    """The Prometheus that has scraped a whole run, and the run's beginning and end."""
    demo = programs.start("demo", [demo_program, "--metrics-port", "0", "--wait"])
    address = demo.wait_for_line(r"http://\S+")[0]
    trouble = programs.start("troubles", [trouble_program])
    prometheus = programs.start_prometheus(
        {"demo": address, "troubles": trouble.wait_for_line(r"http://\S+")[0]}, [])
    wait_for("the first scrapes", lambda: prometheus.value("sum(up)") == 2)
    start = time.time()
    demo.press_enter()
    demo.wait_for_line(r"In all, WITH", patience_seconds=180)
    return prometheus, start, time.time()


class Plot:
    def __init__(self, prometheus, start, end):
        self._prometheus = prometheus
        self._start = start
        self._end = end
        self._data = []
        self._panels = []

    def series(self, expression):
        return self._prometheus.query_range(expression, self._start, self._end, STEP)

    def _block(self, rows):
        self._data.append("\n".join(rows))
        return f"$data{len(self._data)}"

    def _curve(self, points):
        """Its points, with an empty line where there was none: gnuplot leaves a gap there."""
        rows = []
        for i, (at, value) in enumerate(points):
            if i > 0 and at - points[i - 1][0] > GAP:
                rows.append("")
            rows.append(f"{at - self._start:.2f} {value:.4g}")
        return self._block(rows)

    def panel(self, title, curves, top=None):
        """`curves` are (legend, points, style)."""
        top = top or 1.1 * max(value for _, points, _ in curves for _, value in points)
        plots = [f'{self._curve(points)} using 1:2 with {style} title "{legend}"'
                 for legend, points, style in curves]
        self._panels.append(
            f'set title "{title}"\nset yrange [0:{top}]\nset ytics {tick(top)}\nplot {", ".join(plots)}')

    def states(self, title, by_state):
        """`by_state` maps each state to the times at which the circuit was in it."""
        plots = []
        for state, times in by_state.items():
            rows = [f"{at - self._start:.2f} {at - self._start + STEP:.2f}" for at in times]
            colour = f'fillcolor rgb "{COLOURS[state]}"'
            plots.append(f"{self._block(joined(rows))} using 1:(0):1:2:(0):(1) with boxxyerror "
                         f'fillstyle solid noborder {colour} title "{state}"')
        self._panels.append(f'set title "{title}"\nset yrange [0:1]\nunset ytics\n'
                            f'plot {", ".join(plots)}')

    def draw(self, file):
        data = "".join(f"$data{i} << END\n{rows}\nEND\n" for i, rows in enumerate(self._data, 1))
        rows = len(self._panels)
        script = f"""
            set terminal svg size 900,{110 * rows} font "sans-serif,11" background "white" noenhanced
            set output "{file}"
            {data}
            set multiplot layout {rows},1
            set xrange [0:{self._end - self._start:.0f}]
            set grid back linecolor rgb "#dddddd"
            set border 3 linecolor rgb "#888888"
            set tics nomirror textcolor rgb "#444444"
            set lmargin 6
            set title offset 0,-0.7
            set rmargin 16
            set tmargin 2
            set bmargin 2
            set key outside right top vertical maxrows 3 samplen 2 spacing 0.9 font "sans-serif,9"
            set format x "%g s"
            """
        script = "\n".join(line.strip() for line in script.splitlines())
        subprocess.run(["gnuplot"], input=script + "\n".join(self._panels) + "\nunset multiplot\n",
                       text=True, check=True)


def tick(top):
    """The distance of the marks on an axis that ends there: two or three of them."""
    magnitude = 10 ** math.floor(math.log10(top))
    return next(step * magnitude for step in (0.5, 1, 2, 5) if top / (step * magnitude) < 4)


def joined(rows):
    """Stretches of "from to" that touch, as one."""
    result = []
    for row in rows:
        begin, end = map(float, row.split())
        if result and begin - result[-1][1] < GAP - STEP:
            result[-1][1] = end
        else:
            result.append([begin, end])
    return [f"{begin:.2f} {end:.2f}" for begin, end in result]


def main():
    root, demo, trouble, output = sys.argv[1:]
    with open(os.path.join(root, "monitoring", "grafana-dashboard.json"), encoding="utf-8") as file:
        panels = list(dashboard_expressions(json.load(file)))

    def asked(title, job="demo", nth=0, circuit=".*"):
        """What the panel asks, of that job and circuit."""
        expressions = [expression for where, expression in panels if where == f"panel {title!r}"]
        expression = expressions[nth].replace("[5s]", "[2s]")
        for label, value in (("job", job), ("circuit", circuit)):
            expression = expression.replace(f'{label}=~".*"', f'{label}=~"{value}"')
        return expression

    def line(legend, points, colour="#1e88e5"):
        return legend, points, f'lines linewidth 1.5 linecolor rgb "{colour}"'

    with tempfile.TemporaryDirectory() as folder:
        with Programs(folder) as programs:
            prometheus, start, end = record(demo, trouble, programs)
            plot = Plot(prometheus, start, end)
            codes = plot.series(asked("State"))[0][1]
            plot.states("State", {state: [at for at, code in codes if code == number]
                                  for number, state in enumerate(STATES)})
            plot.panel("Calls per second by result", [
                line(labels["result"], points, COLOURS[labels["result"]])
                for labels, points in plot.series(asked("Calls per second by result"))
                if labels["result"] in COLOURS])
            for title in ("Rejected per second", "Failed per second"):
                plot.panel(title, [line("", points) for _, points in plot.series(asked(title))])
            plot.panel("Probe outcomes", [
                (f"to {labels['to_state']}", [(at, value) for at, value in points if value > 0],
                 f'impulses linewidth 2 linecolor rgb "{COLOURS[labels["to_state"]]}"')
                for labels, points in plot.series(asked("Probe outcomes"))])
            plot.panel("Time until the next probe, in seconds", [
                line("", points) for _, points in plot.series(asked("Time until the next probe"))])
            title = "Failure rate against its threshold"
            plot.panel(f"{title} (of another circuit, sick for 3 of every 5 seconds)", [
                line(legend, plot.series(asked(title, "troubles", nth, FLAPPING))[0][1], colour)
                for nth, (legend, colour) in enumerate([("failure rate", "#1e88e5"), ("opens at", "#e53935")])],
                top=1)
            plot.draw(output)


if __name__ == "__main__":
    main()
