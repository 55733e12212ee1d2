// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/scenario.h"

#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/fuseboxctl/text.h"

namespace fusebox_drill {
namespace {

using fuseboxctl::Printable;
using fuseboxctl::Shorten;

constexpr absl::Duration kLongest = absl::Hours(24);
constexpr std::size_t kMaxPhases = 1000;
constexpr std::size_t kMaxErrors = 20;  // that are told
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxAboutBytes = 200;
constexpr std::size_t kExcerpt = 80;  // columns of what is told back

std::string Excerpt(absl::string_view text) { return Shorten(Printable(text), kExcerpt); }

// What is wrong, in the order of the lines.
class Errors {
 public:
  void AtLine(int line) { line_ = line; }

  // "line 4: phase: errors = 1.5, must be from 0 to 1".
  void Add(absl::string_view field, absl::string_view value, absl::string_view must_be) {
    Say(absl::StrCat(where_, field, " = ", value.empty() ? "nothing" : Excerpt(value), ", must be ",
                     must_be));
  }

  void Say(absl::string_view what) {
    ++count_;
    if (count_ > kMaxErrors) return;
    told_.push_back(line_ == 0 ? std::string(what) : absl::StrCat("line ", line_, ": ", what));
  }

  void Within(absl::string_view where) {
    where_ = where.empty() ? std::string() : absl::StrCat(where, ": ");
  }
  const std::string& where() const { return where_; }

  absl::Status ToStatus() const {
    if (count_ == 0) return absl::OkStatus();
    const std::string more =
        count_ > kMaxErrors ? absl::StrCat("; and ", count_ - kMaxErrors, " more") : "";
    return absl::InvalidArgumentError(absl::StrCat(absl::StrJoin(told_, "; "), more));
  }

 private:
  int line_ = 0;
  std::string where_;
  std::size_t count_ = 0;
  std::vector<std::string> told_;
};

std::string RangeText(double least, double most) {
  return absl::StrCat("from ", least, " to ", most);
}

bool ReadNumber(absl::string_view field, absl::string_view text, double least, double most,
                double& value, Errors& errors) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number >= least && number <= most)) {
    errors.Add(field, text, absl::StrCat("a number ", RangeText(least, most)));
    return false;
  }
  value = number;
  return true;
}

// "0.5", or "0..0.5".
void ReadFigure(absl::string_view field, absl::string_view text, double least, double most,
                Figure& figure, Errors& errors) {
  const std::size_t dots = text.find("..");
  if (dots == absl::string_view::npos) {
    if (ReadNumber(field, text, least, most, figure.from, errors)) figure.to = figure.from;
    return;
  }
  double from = 0;
  double to = 0;
  if (!absl::SimpleAtod(text.substr(0, dots), &from) ||
      !absl::SimpleAtod(text.substr(dots + 2), &to) || !(from >= least && from <= most) ||
      !(to >= least && to <= most)) {
    errors.Add(field, text,
               absl::StrCat("a number ", RangeText(least, most), ", or two with \"..\" between"));
    return;
  }
  figure = {from, to};
}

template <typename Integer>
bool ReadInteger(absl::string_view field, absl::string_view text, int64_t least, int64_t most,
                 Integer& value, Errors& errors) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < least || number > most) {
    errors.Add(field, text, absl::StrCat("a whole number from ", least, " to ", most));
    return false;
  }
  value = static_cast<Integer>(number);
  return true;
}

bool ReadDuration(absl::string_view field, absl::string_view text, absl::Duration least,
                  absl::Duration most, absl::Duration& value, Errors& errors) {
  const absl::StatusOr<absl::Duration> duration = fuseboxctl::ParseDuration(text);
  if (!duration.ok() || *duration < least || *duration > most) {
    errors.Add(field, text,
               absl::StrCat("a duration from ", fuseboxctl::DurationText(least), " to ",
                            fuseboxctl::DurationText(most), ", as 500ms, 30s or 1m30s"));
    return false;
  }
  value = *duration;
  return true;
}

// What a phase may say.
constexpr absl::string_view kEffects =
    "refuse, hang, errors, slow, delay, delayed, load, cold, warm_after, backends, methods";

class PhaseReader {
 public:
  PhaseReader(Phase& phase, Errors& errors) : phase_(phase), errors_(errors) {}

  void Read(absl::string_view text) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.empty()) {
      errors_.Add("phase", "", "a length, and what happens in it, as \"~20s refuse\"");
      return;
    }
    errors_.Within("phase");
    absl::string_view length = words.front();
    phase_.varied = absl::ConsumePrefix(&length, "~");
    ReadDuration("length", length, absl::Milliseconds(1), kLongest, phase_.length, errors_);
    for (std::size_t i = 1; i < words.size(); ++i) ReadEffect(words[i]);
    CheckWhole();
    errors_.Within("");
  }

 private:
  void ReadEffect(absl::string_view word) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(word, absl::MaxSplits('=', 1));
    const absl::string_view name = parts.first;
    if (!named_.insert(std::string(name)).second) {
      errors_.Say(absl::StrCat(errors_.where(), Excerpt(name), " is given twice"));
      return;
    }
    const bool has_value = word.find('=') != absl::string_view::npos;
    if (name == "refuse" || name == "hang") {
      if (has_value) errors_.Add(name, parts.second, "written without a value");
      phase_.reach = name == "refuse" ? Reach::kRefuses : Reach::kHangs;
    } else if (!ReadValue(name, parts.second)) {
      errors_.Say(absl::StrCat(errors_.where(), "\"", Excerpt(word),
                               "\" is not known; there are: ", kEffects));
    }
  }

  // False if there is no such effect.
  bool ReadValue(absl::string_view name, absl::string_view value) {
    if (name == "errors") {
      ReadFigure(name, value, 0, 1, phase_.errors, errors_);
    } else if (name == "slow") {
      ReadFigure(name, value, 0.01, 1000, phase_.slow, errors_);
    } else if (name == "delay") {
      ReadDuration(name, value, absl::ZeroDuration(), absl::Hours(1), phase_.delay, errors_);
    } else if (name == "delayed") {
      ReadNumber(name, value, 0, 1, phase_.delayed, errors_);
    } else if (name == "load") {
      ReadFigure(name, value, 0, 1000, phase_.load, errors_);
    } else if (name == "cold") {
      double cold = 0;
      if (ReadNumber(name, value, 0.001, 1, cold, errors_)) phase_.cold = cold;
    } else if (name == "warm_after") {
      ReadInteger(name, value, 1, 10'000'000, phase_.warm_after, errors_);
    } else if (name == "backends") {
      ReadInteger(name, value, 1, 1000, phase_.backends.emplace(1), errors_);
    } else if (name == "methods") {
      ReadInteger(name, value, 1, 100, phase_.methods.emplace(1), errors_);
    } else {
      return false;
    }
    return true;
  }

  // What no effect can say alone.
  void CheckWhole() {
    const auto given = [this](const char* name) { return named_.count(name) > 0; };
    if (given("refuse") && given("hang")) {
      errors_.Say(absl::StrCat(errors_.where(), "refuse and hang exclude each other"));
    }
    if (given("delayed") && !given("delay")) {
      errors_.Say(absl::StrCat(errors_.where(), "delayed needs a delay"));
    }
    if (given("warm_after") && !given("cold")) {
      errors_.Say(absl::StrCat(errors_.where(), "warm_after needs cold"));
    }
  }

  Phase& phase_;
  Errors& errors_;
  std::set<std::string> named_;
};

class Reader {
 public:
  absl::StatusOr<Scenario> Read(absl::string_view text) {
    int number = 0;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      errors_.AtLine(++number);
      line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
      if (!line.empty()) ReadLine(line);
    }
    errors_.AtLine(0);
    CheckWhole();
    if (absl::Status status = errors_.ToStatus(); !status.ok()) return status;
    return std::move(scenario_);
  }

 private:
  void ReadLine(absl::string_view line) {
    const std::size_t colon = line.find(':');
    const absl::string_view field = absl::StripAsciiWhitespace(line.substr(0, colon));
    if (colon == absl::string_view::npos) {
      errors_.Say(absl::StrCat("\"", Excerpt(line), "\" must be a name and a value, as \"",
                               kExample, "\""));
      return;
    }
    const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (field == "phase") {
      // Of too many no more is kept than is needed to say so.
      if (scenario_.phases.size() > kMaxPhases) return;
      PhaseReader(scenario_.phases.emplace_back(), errors_).Read(value);
    } else if (!named_.insert(std::string(field)).second) {
      errors_.Say(absl::StrCat(Excerpt(field), " is given twice"));
    } else if (!ReadSetting(field, value)) {
      errors_.Say(absl::StrCat("\"", Excerpt(field), "\" is not known; there are: name, about, ",
                               "phase, backends, methods, rate, clients, queue_limit, retries, ",
                               "backoff"));
    }
  }

  bool ReadSetting(absl::string_view field, absl::string_view value) {
    if (field == "name") {
      ReadName(value);
    } else if (field == "about") {
      if (value.empty() || value.size() > kMaxAboutBytes) {
        errors_.Add(field, value, absl::StrCat("a text of 1 to ", kMaxAboutBytes, " bytes"));
      }
      scenario_.about = Printable(value);
    } else if (field == "backends") {
      ReadInteger(field, value, 1, 1000, scenario_.backends, errors_);
    } else if (field == "methods") {
      ReadInteger(field, value, 1, 100, scenario_.methods, errors_);
    } else if (field == "rate") {
      ReadNumber(field, value, 0.01, 100'000, scenario_.rate.emplace(1), errors_);
    } else if (field == "clients") {
      ReadInteger(field, value, 1, 10'000, scenario_.clients.emplace(1), errors_);
    } else if (field == "queue_limit") {
      ReadInteger(field, value, 0, 1'000'000, scenario_.queue_limit.emplace(1), errors_);
    } else if (field == "retries") {
      ReadInteger(field, value, 0, 10, scenario_.retries, errors_);
    } else if (field == "backoff") {
      ReadDuration(field, value, absl::Milliseconds(1), absl::Hours(1), scenario_.backoff, errors_);
    } else {
      return false;
    }
    return true;
  }

  void ReadName(absl::string_view value) {
    bool plain = !value.empty() && value.size() <= kMaxNameBytes;
    for (const char c : value) {
      plain = plain && (absl::ascii_islower(static_cast<unsigned char>(c)) ||
                        absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_');
    }
    if (!plain) {
      errors_.Add("name", value,
                  absl::StrCat("1 to ", kMaxNameBytes, " small letters, digits and underscores"));
    }
    scenario_.name = std::string(value);
  }

  void CheckWhole() {
    if (named_.count("name") == 0) errors_.Say("name is missing");
    if (scenario_.phases.empty()) {
      errors_.Say(absl::StrCat("a phase is missing, as in \"", kExample, "\""));
    }
    if (scenario_.phases.size() > kMaxPhases) {
      errors_.Say(absl::StrCat("there must be at most ", kMaxPhases, " phases"));
    }
    absl::Duration sum;
    for (const Phase& phase : scenario_.phases) {
      sum += phase.length;
      CheckPart("backends", phase.backends, scenario_.backends);
      CheckPart("methods", phase.methods, scenario_.methods);
    }
    if (sum > kLongest) {
      errors_.Say(absl::StrCat("the phases together last ", fuseboxctl::DurationText(sum),
                               ", must be at most ", fuseboxctl::DurationText(kLongest)));
    }
  }

  void CheckPart(absl::string_view what, const std::optional<int>& part, int whole) {
    if (!part || *part <= whole) return;
    errors_.Add(absl::StrCat("phase: ", what), absl::StrCat(*part),
                absl::StrCat("at most the ", whole, " of \"", what, ": ", whole, "\""));
  }

  static constexpr absl::string_view kExample = "phase: ~20s refuse";

  Scenario scenario_;
  Errors errors_;
  std::set<std::string> named_;
};

void Append(absl::string_view name, const Figure& figure, double usual, std::string& text) {
  if (figure.from == usual && figure.to == usual) return;
  absl::StrAppend(&text, " ", name, "=", figure.from);
  if (figure.to != figure.from) absl::StrAppend(&text, "..", figure.to);
}

}  // namespace

std::string TextOf(const Phase& phase) {
  const Phase plain;
  std::string text = absl::StrCat(phase.varied ? "~" : "", fuseboxctl::DurationText(phase.length));
  if (phase.reach == Reach::kRefuses) absl::StrAppend(&text, " refuse");
  if (phase.reach == Reach::kHangs) absl::StrAppend(&text, " hang");
  Append("errors", phase.errors, plain.errors.from, text);
  Append("slow", phase.slow, plain.slow.from, text);
  if (phase.delay > absl::ZeroDuration()) {
    absl::StrAppend(&text, " delay=", fuseboxctl::DurationText(phase.delay));
    if (phase.delayed != plain.delayed) absl::StrAppend(&text, " delayed=", phase.delayed);
  }
  Append("load", phase.load, plain.load.from, text);
  if (phase.cold) {
    absl::StrAppend(&text, " cold=", *phase.cold, " warm_after=", phase.warm_after);
  }
  if (phase.backends) absl::StrAppend(&text, " backends=", *phase.backends);
  if (phase.methods) absl::StrAppend(&text, " methods=", *phase.methods);
  return text;
}

absl::StatusOr<Scenario> ParseScenario(absl::string_view text) { return Reader().Read(text); }

}  // namespace fusebox_drill
