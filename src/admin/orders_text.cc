// SPDX-License-Identifier: Apache-2.0
#include "src/admin/orders_text.h"

#include <fusebox/v1/admin.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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

absl::StatusOr<StandingOrder> OrderFromLine(absl::string_view line) {
  v1::StandingOrder proto;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(line), &proto);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(std::string(status.message())));
  return FromProto(proto);
}

}  // namespace

std::string OrdersToText(const std::vector<StandingOrder>& orders) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string body;
  for (const StandingOrder& order : orders) {
    v1::StandingOrder proto;
    ToProto(order, Disclosure(), proto);
    std::string line;
    if (!google::protobuf::util::MessageToJsonString(proto, &line, options).ok()) continue;
    absl::StrAppend(&body, line, "\n");
  }
  return absl::StrCat(HeaderOf(body), body);
}

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
    if (order.ok()) {
      read.orders.push_back(*std::move(order));
    } else {
      read.left_out.push_back(absl::StrCat("line ", number, ": ", order.status().message()));
    }
  }
  return read;
}

}  // namespace fusebox::internal
