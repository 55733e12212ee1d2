// SPDX-License-Identifier: Apache-2.0
#include "src/admin/orders_text.h"

#include <fusebox/v1/admin.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy_patch.h"
#include "src/admin/order_conversion.h"

namespace fusebox::internal {
namespace {

constexpr absl::string_view kFormat = "fusebox-orders 1 ";

// FNV-1a: sees what a disk or an editor does to a text. It is no secret.
uint64_t Checksum(absl::string_view text) {
  uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return sum;
}

std::string HeaderOf(absl::string_view body) {
  return absl::StrCat(kFormat, "bytes=", body.size(),
                      " checksum=", absl::Hex(Checksum(body), absl::kZeroPad16), "\n");
}

constexpr uint64_t kMaxId = CircuitRegistry::kMaxRestoredOrderId;

absl::StatusOr<StandingOrder> OrderFromLine(absl::string_view line) {
  v1::StandingOrder proto;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(line), &proto);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(std::string(status.message())));
  if (proto.id() == 0 || proto.id() > kMaxId) {
    return absl::InvalidArgumentError(
        absl::StrCat("id = ", proto.id(), ", must be from 1 to ", kMaxId));
  }
  return FromProto(proto);
}

// JSON is not read to any depth.
absl::Status CheckDepth(const v1::Policy& policy) {
  constexpr int kMaxDepth = 20;
  int depth = 0;
  for (const v1::Policy* at = &policy; at->has_shadow_policy(); at = &at->shadow_policy()) {
    if (++depth <= kMaxDepth) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("change.policy.shadow_policy = more than ", kMaxDepth,
                     " within each other, of which only the first is looked at"));
  }
  return absl::OkStatus();
}

// A line for it, unless that would be read as something else.
absl::StatusOr<std::string> LineOf(const StandingOrder& order) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  v1::StandingOrder proto;
  ToProto(order, Disclosure(), proto);
  // Beforehand, since Protobuf prints what is wrong.
  if (absl::Status deep = CheckDepth(proto.change().policy()); !deep.ok()) return deep;
  if (absl::Status readable = FromProto(proto).status(); !readable.ok()) return readable;
  std::string line;
  const auto status = google::protobuf::util::MessageToJsonString(proto, &line, options);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(std::string(status.message())));
  const absl::StatusOr<StandingOrder> read = OrderFromLine(line);
  if (!read.ok()) return read.status();
  v1::StandingOrder again;
  ToProto(*read, Disclosure(), again);
  if (again.SerializeAsString() != proto.SerializeAsString()) {
    return absl::InvalidArgumentError("it would be read as another one");
  }
  return line + "\n";
}

// The same change as patches one after the other, with none below them.
void AddSteps(const PolicyPatch& patch, std::vector<PolicyPatch>& steps) {
  for (const PolicyPatch& each : patch.below) AddSteps(each, steps);
  if (!patch.fields.empty()) steps.push_back({patch.values, patch.fields});
}

absl::StatusOr<std::string> LinesOf(const StandingOrder& order) {
  if (order.change.below.empty()) return LineOf(order);
  std::vector<PolicyPatch> steps;
  AddSteps(order.change, steps);
  std::string lines;
  StandingOrder step = order;
  for (PolicyPatch& each : steps) {
    step.change = std::move(each);
    absl::StatusOr<std::string> line = LineOf(step);
    if (!line.ok()) return line;
    absl::StrAppend(&lines, *line);
  }
  return lines;
}

// Whether the later one goes on with the change of the other.
bool IsNextStep(const StandingOrder& later, const StandingOrder& earlier) {
  return later.id == earlier.id && later.action == OrderAction::kSetPolicy &&
         earlier.action == OrderAction::kSetPolicy && later.pattern == earlier.pattern;
}

bool IsSame(const StandingOrder& a, const StandingOrder& b) {
  return a.id == b.id && a.pattern == b.pattern && a.action == b.action && a.change == b.change &&
         a.by.who == b.by.who && a.by.why == b.by.why && a.from == b.from && a.ttl == b.ttl;
}

// Beside the steps before it, not on top of each: any number of them is as deep as two.
void AddStep(PolicyPatch step, PolicyPatch& change) {
  if (!change.fields.empty()) {
    PolicyPatch steps;
    steps.below.push_back(std::move(change));
    change = std::move(steps);
  }
  change.below.push_back(std::move(step));
}

}  // namespace

OrdersWritten OrdersWriter::Write(const std::vector<StandingOrder>& orders) {
  absl::flat_hash_map<uint64_t, Known> known;
  OrdersWritten written;
  std::string body;
  for (const StandingOrder& order : orders) {
    const auto before = known_.find(order.id);
    const bool is_known = before != known_.end() && IsSame(before->second.order, order);
    Known its = is_known ? std::move(before->second) : Known{order, LinesOf(order)};
    if (its.lines.ok()) {
      absl::StrAppend(&body, *its.lines);
    } else {
      written.left_out.push_back(
          absl::StrCat("order ", order.id, ": ", its.lines.status().message()));
    }
    known.insert_or_assign(order.id, std::move(its));
  }
  known_ = std::move(known);
  written.text = OrdersTextOf(body);
  return written;
}

OrdersWritten OrdersToText(const std::vector<StandingOrder>& orders) {
  return OrdersWriter().Write(orders);
}

std::string OrdersTextOf(absl::string_view lines) { return absl::StrCat(HeaderOf(lines), lines); }

absl::StatusOr<OrdersRead> OrdersFromText(absl::string_view text) {
  if (!absl::StartsWith(text, kFormat)) {
    return absl::DataLossError(absl::StrCat("it doesn't begin with \"", kFormat, "\""));
  }
  const std::size_t end = text.find('\n');
  if (end == absl::string_view::npos) return absl::DataLossError("it ends in its first line");
  const absl::string_view body = text.substr(end + 1);
  if (text.substr(0, end + 1) != HeaderOf(body)) {
    return absl::DataLossError("its checksum is not that of its text: it is cut, or was changed");
  }
  OrdersRead read;
  int number = 1;
  for (const absl::string_view line : absl::StrSplit(body, '\n', absl::SkipEmpty())) {
    ++number;
    absl::StatusOr<StandingOrder> order = OrderFromLine(line);
    if (order.ok() && !read.orders.empty() && IsNextStep(*order, read.orders.back())) {
      AddStep(std::move(order->change), read.orders.back().change);
    } else if (order.ok()) {
      read.orders.push_back(*std::move(order));
    } else {
      read.left_out.push_back(absl::StrCat("line ", number, ": ", order.status().message()));
    }
  }
  return read;
}

}  // namespace fusebox::internal
