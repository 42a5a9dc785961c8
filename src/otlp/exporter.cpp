#include "otlp/otlp.h"
#include "otlp/partial_success.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>

namespace proa::otlp {
namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

/// A collector's answer is a few words.
constexpr std::uint64_t kAnswerMax = 1024 * 1024;
/// How long cancelled requests get to unwind.
constexpr std::chrono::seconds kUnwindTime{5};

/// "Retryable HTTP response codes" of the specification.
bool is_worth_another_try(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Exporter::Exporter(asio::any_io_executor executor, Clock& clock, telemetry::Logger log,
                   ExporterOptions options, std::vector<Signal> signals)
    : executor_(std::move(executor)),
      clock_(clock),
      log_(std::move(log)),
      options_(std::move(options)),
      all_ended_(executor_) {
  for (Signal& signal : signals) {
    auto& [name, counts] = counts_.emplace_back(signal.name, std::make_unique<SignalCounts>());
    courses_.push_back(std::make_unique<Course>(std::move(signal), *counts, executor_));
  }
}

Exporter::~Exporter() = default;

void Exporter::start() {
  running_ = courses_.size();
  for (const auto& course : courses_) {
    auto ended = [this](const std::exception_ptr&) {
      if (--running_ == 0) all_ended_.cancel();
    };
    asio::co_spawn(executor_, run(*course),
                   asio::bind_cancellation_slot(course->stop.slot(), std::move(ended)));
  }
}

Task<void> Exporter::close(SteadyTime deadline) {
  close_at_ = deadline;
  for (const auto& course : courses_) course->timer.cancel();
  for (const SteadyTime until : {deadline, deadline + kUnwindTime}) {
    while (running_ > 0 && clock_.steady_now() < until) {
      all_ended_.expires_at(until);
      co_await all_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    for (const auto& course : courses_) course->stop.emit(asio::cancellation_type::terminal);
  }
  co_return ok();
}

asio::awaitable<void> Exporter::run(Course& course) {
  for (bool is_last = false; !is_last;) {
    is_last = close_at_.has_value();
    while (co_await take_and_send(course)) {
    }
    if (is_last || close_at_) continue;
    course.timer.expires_after(course.signal.every);
    co_await course.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

/// Whether there is more to send at once.
asio::awaitable<bool> Exporter::take_and_send(Course& course) {
  Taken taken = co_await course.signal.take();
  for (Batch& batch : taken.batches) {
    const bool is_through = co_await send(course, std::move(batch));
    if (!is_through && course.signal.done) co_return false;
  }
  if (course.signal.done) course.signal.done();
  co_return taken.has_more && (!close_at_ || clock_.steady_now() < *close_at_);
}

/// Whether the collector took or refused it.
asio::awaitable<bool> Exporter::send(Course& course, Batch batch) {
  const SteadyTime begin = clock_.steady_now();
  for (unsigned attempt = 0;; ++attempt) {
    const SteadyTime now = clock_.steady_now();
    const bool is_last = close_at_.has_value();
    const SteadyTime deadline =
        std::min(now + options_.request_timeout, close_at_.value_or(SteadyTime::max()));
    auto request = request_for(course.signal, batch.body);
    const auto response = co_await http::fetch(std::move(request), deadline);
    std::string reason;
    const Answer answer = judge(response, reason);
    if (answer == Answer::accepted) {
      count_accepted(course, batch, response.value());
      co_return true;
    }
    if (answer == Answer::refused) {
      course.counts.rejected += batch.items;
      tell(course, "otlp_refused", reason, batch.items);
      co_return true;
    }
    const milliseconds pause = pause_before(attempt + 1, response);
    if (course.signal.done) {
      if (is_last) co_return false;
    } else if (is_last || clock_.steady_now() + pause > begin + options_.give_up_after) {
      course.counts.unreachable += batch.items;
      tell(course, "otlp_given_up", reason, batch.items);
      co_return false;
    }
    tell(course, "otlp_not_sent", reason, batch.items);
    ++course.counts.retries;
    if (close_at_) continue;
    course.timer.expires_after(pause);
    co_await course.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

http::ClientRequest Exporter::request_for(const Signal& signal, const std::string& body) const {
  http::ClientRequest request;
  request.method = "POST";
  request.host = options_.endpoint.host;
  request.port = options_.endpoint.port;
  request.target = options_.endpoint.path + "/v1/" + signal.name;
  request.headers.add("Content-Type", "application/json");
  for (const auto& [name, value] : options_.headers) request.headers.add(name, value);
  request.body = body;
  request.response_bytes_max = kAnswerMax;
  return request;
}

Exporter::Answer Exporter::judge(const Result<http::Response>& response, std::string& reason) {
  if (!response) {
    reason = response.error().message();
    return Answer::again;
  }
  const int status = response.value().status;
  if (status >= 200 && status < 300) return Answer::accepted;
  reason = "the collector answered " + std::to_string(status);
  return is_worth_another_try(status) ? Answer::again : Answer::refused;
}

void Exporter::count_accepted(Course& course, const Batch& batch, const http::Response& response) {
  const std::uint64_t rejected = std::min<std::uint64_t>(rejected_in(response.body), batch.items);
  course.counts.sent += batch.items - rejected;
  course.counts.rejected += rejected;
  if (rejected > 0) {
    return tell(course, "otlp_refused", "the collector took a part of them", rejected);
  }
  if (std::exchange(course.is_failing, false)) {
    log_.info("otlp_sent_again", {{"signal", course.signal.name}});
  }
}

// Retry-After where the collector says it (in seconds); else the back-off, of which the second half
// is random: many daemons must not come back at the same moment.
milliseconds Exporter::pause_before(unsigned attempt, const Result<http::Response>& response) {
  const auto asked = response ? response.value().header("Retry-After") : std::nullopt;
  unsigned seconds = 0;
  if (asked &&
      std::from_chars(asked->data(), asked->data() + asked->size(), seconds).ec == std::errc()) {
    return std::chrono::seconds(seconds);
  }
  const auto doubled = options_.first_backoff * (1U << std::min(attempt - 1, 10U));
  const milliseconds most = std::min<milliseconds>(doubled, options_.last_backoff);
  std::array<std::byte, 1> random{};
  random_.fill(random);
  return most / 2 + most / 2 * std::to_integer<int>(random[0]) / 255;
}

// Once when it begins to fail, and each time that something is lost.
void Exporter::tell(Course& course, std::string_view event, const std::string& reason,
                    std::size_t items) {
  const bool is_lost = event != "otlp_not_sent";
  if (std::exchange(course.is_failing, true) && !is_lost) return;
  log_.warn(event, {{"signal", course.signal.name}, {"items", items}, {"reason", reason}});
}

}  // namespace proa::otlp
