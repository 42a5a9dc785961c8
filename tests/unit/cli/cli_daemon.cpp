#include "unit/cli/cli_daemon.h"

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace proa::cli {

CliDaemonTest::CliDaemonTest() {
  os::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(listener.get(), 8), 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  around_.print = [this](std::string_view text) {
    printed_ += text;
    return --readers_patience_ > 0;
  };
  around_.note = [this](std::string_view text) { noted_ += text; };
  around_.read_input = [this]() -> Result<std::string> { return input_; };
  around_.read_line = [this] { return std::optional(input_); };
  around_.now = [] { return std::chrono::system_clock::from_time_t(1'764'134'562); };
  around_.endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  http::ServerOptions options;
  options.body_limit = [](const http::Request&) { return 1U << 20U; };
  server_ = std::make_unique<http::Server>(
      io_.get_executor(), std::move(listener),
      [this](http::Request& request) { return answer(request); }, std::move(options));
  EXPECT_TRUE(server_->start());
  thread_ = std::thread([this] { io_.run(); });
}

CliDaemonTest::~CliDaemonTest() {
  io_.stop();
  thread_.join();
}

std::string CliDaemonTest::run(const std::vector<std::string>& words) {
  std::vector<const char*> argv{"proa"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  printed_.clear();
  noted_.clear();
  all_asked_.clear();
  CLI::App app("Proa", "proa");
  CommandLine line(app, around_);
  const auto code = line.run(static_cast<int>(argv.size()), argv.data());
  code_ = code ? static_cast<int>(*code) : -1;
  if (code_ == 0 || !printed_.empty() || noted_.empty()) return printed_;
  return "error: " + noted_.substr(noted_.find(": ") + 2, noted_.size() - 7);
}

boost::asio::awaitable<http::Response> CliDaemonTest::answer(http::Request& request) {
  asked_ = request.method + " " + request.target + " " + request.body;
  all_asked_.push_back(asked_);
  asked_headers_ = request.headers;
  signed_by_ = std::string(request.headers.find("Authorization").value_or(""));
  http::Response response(status_);
  if (!statuses_.empty()) {
    response.status = statuses_.front();
    statuses_.erase(statuses_.begin());
  }
  response.headers = headers_;
  response.body = body_;
  if (!bodies_.empty()) {
    response.body = bodies_.front();
    bodies_.erase(bodies_.begin());
  }
  co_return response;
}

}  // namespace proa::cli
