// A harness that sends requests to an Api over fakes, without a socket.
#pragma once

#include "api/api.h"
#include "base/encoding.h"
#include "support/map_store.h"
#include "unit/api/fake_logs.h"
#include "unit/api/fake_parts.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proa::api {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// An Api over the fakes. Requests skip the socket, not the parsing of the target.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest();
  ~ApiTest() override { blocking_.join(); }

  void make(ApiOptions options);

  /// A key of `account`; the first one must have the right admin, and switches auth on.
  identity::KeyPtr make_key(identity::Rights rights, const std::string& account = "000000000000");

  void make_account(const std::string& name, const std::string& id);

  /// send() with a signature of `key`.
  http::Response send_signed(const identity::Key& key, std::string method, std::string target,
                             std::string body = {}, const HeaderList& headers = {});

  /// An operation of CloudWatch Logs; with `key` signed for that service.
  http::Response send_logs(const std::string& operation, std::string body,
                           const identity::Key* key = nullptr, const HeaderList& more = {});

  http::Response send(std::string method, std::string target, std::string body = {},
                      const HeaderList& headers = {});

  http::Response serve(http::Request& request);

  /// The same on the socket inside an environment.
  http::Response serve_function(http::Request& request, const model::FunctionCaller& caller);

  static boost::json::object body_of(const http::Response& response);

  /// Status, exception, key of the text and the text, as one line.
  static std::string failure(const http::Response& response);
  static std::string text(const boost::json::value& value);
  static std::string text(const boost::json::object& object, const char* key);

  FakeCatalog catalog_;
  FakeDispatcher dispatcher_;
  FakeEvents events_;
  FakeLogs logs_;
  FixedClock clock_;
  storage::MapStore store_;
  boost::asio::thread_pool blocking_{1};
  std::unique_ptr<identity::KeyStore> keys_;
  std::unique_ptr<identity::RoleStore> roles_;
  std::unique_ptr<Api> api_;
  std::string service_ = "lambda";  ///< that send_signed() signs for

 private:
  static boost::asio::awaitable<void> keep_account(identity::KeyStore& keys, std::string name,
                                                   std::string id, bool& is_made);
  static boost::asio::awaitable<void> keep_key(identity::KeyStore& keys, identity::NewKey request,
                                               identity::KeyPtr& key);
  static boost::asio::awaitable<void> keep_function(Api& api, http::Request& request,
                                                    const model::FunctionCaller& caller,
                                                    http::Response& response);
  static boost::asio::awaitable<void> keep(Api& api, http::Request& request,
                                           http::Response& response);
};

}  // namespace proa::api
