// SPDX-License-Identifier: Apache-2.0
//
// The table of metrics against what is written down elsewhere: docs/metrics.md and the page that is
// promised are made from it; alerts, dashboard, queries and the public header name nothing else.
//
// What is made from it, scripts/update-docs writes anew.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/policy/field.h"
#include "src/readers/metrics.h"
#include "tests/support/made_text.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::ExpectMadeText;
using fusebox_testing::FileContent;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;

std::string Path(absl::string_view of) { return absl::StrCat(SOURCE_ROOT, "/", of); }

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// The name that `text` has at `at`, or before it.
absl::string_view NameAt(absl::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && IsWordCharacter(text[end])) ++end;
  return text.substr(at, end - at);
}

std::vector<std::string> LabelsOf(const Metric& metric) {
  std::vector<std::string> labels;
  for (const absl::string_view label : metric.labels) {
    if (!label.empty()) labels.emplace_back(label);
  }
  return labels;
}

const Metric* Find(absl::string_view name) {
  for (const Metric& metric : Metrics()) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

// ---- The document.

absl::string_view NeedText(MetricNeed need) {
  switch (need) {
    case MetricNeed::kNothing:
      return "always";
    case MetricNeed::kWasTroubled:
      return "was in trouble";
    case MetricNeed::kIsTroubled:
      return "is in trouble";
    case MetricNeed::kFullDetail:
      return "only in full detail";
  }
  return "";
}

// With `names_like_this` as code.
std::string Markdown(absl::string_view text) {
  std::vector<std::string> words;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    const absl::string_view name = NameAt(word, 0);
    const bool is_name = absl::StrContains(name, '_');
    words.push_back(is_name ? absl::StrCat("`", name, "`", word.substr(name.size()))
                            : std::string(word));
  }
  return absl::StrJoin(words, " ");
}

template <typename Reader>
std::string MarkdownTable(bool with_labels, bool with_need) {
  std::string text = absl::StrCat("| metric |", with_labels ? " more labels |" : "", " type |",
                                  with_need ? " when |" : "", " what it is |\n");
  absl::StrAppend(&text, "|---|---|---|", with_labels ? "---|" : "", with_need ? "---|" : "", "\n");
  for (const Metric& metric : Metrics()) {
    if (!std::holds_alternative<Reader>(metric.read)) continue;
    std::vector<std::string> labels;
    for (const std::string& label : LabelsOf(metric))
      labels.push_back(absl::StrCat("`", label, "`"));
    absl::StrAppend(&text, "| `", metric.name, "` |");
    if (with_labels) {
      absl::StrAppend(&text, " ", absl::StrJoin(labels, ", "), labels.empty() ? "|" : " |");
    }
    absl::StrAppend(&text, metric.type == MetricType::kCounter ? " counter |" : " gauge |");
    if (with_need) absl::StrAppend(&text, " ", NeedText(metric.need), " |");
    absl::StrAppend(&text, " ", Markdown(metric.help), *metric.note == '\0' ? "" : " ", metric.note,
                    " |\n");
  }
  return text;
}

void ExpectInDocument(const std::string& of, const std::string& table) {
  ExpectMadeText(Path("docs/metrics.md"), "metrics of a " + of + ", made of src/readers/metrics.cc",
                 table);
}

TEST(MetricsTable, TheDocumentHasEachMetric) {
  ExpectInDocument("circuit", MarkdownTable<CircuitReader>(true, true));
  ExpectInDocument("target", MarkdownTable<TargetReader>(true, false));
  ExpectInDocument("registry", MarkdownTable<RegistryReader>(false, false));
  ExpectInDocument("configuration", MarkdownTable<ConfigReader>(true, false));
}

TEST(MetricsTable, ThePublicHeaderNamesTheLabelsThatNoUserCanHave) {
  const std::string header = absl::StrReplaceAll(
      FileContent(Path("include/fusebox/prometheus/collector.h")), {{"\n  // ", " "}});
  EXPECT_THAT(header, HasSubstr(absl::StrCat("(", absl::StrJoin(MetricLabelNames(), ", "), ")")));
}

// ---- Who uses metrics.

std::vector<std::string> FilesThatQuery() {
  std::vector<std::string> files = {Path("README.md")};
  for (const char* const folder : {"monitoring", "docs", "examples", "scripts"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(folder))) {
      const std::string extension = entry.path().extension().string();
      if (entry.is_regular_file() && extension != ".svg" && extension != ".png") {
        files.push_back(entry.path().string());
      }
    }
  }
  return files;
}

// The labels of `{state="closed",job=~"$job"}` that begins there; of `by (state)` nothing.
std::set<std::string> SelectedLabels(absl::string_view text) {
  std::set<std::string> labels;
  if (!absl::ConsumePrefix(&text, "{")) return labels;
  for (absl::string_view part : absl::StrSplit(text.substr(0, text.find('}')), ',')) {
    part = absl::StripAsciiWhitespace(part);
    const absl::string_view label = NameAt(part, 0);
    if (absl::StartsWith(part.substr(label.size()), "=") ||
        absl::StartsWith(part.substr(label.size()), "!")) {
      labels.emplace(label);
    }
  }
  return labels;
}

// How many metrics are named by what has that prefix.
int CheckNames(const std::string& prefix) {
  int named = 0;
  for (const std::string& file : FilesThatQuery()) {
    const std::string text = FileContent(file);
    for (std::size_t at = text.find(prefix); at != std::string::npos;
         at = text.find(prefix, at + 1)) {
      if (at > 0 && (IsWordCharacter(text[at - 1]) || text[at - 1] == '/')) continue;
      const absl::string_view name = NameAt(text, at);
      const absl::string_view after = absl::string_view(text).substr(at + name.size());
      // A file's name, or a beginning that several have.
      if (absl::StartsWith(after, ".h") || absl::StartsWith(after, ".cc") ||
          absl::StartsWith(after, "*") || name.size() == prefix.size()) {
        continue;
      }
      ++named;
      const Metric* const metric = Find(name);
      EXPECT_NE(metric, nullptr) << file << " names " << name << ", which is no metric";
      // An example has labels of its user's too.
      if (metric == nullptr || absl::StrContains(file, "/examples/")) continue;
      std::vector<std::string> allowed = LabelsOf(*metric);
      const bool of_circuit = std::holds_alternative<CircuitReader>(metric->read);
      const bool of_target = std::holds_alternative<TargetReader>(metric->read);
      if (of_circuit || of_target) allowed.emplace_back(kTargetLabel);
      if (of_circuit) allowed.emplace_back(kCircuitLabel);
      for (const std::string& label : SelectedLabels(after)) {
        if (label == "job" || label == "instance") continue;
        EXPECT_THAT(allowed, Contains(label)) << file << " has it of " << name;
      }
    }
  }
  return named;
}

TEST(MetricsTable, WhatUsesMetricsNamesOnlyThoseOfTheTableAndTheirLabels) {
  EXPECT_GT(CheckNames("circuit_breaker_"), 80);
  EXPECT_GT(CheckNames("fusebox_config_"), 3);
}

// ---- The rows.

TEST(MetricsTable, NamesAreUniqueAndSayWhatACounterIs) {
  std::set<std::string> names;
  for (const Metric& metric : Metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " is there twice";
    EXPECT_EQ(metric.type == MetricType::kCounter, absl::EndsWith(metric.name, "_total"))
        << metric.name;
    EXPECT_TRUE(absl::EndsWith(metric.help, ".")) << metric.name;
  }
}

class CountingWriter final : public SeriesWriter {
 public:
  explicit CountingWriter(const Metric& metric) : metric_(metric) {}
  void Write(double /*value*/, std::initializer_list<absl::string_view> label_values) override {
    ++series_;
    EXPECT_EQ(label_values.size(), LabelsOf(metric_).size()) << metric_.name;
    for (const absl::string_view value : label_values) EXPECT_THAT(value, Not(IsEmpty()));
  }
  int series() const { return series_; }

 private:
  const Metric& metric_;
  int series_ = 0;
};

// Of everything that there can be.
TEST(MetricsTable, EachReaderWritesSeriesWithTheLabelsOfItsRow) {
  CircuitSnapshot circuit;
  Policy policy;
  policy.failure_rate = 0.5;
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  circuit.policy = policy;
  circuit.window.recorded = 10;
  circuit.next_probe = absl::UnixEpoch();
  circuit.limit = 12;
  circuit.totals.failures_by_code.Edit()[14] = 1;
  circuit.shadow = ShadowCounts();
  TargetSum sum;
  const RegistryStats stats;
  ConfigStatus config;
  config.in_force = true;
  config.hash = "0123";
  config.version = "7";
  config.file = "payments.yaml";
  for (const Metric& metric : Metrics()) {
    CountingWriter writer(metric);
    if (const auto* of_circuit = std::get_if<CircuitReader>(&metric.read)) {
      (*of_circuit)(CircuitReading(circuit, absl::UnixEpoch(), /*full=*/true), writer);
    } else if (const auto* of_target = std::get_if<TargetReader>(&metric.read)) {
      (*of_target)({"inventory", sum}, writer);
    } else if (const auto* of_config = std::get_if<ConfigReader>(&metric.read)) {
      (*of_config)({config}, writer);
    } else {
      std::get<RegistryReader>(metric.read)({1, stats}, writer);
    }
    EXPECT_GT(writer.series(), 0) << metric.name;
  }
}

// The label values of each series of a circuit's metric, one after the other with a space.
class LabelWriter final : public SeriesWriter {
 public:
  static std::vector<std::string> Of(absl::string_view name) {
    LabelWriter writer;
    const CircuitSnapshot circuit;
    std::get<CircuitReader>(Find(name)->read)(
        CircuitReading(circuit, absl::UnixEpoch(), /*full=*/true), writer);
    return writer.labels_;
  }

 private:
  void Write(double /*value*/, std::initializer_list<absl::string_view> label_values) override {
    labels_.push_back(absl::StrJoin(label_values, " "));
  }

  std::vector<std::string> labels_;
};

TEST(MetricsTable, EachStateAndEachModeHasASeriesAndIsExplained) {
  const auto expect = [](absl::string_view metric, std::vector<std::string> names) {
    for (std::string& name : names) {
      absl::AsciiStrToLower(&name);
      EXPECT_THAT(Find(metric)->note, HasSubstr(absl::StrCat("`", name, "`"))) << metric;
    }
    EXPECT_THAT(LabelWriter::Of(metric), UnorderedElementsAreArray(names)) << metric;
  };
#define FUSEBOX_NAME(enumerator, number, name) #name,
  expect("circuit_breaker_state", {FUSEBOX_STATES(FUSEBOX_NAME)});
  expect("circuit_breaker_mode", {FUSEBOX_MODES(FUSEBOX_NAME)});
#undef FUSEBOX_NAME
}

// What a metric without labels reads.
class ValueWriter final : public SeriesWriter {
 public:
  const std::vector<double>& values() const { return values_; }

 private:
  void Write(double value, std::initializer_list<absl::string_view> /*label_values*/) override {
    values_.push_back(value);
  }

  std::vector<double> values_;
};

// Of figures no two of which are alike: a row that was copied, and reads what the other one reads.
TEST(MetricsTable, NoTwoMetricsReadTheSameFigure) {
  CircuitSnapshot circuit;
  circuit.totals.slow = 2;
  circuit.totals.opened = 3;
  circuit.totals.probes_failed = 9;
  circuit.window = {1'000, 130, 140};
  Policy policy;
  policy.failure_rate = 0.15;
  policy.slow_call_rate = 0.16;
  policy.slow_call_duration = absl::Seconds(1);
  circuit.policy = policy;
  circuit.in_flight = 4;
  circuit.consecutive_failures = 5;
  circuit.next_probe = absl::UnixEpoch() + absl::Seconds(6);
  circuit.limit = 7;
  circuit.awaits_connection = true;
  circuit.shadow = ShadowCounts();
  circuit.shadow->would_open = 8;
  TargetSum sum;
  sum.totals.slow = 2;
  sum.totals.opened = 3;
  sum.in_flight = 4;
  RegistryStats stats;
  stats.evicted = 2;
  stats.restored = 3;
  stats.forgotten = 4;
  stats.unprotected_calls = 5;
  stats.user_code_failures = 6;
  stats.dropped_events = 7;
  static_assert(kHasMembers<RegistryStats, 8>, "give the new one a figure of its own here");
  ConfigStatus config;
  config.in_force = true;
  config.last_attempt_ok = true;  // 1
  config.loaded_at = absl::UnixEpoch() + absl::Seconds(2);
  std::set<std::pair<std::size_t, double>> read;  // by what is read
  for (const Metric& metric : Metrics()) {
    if (!LabelsOf(metric).empty()) continue;
    ValueWriter writer;
    if (const auto* of_circuit = std::get_if<CircuitReader>(&metric.read)) {
      (*of_circuit)(CircuitReading(circuit, absl::UnixEpoch(), /*full=*/true), writer);
    } else if (const auto* of_target = std::get_if<TargetReader>(&metric.read)) {
      (*of_target)({"inventory", sum}, writer);
    } else if (const auto* of_config = std::get_if<ConfigReader>(&metric.read)) {
      (*of_config)({config}, writer);
    } else {
      std::get<RegistryReader>(metric.read)({1, stats}, writer);
    }
    ASSERT_EQ(writer.values().size(), 1U) << metric.name;
    const double value = writer.values().front();
    EXPECT_NE(value, 0) << metric.name << " reads what has no figure of its own here";
    EXPECT_TRUE(read.emplace(metric.read.index(), value).second)
        << metric.name << " reads " << value << ", as another one does";
  }
}

// ---- How many series.

int CircuitSeries(const CircuitSnapshot& circuit, bool full) {
  const CircuitReading reading(circuit, absl::UnixEpoch(), full);
  int series = 0;
  for (const Metric& metric : Metrics()) {
    const auto* const read = std::get_if<CircuitReader>(&metric.read);
    if (read == nullptr || !reading.Has(metric.need)) continue;
    CountingWriter writer(metric);
    (*read)(reading, writer);
    series += writer.series();
  }
  return series;
}

int TargetSeries() {
  const TargetSum sum;
  int series = 0;
  for (const Metric& metric : Metrics()) {
    const auto* const read = std::get_if<TargetReader>(&metric.read);
    if (read == nullptr) continue;
    CountingWriter writer(metric);
    (*read)({"inventory", sum}, writer);
    series += writer.series();
  }
  return series;
}

// Of the default policy, with calls in its window.
CircuitSnapshot WellCircuit() {
  CircuitSnapshot circuit;
  circuit.window.recorded = 10;
  return circuit;
}

// With every rule of rates that there is: once OPEN, and once CLOSED again with failures in its
// window, since neither has all that the other has.
int MostSeriesInTrouble(bool full) {
  CircuitSnapshot closed = WellCircuit();
  Policy policy;
  policy.failure_rate = 0.5;
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  closed.policy = policy;
  closed.window.failures = 1;
  closed.totals.opened = 1;
  CircuitSnapshot open = closed;
  open.state = State::kOpen;
  open.window = {};
  open.next_probe = absl::UnixEpoch();
  open.limit = 12;
  return std::max(CircuitSeries(closed, full), CircuitSeries(open, full));
}

std::string SeriesRow(absl::string_view detail, bool full, absl::string_view more) {
  const int well = CircuitSeries(WellCircuit(), full);
  std::string ten_thousand = absl::StrCat(10'000 * well);
  ten_thousand.insert(ten_thousand.size() - 3, ",");
  return absl::StrCat("| ", detail, " | ", well, " | up to ", MostSeriesInTrouble(full), more,
                      " | ", ten_thousand, " |\n");
}

TEST(MetricsTable, TheDocumentSaysHowManySeriesThereAre) {
  const int well = CircuitSeries(WellCircuit(), /*full=*/true);
  ExpectMadeText(
      Path("docs/metrics.md"), "numbers of series, made of src/readers/metrics.cc",
      absl::StrCat("| `CollectorOptions::detail` | a circuit that is well | in trouble | 10,000 "
                   "circuits that are well |\n|---|---|---|---|\n",
                   SeriesRow("`MetricDetail::kTroubled`, the default", /*full=*/false, ""),
                   SeriesRow("`MetricDetail::kAll`", /*full=*/true, ", and its status codes"),
                   "\nAnd ", TargetSeries(), " for each target, and one more for each further ",
                   "status code. The ", well, " of a circuit that is well are by the default ",
                   "policy; rules for rates make up to ", MostSeriesInTrouble(/*full=*/true) - well,
                   " more.\n"));
}

}  // namespace
}  // namespace fusebox::internal
