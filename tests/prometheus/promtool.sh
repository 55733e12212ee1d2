#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# promtool.sh metrics|alerts <root of the sources>: has Prometheus' own tool check the names and the
# form of the metrics, or the alerts and their tests. 77: it isn't installed.
set -eu

if ! command -v promtool > /dev/null; then
  echo "Skipped: there is no promtool (Debian: prometheus)"
  exit 77
fi
case $1 in
  metrics) promtool check metrics < "$2/tests/prometheus/expected_metrics.txt" ;;
  alerts)
    promtool check rules "$2/monitoring/alerts.yml"
    promtool test rules "$2/monitoring/alerts_test.yml"
    ;;
esac
