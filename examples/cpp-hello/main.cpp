// A custom runtime in C++ with nothing but the standard library and sockets: asks the HTTP Runtime
// API for an event, answers it, asks again. One kept connection, no threads.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#include <arpa/inet.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

/// The function: shows its event and says hello.
std::string handler(const std::string& event) {
  if (event.find("\"fail\"") != std::string::npos) throw std::runtime_error("told to fail");
  std::cerr << "event of " << event.size() << " characters\n";
  return R"({"message":"Hello from C++!","event":)" + event + "}";
}

struct Answer {
  std::string head;
  std::string body;

  /// Value of a header; empty if it is not there.
  std::string header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
      at += 2;
      const std::string_view line = std::string_view(head).substr(at, head.find('\r', at) - at);
      if (line.size() <= name.size() || line[name.size()] != ':') continue;
      if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
      return std::string(line.substr(line.find_first_not_of(' ', name.size() + 1)));
    }
    return {};
  }
};

/// One HTTP/1.1 connection to the Runtime API.
class Connection {
 public:
  explicit Connection(const std::string& endpoint) : host_(endpoint) {
    const auto colon = endpoint.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(endpoint.substr(colon + 1))));
    if (::inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr) != 1) {
      throw std::runtime_error("not an IPv4 address and port: " + endpoint);
    }
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect to " + endpoint);
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  Answer request(const std::string& method, const std::string& path, const std::string& body = "",
                 const std::string& headers = "") {
    send(method + " /2018-06-01/runtime/" + path + " HTTP/1.1\r\nHost: " + host_ + "\r\n" +
         headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    Answer answer;
    const std::size_t end = fill_until("\r\n\r\n");
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    const std::string length = answer.header("Content-Length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size) receive();
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

 private:
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error("the Runtime API is gone");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void receive() {
    char part[16384];
    const ssize_t count = ::recv(socket_, part, sizeof part, 0);
    if (count <= 0) throw std::runtime_error("the Runtime API is gone");
    buffer_.append(part, static_cast<std::size_t>(count));
  }
  std::size_t fill_until(std::string_view mark) {
    for (;;) {
      const std::size_t at = buffer_.find(mark);
      if (at != std::string::npos) return at;
      receive();
    }
  }

  std::string host_;
  int socket_ = -1;
  std::string buffer_;
};

void serve(Connection& api) {
  for (;;) {
    const Answer event = api.request("GET", "invocation/next");
    const std::string call = "invocation/" + event.header("Lambda-Runtime-Aws-Request-Id");
    try {
      api.request("POST", call + "/response", handler(event.body));
    } catch (const std::runtime_error& error) {
      api.request("POST", call + "/error",
                  std::string(R"({"errorType":"runtime_error","errorMessage":")") + error.what() +
                      R"(","stackTrace":[]})",
                  "Lambda-Runtime-Function-Error-Type: Function.Failed\r\n");
    }
  }
}

}  // namespace

int main() {
  const char* endpoint = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (endpoint == nullptr) {
    std::cerr << "AWS_LAMBDA_RUNTIME_API is not set: this program runs as a Lambda runtime\n";
    return 1;
  }
  try {
    Connection api(endpoint);
    serve(api);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
