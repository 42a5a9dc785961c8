// bench_load: a load program for the end-to-end benchmarks.
//
// It keeps N connections, sends the same POST again as soon as (or --pause after) the answer to the
// last one is complete, checks every answer, and prints one JSON object. wrk cannot pause, cannot
// call each of many paths once, and checks no header without a script that costs more than the
// call. One thread and one epoll: per call one wait, one receive and one send.
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::uint16_t port = 0;
  std::vector<std::string> paths{"/"};
  std::vector<std::string> headers;
  std::string body = R"({"k":"v"})";
  std::string expect;          ///< a line that every head must contain, e.g. "X-Proa-Start: warm"
  std::string status = "200";  ///< of every answer
  std::string tally;           ///< count the values of this header
  std::uint32_t clients = 1;
  double seconds = 1;
  double pause_ms = 0;
  std::uint64_t calls_max = 0;  ///< 0: until the time is over
};

struct Connection {
  int fd = -1;
  Clock::time_point begin;  ///< of the call in flight, or when the next is due
  Clock::time_point first_byte;
  bool is_waiting = false;  ///< for an answer
  bool has_first_byte = false;
  std::string input;
};

struct Sample {
  std::uint32_t first_byte_ns;
  std::uint32_t whole_ns;
};

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::uint32_t nanoseconds(Clock::duration time) {
  const auto count = std::chrono::nanoseconds(time).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

/// Bytes of the whole answer at the front of `input`; 0: not complete yet.
std::size_t answer_size(const std::string& input, std::string_view& head) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  head = std::string_view(input).substr(0, end + 2);
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const std::size_t at = head.find(name);
    if (at == std::string_view::npos) continue;
    const std::size_t size = end + 4 + std::strtoull(input.c_str() + at + name.size(), nullptr, 10);
    return input.size() >= size ? size : 0;
  }
  return end + 4;
}

class Load {
 public:
  explicit Load(Plan plan) : plan_(std::move(plan)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (const std::string& path : plan_.paths) requests_.push_back(request_for(path));
    connections_.resize(plan_.clients);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = connect_to(plan_.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event) != 0) fail("epoll_ctl");
    }
    samples_.reserve(1U << 20U);
  }

  void run() {
    begin_ = Clock::now();
    const auto length = std::chrono::duration<double>(plan_.seconds);
    const auto end = begin_ + std::chrono::duration_cast<Clock::duration>(length);
    // Clients that pause do not all begin in the same moment.
    const auto pause = std::chrono::duration<double, std::milli>(plan_.pause_ms);
    const auto step = std::chrono::duration_cast<Clock::duration>(pause / plan_.clients);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].begin = begin_ + step * static_cast<std::int64_t>(i);
    }
    std::array<epoll_event, 256> events{};
    for (;;) {
      const auto now = Clock::now();
      const auto due = send_due(now, now < end);
      if (in_flight_ == 0 && (now >= end || is_spent())) break;
      const int count = ::epoll_pwait2(epoll_, events.data(), events.size(),
                                       due.has_value() ? &*due : nullptr, nullptr);
      if (count < 0 && errno != EINTR) fail("epoll_wait");
      for (int i = 0; i < count; ++i) receive(connections_[events[i].data.u64]);
    }
    end_ = Clock::now();
  }

  void print();

 private:
  std::string request_for(const std::string& path) const {
    std::string text = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const std::string& header : plan_.headers) text += header + "\r\n";
    return text + "Content-Length: " + std::to_string(plan_.body.size()) + "\r\n\r\n" + plan_.body;
  }

  bool is_spent() const { return plan_.calls_max != 0 && sent_ >= plan_.calls_max; }

  /// Sends what is due; when the next one is, if nothing is in flight to wait for.
  std::optional<timespec> send_due(Clock::time_point now, bool may_send) {
    std::optional<timespec> wait;
    if (!may_send && in_flight_ == 0) return wait;
    auto next = Clock::time_point::max();
    for (Connection& connection : connections_) {
      if (connection.is_waiting) continue;
      if (!may_send || is_spent()) break;
      if (connection.begin <= now) {
        send(connection);
      } else {
        next = std::min(next, connection.begin);
      }
    }
    if (next == Clock::time_point::max()) return wait;
    const auto left = std::chrono::nanoseconds(next - now).count();
    wait.emplace();
    wait->tv_sec = static_cast<time_t>(left / 1'000'000'000);
    wait->tv_nsec = left % 1'000'000'000;
    return wait;
  }

  void send(Connection& connection) {
    const std::string& request = requests_[sent_++ % requests_.size()];
    connection.is_waiting = true;
    connection.has_first_byte = false;
    ++in_flight_;
    connection.begin = Clock::now();
    if (::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("send");
    }
  }

  void receive(Connection& connection) {
    std::array<char, 65'536> buffer;
    const ssize_t count = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) fail("the server closed a connection");
    const auto now = Clock::now();
    if (!connection.has_first_byte) connection.first_byte = now;
    connection.has_first_byte = true;
    connection.input.append(buffer.data(), static_cast<std::size_t>(count));
    std::string_view head;
    const std::size_t size = answer_size(connection.input, head);
    if (size == 0) return;
    judge(head, connection.input.substr(0, size));
    connection.input.erase(0, size);
    connection.is_waiting = false;
    --in_flight_;
    samples_.push_back({nanoseconds(connection.first_byte - connection.begin),
                        nanoseconds(now - connection.begin)});
    if (plan_.pause_ms == 0) {
      connection.begin = now;
    } else {
      const auto pause = std::chrono::duration<double, std::milli>(plan_.pause_ms);
      connection.begin = now + std::chrono::duration_cast<Clock::duration>(pause);
    }
  }

  void judge(std::string_view head, const std::string& answer) {
    const bool is_good = head.starts_with("HTTP/1.1 " + plan_.status + " ") &&
                         head.find("X-Amz-Function-Error") == std::string_view::npos &&
                         (plan_.expect.empty() || head.find(plan_.expect) != std::string::npos);
    if (!is_good && wrong_++ == 0) first_wrong_ = answer.substr(0, 600);
    if (plan_.tally.empty()) return;
    const std::size_t at = head.find("\r\n" + plan_.tally + ": ");
    if (at == std::string_view::npos) return;
    const std::string_view rest = head.substr(at + plan_.tally.size() + 4);
    ++tally_[std::string(rest.substr(0, rest.find("\r\n")))];
  }

  Plan plan_;
  int epoll_;
  std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<Sample> samples_;
  std::map<std::string, std::uint64_t> tally_;
  std::string first_wrong_;
  std::uint64_t wrong_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t in_flight_ = 0;
  Clock::time_point begin_;
  Clock::time_point end_;
};

double percentile_us(const std::vector<std::uint32_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(part * last + 0.5)] / 1000.0;
}

boost::json::object summary(std::vector<std::uint32_t> times) {
  std::sort(times.begin(), times.end());
  boost::json::object out;
  out["p50_us"] = percentile_us(times, 0.5);
  out["p99_us"] = percentile_us(times, 0.99);
  out["max_us"] = percentile_us(times, 1);
  return out;
}

void Load::print() {
  const double seconds = std::chrono::duration<double>(end_ - begin_).count();
  boost::json::object out;
  out["calls"] = samples_.size();
  out["seconds"] = seconds;
  out["calls_per_s"] = static_cast<double>(samples_.size()) / seconds;
  out["wrong"] = wrong_;
  if (wrong_ != 0) out["first_wrong"] = first_wrong_;
  boost::json::object tally;
  for (const auto& [value, count] : tally_) tally[value] = count;
  out["tally"] = std::move(tally);
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> whole;
  for (const Sample& sample : samples_) {
    first.push_back(sample.first_byte_ns);
    whole.push_back(sample.whole_ns);
  }
  if (plan_.calls_max != 0) {
    boost::json::array all;
    for (const std::uint32_t time : first) all.emplace_back(time / 1000.0);
    out["first_byte_us"] = std::move(all);
  }
  out["first_byte"] = summary(std::move(first));
  out["answer"] = summary(std::move(whole));
  std::printf("%s\n", boost::json::serialize(out).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  CLI::App app("Calls one HTTP server over and over and prints what it saw as JSON.", "bench_load");
  app.add_option("--port", plan.port, "Port on 127.0.0.1")->required();
  app.add_option("--path", plan.paths, "Path; several are called in turn");
  app.add_option("--header", plan.headers, "A header line to send");
  app.add_option("--body", plan.body, "The body to send");
  app.add_option("--expect", plan.expect, "Text that the head of each answer must contain");
  app.add_option("--status", plan.status, "The status that each answer must have");
  app.add_option("--tally", plan.tally, "Count the values of this header of the answers");
  app.add_option("--clients", plan.clients, "Connections, each with one call in flight")
      ->check(CLI::Range(1U, 4096U));
  app.add_option("--seconds", plan.seconds, "How long calls are sent");
  app.add_option("--pause", plan.pause_ms, "Milliseconds between an answer and the next call");
  app.add_option("--calls", plan.calls_max, "Stop after so many calls; prints each time");
  CLI11_PARSE(app, argc, argv);
  Load load(std::move(plan));
  load.run();
  load.print();
  return 0;
}
