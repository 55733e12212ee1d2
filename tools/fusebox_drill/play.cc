// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/play.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "fusebox/testing/fake_clock.h"
#include "tools/fusebox_drill/events.h"
#include "tools/fusebox_drill/server.h"

namespace fusebox_drill {
namespace {

// Within a slice of time, how often the guards are looked at.
constexpr int kLooksPerSample = 20;

// An attempt that was admitted.
struct Attempt {
  int64_t call = 0;
  Nanos sent = 0;
  Ticket ticket = 0;
  Guard* guard = nullptr;
  Nanos delay = 0;
  int32_t number = 0;
  Answer answer = Answer::kOk;  // that the server gives, or would
  bool ended = false;
};

// The states of all guards over time.
class StateLog {
 public:
  StateLog(const std::vector<std::unique_ptr<Guard>>& guards, Nanos sample)
      : guards_(guards), sample_(sample), look_(std::max<Nanos>(1, sample / kLooksPerSample)) {}

  // Looks as often as is due before a moment. The clock stands at the last event.
  void Until(Nanos at) {
    if (sample_ <= 0) return;
    for (; next_ <= at; next_ += look_) {
      const auto place = static_cast<std::size_t>(next_ / sample_);
      if (states_.size() <= place) states_.resize(place + 1);
      states_[place].most = std::max(states_[place].most, Most());
    }
  }

  std::vector<StateSample> Take() { return std::move(states_); }

 private:
  GuardState Most() const {
    std::array<int, 5> count{};
    for (const auto& guard : guards_) ++count[static_cast<std::size_t>(guard->state())];
    const auto most = std::max_element(count.begin(), count.end());
    return static_cast<GuardState>(most - count.begin());
  }

  const std::vector<std::unique_ptr<Guard>>& guards_;
  const Nanos sample_;
  const Nanos look_;
  Nanos next_ = 0;
  std::vector<StateSample> states_;
};

void Add(const GuardCounts& more, GuardCounts& sum) {
  sum.opened += more.opened;
  sum.rejected += more.rejected;
  sum.would_open += more.would_open;
  sum.would_reject += more.would_reject;
  sum.would_admit += more.would_admit;
}

class Simulation {
 public:
  Simulation(const Course& course, const Protection& protection, Nanos sample)
      : course_(course),
        deadline_(NanosOf(course.world().deadline)),
        network_(NanosOf(course.world().network)),
        server_(course.world()),
        states_(guards_, sample) {
    const World& world = course_.world();
    const int guards = world.clients * course_.scenario().methods;
    const std::optional<Nanos> told =
        world.hide_deadline ? std::nullopt : std::optional<Nanos>(deadline_);
    for (int i = 0; i < guards; ++i) {
      const uint64_t seed = course_.seed() * 1'000'003 + static_cast<uint64_t>(i);
      guards_.push_back(protection.make({clock_, seed, told}));
    }
    play_.calls.resize(course_.calls().size());
    for (std::size_t i = 0; i < course_.stages().size(); ++i) {
      events_.Add(course_.stages()[i].begin, EventKind::kStage, static_cast<int64_t>(i));
    }
  }

  Play Run() {
    const std::vector<Nanos>& calls = course_.calls();
    std::size_t next = 0;
    while (true) {
      if (next < calls.size() && (events_.empty() || calls[next] < events_.next().at)) {
        MoveTo(calls[next]);
        Try(static_cast<int64_t>(next++), 0);
      } else if (!events_.empty() && (next < calls.size() || open_ > 0 || !AllStagesBegun())) {
        const Event event = events_.Take();
        MoveTo(event.at);
        Handle(event);
      } else {
        break;
      }
    }
    states_.Until(course_.end() - 1);
    play_.states = states_.Take();
    for (const auto& guard : guards_) Add(guard->counts(), play_.counts);
    return std::move(play_);
  }

 private:
  bool AllStagesBegun() const { return stage_ + 1 == course_.stages().size(); }

  void MoveTo(Nanos at) {
    states_.Until(std::min(at, course_.end() - 1));
    now_ = at;
    clock_.Set(fusebox::SteadyTime::FromNanos(at));
  }

  void Handle(const Event& event) {
    switch (event.kind) {
      case EventKind::kStage:
        BeginStage(static_cast<std::size_t>(event.id));
        break;
      case EventKind::kArrive:
        Arrive(event.id);
        break;
      case EventKind::kServed:
        if (server_.Finish(event.id)) {
          Reply(event.id, attempts_[Index(event.id)].delay);
          Work();
        }
        break;
      case EventKind::kAnswer:
        End(event.id, attempts_[Index(event.id)].answer);
        break;
      case EventKind::kDeadline:
        End(event.id, Answer::kTimedOut);
        break;
      case EventKind::kRetry:
        --open_;
        Try(event.id, event.attempt);
        break;
    }
  }

  void BeginStage(std::size_t stage) {
    stage_ = stage;
    const Phase& phase = course_.stages()[stage].phase;
    if (phase.cold) server_.Chill();
    const bool everybody = !phase.backends && !phase.methods;
    if (phase.reach == Reach::kUp || !everybody) return;
    // What it was at work with is lost. Of a process that dies its callers hear at once.
    for (const int64_t id : server_.Restart()) {
      if (phase.reach != Reach::kRefuses) continue;
      attempts_[Index(id)].answer = Answer::kRefused;
      Reply(id, 0);
    }
  }

  void Try(int64_t call, int number) {
    Guard& guard = GuardOf(call);
    const std::optional<Ticket> ticket = guard.Admit(now_, number);
    if (!ticket) {
      play_.calls[Index(call)].rejected = true;
      Retry(call, number);
      return;
    }
    const auto id = static_cast<int64_t>(attempts_.size());
    Attempt attempt;
    attempt.call = call;
    attempt.sent = now_;
    attempt.ticket = *ticket;
    attempt.guard = &guard;
    attempt.number = number;
    attempts_.push_back(attempt);
    ++open_;
    events_.Add(now_ + network_, EventKind::kArrive, id);
    events_.Add(now_ + deadline_, EventKind::kDeadline, id);
  }

  Guard& GuardOf(int64_t call) {
    const int place = course_.ClientOf(call) * course_.scenario().methods + course_.MethodOf(call);
    return *guards_[static_cast<std::size_t>(place)];
  }

  void Arrive(int64_t id) {
    Attempt& attempt = attempts_[Index(id)];
    const Meeting meeting = course_.Meet(attempt.call, attempt.number, now_);
    if (meeting.reach == Reach::kHangs) return;
    if (meeting.reach == Reach::kRefuses) {
      attempt.answer = Answer::kRefused;
      Reply(id, 0);
      return;
    }
    attempt.delay = meeting.delay;
    attempt.answer = meeting.error ? Answer::kError : Answer::kOk;
    if (!server_.Offer({id, attempt.sent + deadline_, meeting.service * meeting.slow})) {
      attempt.answer = Answer::kOverloaded;
      Reply(id, 0);
      return;
    }
    Work();
  }

  // Has every free worker take a job.
  void Work() {
    Job job;
    while (server_.Begin(now_, job)) {
      const double coldness = course_.stages()[stage_].Coldness(server_.served());
      events_.Add(now_ + static_cast<Nanos>(job.service * coldness), EventKind::kServed,
                  job.attempt);
    }
  }

  void Reply(int64_t id, Nanos delay) {
    if (attempts_[Index(id)].ended) return;
    events_.Add(now_ + delay + network_, EventKind::kAnswer, id);
  }

  void End(int64_t id, Answer answer) {
    Attempt& attempt = attempts_[Index(id)];
    if (attempt.ended) return;
    attempt.ended = true;
    --open_;
    attempt.guard->Record(attempt.ticket, {answer, now_ - attempt.sent}, now_);
    CallResult& result = play_.calls[Index(attempt.call)];
    if (answer == Answer::kOk) {
      result.answered = true;
      return;
    }
    ++result.wasted;
    Retry(attempt.call, attempt.number);
  }

  void Retry(int64_t call, int number) {
    if (number >= course_.scenario().retries) return;
    ++open_;
    events_.Add(now_ + course_.Backoff(number + 1), EventKind::kRetry, call, number + 1);
  }

  static std::size_t Index(int64_t id) { return static_cast<std::size_t>(id); }

  const Course& course_;
  const Nanos deadline_;
  const Nanos network_;
  fusebox_testing::FakeClock clock_{absl::ZeroDuration()};
  std::vector<std::unique_ptr<Guard>> guards_;
  Server server_;
  StateLog states_;
  Events events_;
  std::vector<Attempt> attempts_;
  Play play_;
  Nanos now_ = 0;
  std::size_t stage_ = 0;
  int64_t open_ = 0;  // attempts without an end, and retries to come
};

// What the server does for a caller who knows all: it is busy with what was sent, and with no more
// than that.
class FluidServer {
 public:
  explicit FluidServer(const Course& course) : course_(course) {}

  // Whether an attempt that starts then is answered well; if so, its work is done.
  bool Serve(int64_t call, int number, Nanos sent) {
    const World& world = course_.world();
    const Nanos at = sent + NanosOf(world.network);
    const Meeting meeting = course_.Meet(call, number, at);
    Advance(at);
    if (meeting.reach != Reach::kUp || meeting.error) return false;
    const double slowness = meeting.slow * course_.stages()[stage_].Coldness(served_);
    // Of average calls: who knew each call's own would choose short ones, and nobody does.
    const auto mean = static_cast<double>(NanosOf(world.service));
    const double waits = work_ / world.Workers() * slowness;
    const double takes =
        waits + mean * slowness + static_cast<double>(meeting.delay + 2 * NanosOf(world.network));
    if (takes >= static_cast<double>(NanosOf(world.deadline))) return false;
    work_ += mean;
    ++served_;
    return true;
  }

 private:
  // Does the work of the time until then, in pieces that end where a phase does.
  void Advance(Nanos at) {
    while (at_ < at) {
      const Stage& stage = course_.stages()[stage_];
      const bool is_last = stage_ + 1 == course_.stages().size();
      const Nanos until = is_last ? at : std::min(at, stage.end);
      const double speed = 1 / (stage.Slow(at_) * stage.Coldness(served_));
      work_ = std::max(
          0.0, work_ - static_cast<double>(until - at_) * speed * course_.world().Workers());
      at_ = until;
      if (is_last || at_ < stage.end) continue;
      ++stage_;
      const Phase& next = course_.stages()[stage_].phase;
      if (next.cold) served_ = 0;
      if (next.reach != Reach::kUp && !next.backends && !next.methods) work_ = 0;
    }
  }

  const Course& course_;
  Nanos at_ = 0;
  std::size_t stage_ = 0;
  int64_t served_ = 0;
  double work_ = 0;  // nanoseconds for one warm worker
};

}  // namespace

Play PlayOut(const Course& course, const Protection& protection, Nanos sample) {
  return Simulation(course, protection, sample).Run();
}

std::vector<bool> CouldBeAnswered(const Course& course) {
  const std::vector<Nanos>& calls = course.calls();
  std::vector<bool> could(calls.size());
  FluidServer server(course);
  Events retries;
  const auto attempt = [&](int64_t call, int number, Nanos at) {
    could[static_cast<std::size_t>(call)] = server.Serve(call, number, at);
    if (could[static_cast<std::size_t>(call)] || number >= course.scenario().retries) return;
    retries.Add(at + course.Backoff(number + 1), EventKind::kRetry, call, number + 1);
  };
  std::size_t next = 0;
  while (next < calls.size() || !retries.empty()) {
    if (next < calls.size() && (retries.empty() || calls[next] < retries.next().at)) {
      attempt(static_cast<int64_t>(next), 0, calls[next]);
      ++next;
    } else {
      const Event event = retries.Take();
      attempt(event.id, event.attempt, event.at);
    }
  }
  return could;
}

}  // namespace fusebox_drill
