// An HTTP server on a free port that answers the verbs, and remembers what they asked.
#pragma once

#include "cli/verb.h"
#include "http/http.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace proa::cli {

class CliDaemonTest : public ::testing::Test {
 protected:
  CliDaemonTest();
  ~CliDaemonTest() override;

  /// What `proa WORDS...` prints, or "error: ..." when it ends with a code other than 0 and has
  /// printed nothing.
  std::string run(const std::vector<std::string>& words);

  Surroundings around_;
  std::string printed_;               ///< by the last run
  std::string noted_;                 ///< what it wrote to standard error
  int code_ = 0;                      ///< how it ended; -1: no verb of ours
  int readers_patience_ = 1'000'000;  ///< so many times is read what it prints
  int status_ = 200;
  std::string body_ = "{}";
  std::vector<std::string> bodies_;  ///< of the first answers; then body_
  std::vector<int> statuses_;        ///< the same
  http::Headers headers_;            ///< of every answer
  std::string input_;                ///< on standard input
  std::string asked_;                ///< "METHOD /target BODY" of the last request
  std::vector<std::string> all_asked_;
  http::Headers asked_headers_;
  std::string signed_by_;  ///< its Authorization header

 private:
  boost::asio::awaitable<http::Response> answer(http::Request& request);

  boost::asio::io_context io_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace proa::cli
