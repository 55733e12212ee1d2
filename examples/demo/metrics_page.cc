// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/metrics_page.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fusebox/prometheus/collector.h"

namespace demo {
namespace {

class Page final : public MetricsPage {
 public:
  Page(int port, std::shared_ptr<prometheus::Collectable> metrics)
      : metrics_(std::move(metrics)), exposer_(absl::StrCat("127.0.0.1:", port)) {
    exposer_.RegisterCollectable(metrics_);
  }

  std::string address() const override {
    return absl::StrCat("http://127.0.0.1:", exposer_.GetListeningPorts().front(), "/metrics");
  }

 private:
  const std::shared_ptr<prometheus::Collectable> metrics_;  // the exposer holds it weakly
  prometheus::Exposer exposer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsPage>> MetricsPage::Open(
    int port, std::shared_ptr<const fusebox::CircuitRegistry> registry) {
  auto metrics = fusebox::CreateCollector({std::move(registry), {}});
  if (!metrics.ok()) return metrics.status();
  try {
    return std::make_unique<Page>(port, *std::move(metrics));
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("no metrics at 127.0.0.1:", port, ": ", error.what()));
  }
}

}  // namespace demo
