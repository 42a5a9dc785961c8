#include "unit/api/fakes.h"

namespace proa::api {

ApiTest::ApiTest() {
  keys_ = identity::KeyStore::open(store_, blocking_, clock_, "000000000000").value();
  roles_ = identity::RoleStore::open(store_, blocking_, clock_).value();
  make({});
}

void ApiTest::make(ApiOptions options) {
  const ApiParts parts{catalog_, dispatcher_, events_, *keys_, *roles_, logs_, blocking_, clock_};
  api_ = std::make_unique<Api>(parts, std::move(options));
}

identity::KeyPtr ApiTest::make_key(identity::Rights rights, const std::string& account) {
  identity::NewKey request;
  request.account_id = account;
  request.rights = rights;
  identity::KeyPtr key;
  boost::asio::io_context context;
  boost::asio::co_spawn(context, keep_key(*keys_, std::move(request), key), boost::asio::detached);
  context.run();
  EXPECT_TRUE(key);
  return key;
}

void ApiTest::make_account(const std::string& name, const std::string& id) {
  bool is_made = false;
  boost::asio::io_context context;
  boost::asio::co_spawn(context, keep_account(*keys_, name, id, is_made), boost::asio::detached);
  context.run();
  EXPECT_TRUE(is_made);
}

http::Response ApiTest::send_signed(const identity::Key& key, std::string method,
                                    std::string target, std::string body,
                                    const HeaderList& headers) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  request.headers.add("Host", "proa.example:9600");
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  EXPECT_TRUE(http::parse_target(request)) << request.target;
  identity::Credentials credentials;
  credentials.key_id = key.id;
  credentials.secret = key.secret;
  credentials.session_token = key.session_token;
  identity::SigningScope scope;
  scope.region = "us-east-1";
  scope.service = service_;
  identity::sign(request, credentials, scope, kNow);
  return serve(request);
}

http::Response ApiTest::send_logs(const std::string& operation, std::string body,
                                  const identity::Key* key, const HeaderList& more) {
  HeaderList headers = {{"X-Amz-Target", "Logs_20140328." + operation},
                        {"Content-Type", "application/x-amz-json-1.1"}};
  headers.insert(headers.end(), more.begin(), more.end());
  if (key == nullptr) return send("POST", "/", std::move(body), headers);
  service_ = "logs";
  auto response = send_signed(*key, "POST", "/", std::move(body), headers);
  service_ = "lambda";
  return response;
}

http::Response ApiTest::send(std::string method, std::string target, std::string body,
                             const HeaderList& headers) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  if (std::none_of(headers.begin(), headers.end(),
                   [](const auto& header) { return header.first == "Host"; })) {
    request.headers.add("Host", "127.0.0.1:9600");
  }
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  EXPECT_TRUE(http::parse_target(request)) << request.target;
  return serve(request);
}

http::Response ApiTest::serve(http::Request& request) {
  http::Response response(0);
  boost::asio::io_context context;
  boost::asio::co_spawn(context, keep(*api_, request, response), boost::asio::detached);
  context.run();
  EXPECT_TRUE(response.header("x-amzn-RequestId"));
  return response;
}

http::Response ApiTest::serve_function(http::Request& request,
                                       const model::FunctionCaller& caller) {
  http::Response response(0);
  boost::asio::io_context context;
  boost::asio::co_spawn(context, keep_function(*api_, request, caller, response),
                        boost::asio::detached);
  context.run();
  return response;
}

boost::json::object ApiTest::body_of(const http::Response& response) {
  return boost::json::parse(response.body).as_object();
}

std::string ApiTest::failure(const http::Response& response) {
  std::string line = std::to_string(response.status) + " ";
  line += response.header("x-amzn-errortype").value_or("-");
  const boost::json::object body = body_of(response);
  if (const auto* type = body.if_contains("Type")) line += " " + text(*type);
  for (const char* key : {"message", "Message"}) {
    if (const auto* value = body.if_contains(key))
      line += " " + std::string(key) + "=" + text(*value);
  }
  return line;
}

std::string ApiTest::text(const boost::json::value& value) {
  return boost::json::value_to<std::string>(value);
}

std::string ApiTest::text(const boost::json::object& object, const char* key) {
  return text(object.at(key));
}

boost::asio::awaitable<void> ApiTest::keep_account(identity::KeyStore& keys, std::string name,
                                                   std::string id, bool& is_made) {
  const auto made = co_await keys.create_account(std::move(name), std::move(id));
  is_made = made.has_value();
}

boost::asio::awaitable<void> ApiTest::keep_key(identity::KeyStore& keys, identity::NewKey request,
                                               identity::KeyPtr& key) {
  auto made = co_await keys.create_key(std::move(request));
  if (made) key = made.value();
}

boost::asio::awaitable<void> ApiTest::keep_function(Api& api, http::Request& request,
                                                    const model::FunctionCaller& caller,
                                                    http::Response& response) {
  response = co_await api.serve_function(request, caller);
}

boost::asio::awaitable<void> ApiTest::keep(Api& api, http::Request& request,
                                           http::Response& response) {
  response = co_await api.serve(request);
}

}  // namespace proa::api
