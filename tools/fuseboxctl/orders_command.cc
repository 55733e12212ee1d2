// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl orders` and `orders revoke`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/confirm.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/order_text.h"
#include "tools/fuseboxctl/reason_flag.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::StandingOrder;
using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr int kPageSize = 1'000;
constexpr int kMaxPages = 10'000;  // more than there can be orders

// Those of an endpoint.
struct Listing {
  grpc::Status status;  // of the last page; what came before it is here as well
  std::string instance;
  std::vector<StandingOrder> orders;
};

Listing ListAll(const Endpoint& endpoint) {
  Listing listing;
  fusebox::v1::ListOrdersRequest request;
  request.set_page_size(kPageSize);
  for (int pages = 0; pages < kMaxPages; ++pages) {
    fusebox::v1::ListOrdersResponse page;
    listing.status = endpoint.Call(&Stub::ListOrders, request, page);
    if (!listing.status.ok()) return listing;
    listing.instance = page.instance();
    for (StandingOrder& order : *page.mutable_orders()) listing.orders.push_back(std::move(order));
    // A token that comes again would go on forever.
    if (page.next_page_token().empty() || page.next_page_token() == request.page_token()) break;
    request.set_page_token(page.next_page_token());
  }
  return listing;
}

// "in 29m12s"; "-" until it is revoked.
std::string EndText(const StandingOrder& order, absl::Time now) {
  if (!order.has_ttl()) return "";
  const auto ttl = fusebox::internal::FromProto(order.ttl());
  if (!ttl) return "";
  return absl::StrCat("in ", AgeText(fusebox::internal::FromProto(order.time()) + *ttl - now));
}

std::string TableOf(const Fleet& fleet, const std::vector<Listing>& listings,
                    const Terminal& terminal) {
  const absl::Time now = absl::Now();
  Table table({"INSTANCE", "ID", "PATTERN", "ACTION", "CIRCUITS", "SINCE", "ENDS", "WHO", "WHY"});
  table.MayShorten(0, 8);
  table.MayShorten(2, 10);
  table.MayShorten(3, 10);
  table.MayShorten(7, 6);
  for (std::size_t i = 0; i < listings.size(); ++i) {
    for (const StandingOrder& order : listings[i].orders) {
      table.Add({fleet.endpoints()[i]->InstanceName(listings[i].instance), absl::StrCat(order.id()),
                 Printable(order.pattern()), ActionText(order), absl::StrCat(order.circuits()),
                 AgeText(now - fusebox::internal::FromProto(order.time())), EndText(order, now),
                 Printable(order.actor()), Printable(order.reason())});
    }
  }
  return table.empty() ? "" : table.Render(terminal);
}

std::string JsonOf(const Fleet& fleet, const std::vector<Listing>& listings) {
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < listings.size(); ++i) {
    std::vector<std::string> orders;
    for (const StandingOrder& order : listings[i].orders) orders.push_back(JsonMessage(order));
    JsonObject endpoint;
    endpoint.AddText("endpoint", fleet.endpoints()[i]->name())
        .AddText("instance", listings[i].instance)
        .AddError(listings[i].status)
        .Add("orders", JsonLines(orders));
    endpoints.push_back(endpoint.Text());
  }
  return JsonEndpoints(endpoints);
}

class OrdersCommand final : public Command {
 public:
  void AddFlags(CLI::App& /*app*/) override {}

  ExitCode Run(const Session& session) override {
    const Screen& screen = session.screen;
    const std::vector<Listing> listings = session.fleet.AskAll(ListAll);
    Tally tally;
    bool any = false;
    for (std::size_t i = 0; i < listings.size(); ++i) {
      const grpc::Status& status = listings[i].status;
      tally.Add(status.ok());
      if (!status.ok()) screen.SayFailed(*session.fleet.endpoints()[i], status, Attempt::kRead);
      any = any || !listings[i].orders.empty();
    }
    screen.out << (screen.json ? JsonOf(session.fleet, listings)
                               : TableOf(session.fleet, listings, screen.terminal));
    if (!any && tally.exit_code() == ExitCode::kDone) screen.Say("no order stands");
    return tally.exit_code();
  }
};

// What came of revoking one order at one endpoint.
struct Revoked {
  uint64_t id = 0;
  grpc::Status status;
  StandingOrder order;
};

struct RevokeAnswer {
  std::string instance;
  std::vector<Revoked> orders;
};

RevokeAnswer Revoke(const Endpoint& endpoint, const std::vector<uint64_t>& ids,
                    const std::string& reason) {
  RevokeAnswer answer;
  for (const uint64_t id : ids) {
    fusebox::v1::RevokeOrderRequest request;
    request.set_id(id);
    request.set_reason(reason);
    fusebox::v1::RevokeOrderResponse response;
    Revoked revoked{id, endpoint.Call(&Stub::RevokeOrder, request, response), response.order()};
    if (!response.instance().empty()) answer.instance = response.instance();
    answer.orders.push_back(std::move(revoked));
  }
  return answer;
}

class RevokeCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    app.add_option("ID", ids_, "Their numbers, as `orders` shows them")
        ->required()
        ->type_name("NUMBER");
    reason_.AddTo(app);
    app.add_flag("--yes,-y", yes_, "Don't ask where several instances are asked");
  }

  absl::Status Complete() override { return reason_.Complete(); }

  // A number is each instance's own: the same one may be another order elsewhere.
  ExitCode Run(const Session& session) override {
    const Fleet& fleet = session.fleet;
    const Screen& screen = session.screen;
    if (fleet.size() > 1 && !yes_ && !Confirm(screen, QuestionOf(fleet), TouchedBy(fleet))) {
      return ExitCode::kNotConfirmed;
    }
    const std::vector<RevokeAnswer> answers = fleet.AskAll(
        [this](const Endpoint& endpoint) { return Revoke(endpoint, ids_, reason_.text); });
    Tally tally;
    Table table({"INSTANCE", "ID", "PATTERN", "ACTION", "RESULT"});
    table.MayShorten(0, 8);
    table.MayShorten(2, 10);
    table.MayShorten(3, 10);
    std::vector<std::string> endpoints;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Endpoint& endpoint = *fleet.endpoints()[i];
      std::vector<std::string> results;
      for (const Revoked& revoked : answers[i].orders) {
        tally.Add(revoked.status.ok());
        JsonObject result;
        result.AddText("id", absl::StrCat(revoked.id));
        if (revoked.status.ok()) {
          result.Add("order", JsonMessage(revoked.order));
          table.Add({endpoint.InstanceName(answers[i].instance), absl::StrCat(revoked.id),
                     Printable(revoked.order.pattern()), ActionText(revoked.order), "revoked"});
        } else {
          screen.SayFailed(endpoint, revoked.status, Attempt::kWrite);
        }
        results.push_back(result.AddError(revoked.status).Text());
      }
      JsonObject object;
      object.AddText("endpoint", endpoint.name())
          .AddText("instance", answers[i].instance)
          .Add("results", JsonLines(results));
      endpoints.push_back(object.Text());
    }
    if (screen.json) {
      screen.out << JsonEndpoints(endpoints);
    } else if (!table.empty()) {
      screen.out << table.Render(screen.terminal);
    }
    return tally.exit_code();
  }

 private:
  std::string QuestionOf(const Fleet& fleet) const {
    return absl::StrCat("revoke ", ids_.size() == 1 ? "order " : "orders ",
                        absl::StrJoin(ids_, ", "), " at ",
                        Count(static_cast<int64_t>(fleet.size()), "instance"), "?");
  }

  std::vector<std::string> TouchedBy(const Fleet& fleet) const {
    const std::vector<Listing> listings = fleet.AskAll(ListAll);
    std::vector<std::string> touched;
    for (std::size_t i = 0; i < listings.size(); ++i) {
      for (const StandingOrder& order : listings[i].orders) {
        if (std::find(ids_.begin(), ids_.end(), order.id()) == ids_.end()) continue;
        touched.push_back(absl::StrCat(fleet.endpoints()[i]->InstanceName(listings[i].instance),
                                       "  ", order.id(), "  ", Printable(order.pattern()), "  ",
                                       ActionText(order)));
      }
    }
    return touched;
  }

  std::vector<uint64_t> ids_;
  ReasonFlag reason_;
  bool yes_ = false;
};

}  // namespace

CommandRows OrdersRows() {
  CommandRows rows;
  rows.push_back({"orders", "", "Show the standing orders", R"(
Shows what operators have said that still stands: for which circuits, by name or pattern, those too
that are made later; what; how many circuits that is now; since when, and when it ends; who said so,
and why.)",
                  std::make_unique<OrdersCommand>()});
  rows.push_back({"orders revoke", ".IR ID ...", "End standing orders", R"(
Ends orders. Their circuits go back to what they would be without: to the order before, or to
automatic mode. A number is an instance's own: more than one instance is asked about first.)",
                  std::make_unique<RevokeCommand>()});
  return rows;
}

}  // namespace fuseboxctl
