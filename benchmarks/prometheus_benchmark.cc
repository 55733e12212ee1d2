// SPDX-License-Identifier: Apache-2.0
//
// What a scrape of 10,000 circuits that are well takes, in time, in bytes and in memory, by default
// and in full detail, and what scraping without a pause costs the calls beside it: batches of calls
// of one thread, with another thread scraping or not, alternately. A batch is short, so that the
// median is of those that nothing else has interrupted.
#include <malloc.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/prometheus/collector.h"

namespace {

using fusebox::CircuitBreaker;
using fusebox::Clock;
using fusebox::MetricDetail;
using fusebox::SteadyTime;

constexpr int kCallsOfBatch = 1'000;
constexpr int kTurns = 40;
constexpr absl::Duration Turn() { return absl::Milliseconds(100); }

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<std::shared_ptr<CircuitBreaker>> Fill(fusebox::CircuitRegistry& registry, int count) {
  std::vector<std::shared_ptr<CircuitBreaker>> circuits;
  for (int i = 0; i < count; ++i) {
    const std::string name =
        absl::StrCat("inventory", i % 100, "/shop.inventory.v1.Inventory/ReserveItems", i);
    auto circuit = registry.GetOrCreate(name, {}, name.substr(0, name.find('/')));
    if (!circuit.ok()) continue;
    (*circuit)->TryAcquire().permit().RecordSuccess();
    circuits.push_back(*std::move(circuit));
  }
  return circuits;
}

// Of this process, by that line of /proc/self/status.
double MebibytesOf(const std::string& line) {
  std::ifstream status("/proc/self/status");
  std::string word;
  double kibibytes = 0;
  while (status >> word) {
    if (word == line) status >> kibibytes;
  }
  return kibibytes / 1024;
}

// How much more memory the process has at most, for as long as `work` takes.
template <typename Work>
double PeakMebibytes(const Work& work) {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5\n";  // the peak from now on
  const double before = MebibytesOf("VmRSS:");
  work();
  return MebibytesOf("VmHWM:") - before;
}

void MeasureScrape(int circuits, MetricDetail detail) {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  Fill(*registry, circuits);
  const auto collector = fusebox::CreateCollector({registry, {}, detail}).value();
  const double peak =
      PeakMebibytes([&] { prometheus::TextSerializer().Serialize(collector->Collect()); });
  std::vector<double> collecting;
  std::vector<double> serializing;
  std::string page;
  for (int i = 0; i < 9; ++i) {
    const SteadyTime start = Clock::Real().Now();
    const std::vector<prometheus::MetricFamily> families = collector->Collect();
    const SteadyTime collected = Clock::Real().Now();
    page = prometheus::TextSerializer().Serialize(families);
    collecting.push_back(absl::ToDoubleMilliseconds(collected - start));
    serializing.push_back(absl::ToDoubleMilliseconds(Clock::Real().Now() - collected));
  }
  const auto lines = static_cast<std::size_t>(std::count(page.begin(), page.end(), '\n'));
  std::printf(
      "%6d circuits, %s: %7.1f ms to collect, %7.1f ms to write, %8.1f KiB, %7zu lines, and %5.1f "
      "MiB of memory meanwhile\n",
      circuits, detail == MetricDetail::kAll ? "in full detail" : "by default    ",
      Median(collecting), Median(serializing), static_cast<double>(page.size()) / 1024, lines,
      peak);
}

// Nanoseconds a call, of each batch that fits into the turn.
void MeasureTurn(CircuitBreaker& circuit, std::vector<double>& batches) {
  const SteadyTime end = Clock::Real().Now() + Turn();
  for (SteadyTime start = Clock::Real().Now(); start < end;) {
    for (int i = 0; i < kCallsOfBatch; ++i) circuit.TryAcquire().permit().RecordSuccess();
    const SteadyTime now = Clock::Real().Now();
    batches.push_back(absl::ToDoubleNanoseconds(now - start) / kCallsOfBatch);
    start = now;
  }
}

// How much longer a permitted call takes while another thread scrapes.
void MeasureCalls(int circuits) {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto circuit = Fill(*registry, circuits).front();
  const auto collector = fusebox::CreateCollector({registry, {}, MetricDetail::kAll}).value();
  std::atomic<bool> scraping{false};
  std::atomic<bool> done{false};
  std::atomic<int64_t> scrapes{0};
  std::thread scraper([&] {
    while (!done.load()) {
      if (!scraping.load()) {
        std::this_thread::yield();
      } else if (!collector->Collect().empty()) {
        ++scrapes;
      }
    }
  });
  std::vector<double> alone;
  std::vector<double> beside;
  for (int turn = 0; turn < kTurns; ++turn) {
    scraping.store(turn % 2 == 1);
    MeasureTurn(*circuit, turn % 2 == 1 ? beside : alone);
  }
  done.store(true);
  scraper.join();
  std::printf("%6d circuits: a permitted call takes %.1f ns, and %.1f ns beside scrapes: %.3f\n",
              circuits, Median(alone), Median(beside), Median(beside) / Median(alone));
  std::printf("                 (%lld scrapes in %.0f s)\n", static_cast<long long>(scrapes.load()),
              absl::ToDoubleSeconds(Turn() * kTurns / 2));
}

}  // namespace

int main() {
  for (const MetricDetail detail : {MetricDetail::kTroubled, MetricDetail::kAll}) {
    for (const int circuits : {1, 100, 10'000}) MeasureScrape(circuits, detail);
  }
  for (const int circuits : {1, 10'000}) MeasureCalls(circuits);
  return 0;
}
