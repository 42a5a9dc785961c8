// Requests through the whole API over fakes: "METHOD TARGET", header lines, an empty line, a body.
// Every request gets an answer of the API's shapes; the fakes never fail, so none is a 5xx.
#include "../tests/unit/api/fake_logs.h"
#include "../tests/unit/api/fake_parts.h"
#include "api/api.h"
#include "base/check.h"
#include "support/map_store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace proa;

std::string_view take_line(std::string_view& input) {
  const std::size_t end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  return line;
}

http::Request decode(std::string_view input) {
  http::Request request;
  const std::string_view first = take_line(input);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  if (space != std::string_view::npos) request.target = first.substr(space + 1);
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.add(line.substr(0, colon), line.substr(colon + 1));
  }
  request.body = input;
  return request;
}

boost::asio::awaitable<void> serve(api::Api& api, http::Request& request,
                                   http::Response& response) {
  response = co_await api.serve(request);
}

void check_response(const http::Response& response) {
  check(response.status >= 200 && response.status < 500, "a request caused a failure of ours");
  check(response.header("x-amzn-RequestId").has_value(), "no request id");
  if (response.status < 400) return;
  check(response.header("x-amzn-errortype").has_value(), "an error without a name");
  boost::system::error_code error;
  const auto body = boost::json::parse(response.body, error);
  check(!error && body.is_object(), "an error that is no JSON object");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::Request request = decode({reinterpret_cast<const char*>(data), size});
  if (!http::parse_target(request)) return 0;
  api::FakeCatalog catalog;
  catalog.put("f", {{"team", "a"}});
  api::FakeDispatcher dispatcher;
  dispatcher.result.payload = "{}";
  api::FakeEvents events;
  api::FixedClock clock;
  static boost::asio::thread_pool blocking(1);  // a thread an input would be most of the time
  storage::MapStore store;
  const auto keys = identity::KeyStore::open(store, blocking, clock, "000000000000").value();
  const auto roles = identity::RoleStore::open(store, blocking, clock).value();
  api::FakeLogs logs;
  logs.put("/aws/lambda/f", "s", "a line\n", "00000000-0000-4000-8000-000000000001");
  logs.on_wait = [] { return false; };
  const api::ApiParts parts{catalog, dispatcher, events, *keys, *roles, logs, blocking, clock};
  api::Api api(parts, api::ApiOptions());
  check(api.body_limit(request) > 0, "no body limit");
  http::Response response(0);
  boost::asio::io_context context;
  boost::asio::co_spawn(context, serve(api, request, response), boost::asio::detached);
  context.run();
  check_response(response);
  return 0;
}
