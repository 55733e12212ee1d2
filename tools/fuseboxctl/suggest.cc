// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/suggest.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/fuseboxctl/pages.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr std::size_t kSuggestions = 3;
constexpr int kPageSize = 1'000;

std::set<std::string> NamesAt(const Endpoint& endpoint) {
  std::set<std::string> names;
  fusebox::v1::ListCircuitsRequest request;
  request.set_page_size(kPageSize);
  // What has come before an error is better than nothing.
  ReadPages([&endpoint](const auto& asked,
                        auto& page) { return endpoint.Call(&Stub::ListCircuits, asked, page); },
            std::move(request),
            [&names](fusebox::v1::ListCircuitsResponse& page) {
              for (const fusebox::v1::Circuit& circuit : page.circuits())
                names.insert(circuit.name());
            });
  return names;
}

std::size_t Letters(absl::string_view glob) {
  return static_cast<std::size_t>(
      std::count_if(glob.begin(), glob.end(), [](char c) { return c != '*' && c != '?'; }));
}

// How many letters have to be put in, left out or changed for the name to fit the glob. Upper and
// lower case are one letter.
std::size_t Distance(absl::string_view glob, absl::string_view name) {
  std::vector<std::size_t> row(name.size() + 1);
  for (std::size_t i = 0; i <= name.size(); ++i) row[i] = i;
  for (const char c : glob) {
    std::size_t diagonal = row[0];
    if (c != '*') row[0] += 1;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      const std::size_t above = row[i];
      if (c == '*') {
        row[i] = std::min(above, row[i - 1]);
      } else {
        const bool same =
            c == '?' || absl::ascii_tolower(static_cast<unsigned char>(c)) ==
                            absl::ascii_tolower(static_cast<unsigned char>(name[i - 1]));
        row[i] = std::min({above + 1, row[i - 1] + 1, diagonal + (same ? 0 : 1)});
      }
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> Nearest(const std::vector<std::string>& globs,
                                 const std::set<std::string>& names) {
  std::multimap<std::size_t, std::string> near;
  for (const std::string& name : names) {
    std::size_t best = name.size() + 1;
    for (const std::string& glob : globs) {
      const std::size_t distance =
          !IsGlob(glob) && absl::StrContains(name, glob) ? 1 : Distance(glob, name);
      if (distance <= std::max<std::size_t>(2, Letters(glob) / 4)) best = std::min(best, distance);
    }
    if (best <= name.size()) near.emplace(best, name);
  }
  std::vector<std::string> nearest;
  for (const auto& [distance, name] : near) {
    if (nearest.size() == kSuggestions) break;
    nearest.push_back(name);
  }
  return nearest;
}

std::string DidYouMean(const Fleet& fleet, const std::vector<std::string>& globs) {
  std::set<std::string> names;
  for (std::set<std::string>& some : fleet.AskAll(NamesAt)) names.merge(some);
  const std::vector<std::string> nearest = Nearest(globs, names);
  if (nearest.empty()) return "";
  std::string text = "did you mean ";
  for (std::size_t i = 0; i < nearest.size(); ++i) {
    absl::StrAppend(&text,
                    i == 0                    ? ""
                    : i + 1 == nearest.size() ? " or "
                                              : ", ",
                    Printable(nearest[i]));
  }
  return absl::StrCat(text, "?");
}

std::string AdviceOnName(const Fleet& fleet, const std::string& name,
                         const std::vector<grpc::Status>& statuses) {
  const auto is_missing = [](const grpc::Status& status) {
    return status.error_code() == grpc::StatusCode::NOT_FOUND;
  };
  const auto is_there = [](const grpc::Status& status) { return status.ok(); };
  if (std::none_of(statuses.begin(), statuses.end(), is_missing) ||
      std::any_of(statuses.begin(), statuses.end(), is_there)) {
    return "";
  }
  std::string nearest = DidYouMean(fleet, {name});
  if (!IsGlob(name)) return nearest;
  return absl::StrCat("* and ? are not wildcards here: it takes the name of one circuit",
                      nearest.empty() ? "" : "; ", nearest);
}

std::string Advice(const Fleet& fleet, const std::vector<std::string>& globs) {
  const std::string nearest = DidYouMean(fleet, globs);
  return nearest.empty() ? "`fuseboxctl list` shows the names" : nearest;
}

}  // namespace fuseboxctl
