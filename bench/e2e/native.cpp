// bench_native: the smallest function that is a program of its own. A custom runtime that gives
// back its event, over the HTTP Runtime API, on one kept connection. Linked statically, so that its
// start is the kernel's work and no dynamic linker's.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// "ADDRESS:PORT", connected; -1 when that fails.
int connect_to(std::string endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string::npos) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(endpoint.c_str() + colon + 1)));
  endpoint.resize(colon);
  if (::inet_pton(AF_INET, endpoint.c_str(), &address.sin_addr) != 1) return -1;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

/// Value of a header in `head`; empty if it is not there.
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find('\r', at) - at);
    const bool is_it = line.size() > name.size() + 1 && line[name.size()] == ':' &&
                       ::strncasecmp(line.data(), name.data(), name.size()) == 0;
    if (is_it) return line.substr(line.find_first_not_of(' ', name.size() + 1));
  }
  return {};
}

/// Sends `request` and reads one answer: its head in `head`, its body in `body`. False: gone.
bool exchange(int fd, std::string_view request, std::string& head, std::string& body) {
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return false;
  }
  std::string input;
  std::size_t size = 0;
  std::size_t end = std::string::npos;
  std::array<char, 16'384> part;
  while (end == std::string::npos || input.size() < end + 4 + size) {
    const ssize_t count = ::recv(fd, part.data(), part.size(), 0);
    if (count <= 0) return false;
    input.append(part.data(), static_cast<std::size_t>(count));
    if (end != std::string::npos) continue;
    end = input.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    head = input.substr(0, end + 2);
    size = static_cast<std::size_t>(std::atoi(std::string(header(head, "Content-Length")).c_str()));
  }
  body = input.substr(end + 4, size);
  return true;
}

}  // namespace

int main() {
  const char* endpoint = std::getenv("AWS_LAMBDA_RUNTIME_API");
  const int fd = endpoint == nullptr ? -1 : connect_to(endpoint);
  if (fd < 0) return 1;
  const std::string rest = " HTTP/1.1\r\nHost: " + std::string(endpoint) + "\r\n";
  const std::string next = "GET /2018-06-01/runtime/invocation/next" + rest + "\r\n";
  std::string head;
  std::string event;
  std::string ignored;
  while (exchange(fd, next, head, event)) {
    const auto id = std::string(header(head, "Lambda-Runtime-Aws-Request-Id"));
    const std::string answer = "POST /2018-06-01/runtime/invocation/" + id + "/response" + rest +
                               "Content-Length: " + std::to_string(event.size()) + "\r\n\r\n" +
                               event;
    if (!exchange(fd, answer, head, ignored)) return 1;
  }
  return 0;
}
