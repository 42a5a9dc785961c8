#include "cli/endpoint.h"

#include "cli/answer.h"
#include "identity/identity.h"
#include "os/file.h"
#include "tls/tls.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <charconv>
#include <optional>

namespace proa::cli {
namespace {

namespace json = boost::json;

std::string host_header(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

/// The same with what to do.
Error advised(const Surroundings& surroundings, const Endpoint& endpoint, const Error& error) {
  if (error.code() == Errc::invalid && endpoint.is_tls) {
    return Error(error.code(),
                 error.message() + "\nThe endpoint is " + surroundings.endpoint +
                     " (PROA_ENDPOINT); the authorities that are believed are " +
                     (surroundings.ca_file.empty() ? "this machine's (PROA_CA_FILE=FILE: others)."
                                                   : "those in " + surroundings.ca_variable + " " +
                                                         surroundings.ca_file.string() + "."));
  }
  if (error.code() != Errc::unavailable && error.code() != Errc::deadline) return error;
  return Error(error.code(), error.message() + "\nIs proa serve running? The endpoint is " +
                                 surroundings.endpoint + " (PROA_ENDPOINT changes it).");
}

/// Signs what fetch() will send: it writes Host itself, in the form of host_header().
Result<void> sign_request(http::ClientRequest& request, const Endpoint& endpoint,
                          const Surroundings& surroundings) {
  http::Request copy;
  copy.method = request.method;
  copy.target = request.target;
  copy.body = request.body;
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    copy.headers.add(request.headers.at(i).first, request.headers.at(i).second);
  }
  copy.headers.add("Host", host_header(endpoint));
  const std::size_t given = copy.headers.size();
  TRY(http::parse_target(copy));
  identity::Credentials credentials;
  credentials.key_id = surroundings.key_id;
  credentials.secret = surroundings.secret;
  credentials.session_token = surroundings.session_token;
  identity::SigningScope scope;
  scope.region = surroundings.region;
  identity::sign(copy, credentials, scope, std::chrono::system_clock::now());
  for (std::size_t i = given; i < copy.headers.size(); ++i) {
    const auto [name, value] = copy.headers.at(i);
    request.headers.add(name, value);
  }
  return ok();
}

boost::asio::awaitable<void> fetch_into(http::ClientRequest request, SteadyTime deadline,
                                        std::optional<Result<http::Response>>& out) {
  out.emplace(co_await http::fetch(std::move(request), deadline));
}

bool is_signed(const Surroundings& surroundings) {
  return !surroundings.key_id.empty() && !surroundings.secret.empty();
}

/// What a certificate must be signed by. Null for plain HTTP.
Result<std::shared_ptr<const tls::Trust>> trust_for(const Endpoint& endpoint,
                                                    const Surroundings& surroundings) {
  if (!endpoint.is_tls) return std::shared_ptr<const tls::Trust>();
  if (surroundings.ca_file.empty()) return tls::Trust::of_this_machine();
  const std::string name = surroundings.ca_variable + " " + surroundings.ca_file.string();
  auto text = os::read_file(surroundings.ca_file);
  if (!text) {
    return Error(Errc::invalid, surroundings.ca_variable + ": " + text.error().message());
  }
  return tls::Trust::of({name, std::move(text.value())});
}

Errc code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::conflict;
    case 412:
      return Errc::precondition;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::throttled;
    default:
      return Errc::internal;
  }
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  const Error bad(Errc::invalid, "PROA_ENDPOINT '" + std::string(url.substr(0, 200)) +
                                     "' is not of the form http://HOST:PORT or https://HOST:PORT");
  Endpoint endpoint;
  endpoint.is_tls = url.starts_with(kTls);
  if (!endpoint.is_tls && !url.starts_with(kPlain)) return bad;
  if (endpoint.is_tls) endpoint.port = 443;
  url.remove_prefix(endpoint.is_tls ? kTls.size() : kPlain.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  std::size_t host_end = url.rfind(':');
  if (url.starts_with('[')) {
    const std::size_t bracket = url.find(']');
    if (bracket == std::string_view::npos) return bad;
    endpoint.host = url.substr(1, bracket - 1);
    url = url.substr(bracket + 1);
    host_end = 0;
    if (!url.empty() && url.front() != ':') return bad;
  } else {
    endpoint.host = url.substr(0, host_end);
    url = host_end == std::string_view::npos ? std::string_view() : url.substr(host_end);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/?# ") != std::string::npos) return bad;
  if (url.empty()) return endpoint;
  const char* const end = url.data() + url.size();
  const auto parsed = std::from_chars(url.data() + 1, end, endpoint.port);
  if (parsed.ec != std::errc() || parsed.ptr != end || endpoint.port == 0) return bad;
  return endpoint;
}

Error error_of(const http::Response& response, bool was_signed) {
  json::error_code ignored;
  const json::value body = json::parse(response.body, ignored);
  std::string text = text_in(body, "message");
  if (text.empty()) text = text_in(body, "Message");
  const bool is_text = response.header("Content-Type").value_or("").starts_with("text/plain");
  if (text.empty() && is_text) text = response.body.substr(0, response.body.find('\n'));
  if (text.empty()) text = "the daemon answered with status " + std::to_string(response.status);
  const std::string exception(response.header("x-amzn-errortype").value_or(""));
  if (exception == "MissingAuthenticationTokenException" ||
      (exception == "UnrecognizedClientException" && !was_signed)) {
    text +=
        "\nThis daemon wants signed requests: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to "
        "one of its keys.";
  } else if (exception == "UnrecognizedClientException") {
    text +=
        "\nAWS_ACCESS_KEY_ID is not a key of this daemon; one with the right admin can make one "
        "(proa key create).";
  } else if (exception == "InvalidSignatureException") {
    text += "\nIs AWS_SECRET_ACCESS_KEY the secret of AWS_ACCESS_KEY_ID, and the clock right?";
  }
  return Error(code_of(response.status), std::move(text));
}

Result<http::Response> send(const Surroundings& surroundings, Question question) {
  TRY(const auto endpoint, parse_endpoint(surroundings.endpoint));
  http::ClientRequest request;
  request.method = std::move(question.method);
  request.host = endpoint.host;
  request.port = endpoint.port;
  TRY(request.trust, trust_for(endpoint, surroundings));
  request.target = std::move(question.target);
  request.body = std::move(question.body);
  for (const auto& [name, value] : question.headers) request.headers.add(name, value);
  if (is_signed(surroundings)) {
    TRY(sign_request(request, endpoint, surroundings));
  }
  const SteadyTime deadline = std::chrono::steady_clock::now() + question.patience;
  std::optional<Result<http::Response>> out;
  boost::asio::io_context context;
  boost::asio::co_spawn(context, fetch_into(std::move(request), deadline, out),
                        boost::asio::detached);
  context.run();
  if (!*out) return advised(surroundings, endpoint, out->error());
  return std::move(out->value());
}

Result<json::value> json_of(const Surroundings& surroundings, const http::Response& response) {
  if (response.status >= 300) return error_of(response, is_signed(surroundings));
  if (response.body.empty()) return json::value();
  json::error_code failed;
  json::parse_options options;
  options.max_depth = 1000;  // an event in a dead letter may be deep
  json::value answer = json::parse(response.body, failed, {}, options);
  if (failed) {
    return Error(Errc::corrupt, "the answer of " + surroundings.endpoint + " is not JSON");
  }
  return answer;
}

Result<json::value> ask(const Surroundings& surroundings, std::string_view method,
                        const std::string& target, std::string body) {
  Question question;
  question.method = method;
  question.target = target;
  question.body = std::move(body);
  if (!question.body.empty()) question.headers.emplace_back("Content-Type", "application/json");
  TRY(const auto response, send(surroundings, std::move(question)));
  return json_of(surroundings, response);
}

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target.append("&").append(name).append("=").append(http::percent_encode(value));
}

}  // namespace proa::cli
