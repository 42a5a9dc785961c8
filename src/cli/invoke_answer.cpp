#include "cli/invoke_answer.h"

#include "base/encoding.h"
#include "cli/answer.h"
#include "cli/screen.h"
#include "cli/table.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 1000;      ///< of JSON in a payload
constexpr std::size_t kOddPayloadMax = 500;  ///< bytes shown of an error that is not Lambda's form

std::string header(const http::Response& response, std::string_view name) {
  return std::string(response.header(name).value_or(""));
}

std::string milliseconds(std::chrono::microseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms", static_cast<double>(time.count()) / 1000);
  return text.data();
}

json::value parse_deep(std::string_view text, json::error_code& failed) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  return json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
}

/// Text that JSON may hold: a tail may begin within a character, and may not be UTF-8 at all.
std::string utf8_of(std::string_view bytes) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; };
  std::string text(std::find_if(bytes.begin(), bytes.end(), begins), bytes.end());
  json::error_code failed;
  parse_deep(json::serialize(json::value(text)), failed);
  if (!failed) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

/// The stack in any of its forms: Python's stackTrace, Node's trace.
std::string stack_of(const json::value& error) {
  std::string text;
  for (const char* name : {"stackTrace", "trace"}) {
    const auto lines = array_in(error, name);
    if (!lines) continue;
    for (const auto& line : lines.value()) {
      const std::string said =
          line.is_string() ? std::string(line.get_string()) : json::serialize(line);
      std::size_t begin = 0;
      while (begin < said.size()) {
        const std::size_t end = std::min(said.find('\n', begin), said.size());
        text += "  " + one_line(said.substr(begin, end - begin)) + "\n";
        begin = end + 1;
      }
    }
  }
  return text;
}

}  // namespace

CallAnswer call_answer(const http::Response& response, std::chrono::microseconds took) {
  CallAnswer answer;
  answer.request_id = header(response, "x-amzn-RequestId");
  answer.executed_version = header(response, "X-Amz-Executed-Version");
  answer.start = header(response, "X-Proa-Start");
  answer.kernel = header(response, "X-Proa-Kernel");
  answer.error = header(response, "X-Amz-Function-Error");
  answer.log_tail = from_base64(header(response, "X-Amz-Log-Result")).value_or("");
  answer.payload = response.body;
  answer.took = took;
  return answer;
}

std::string summary(const Screen& screen, const CallAnswer& answer) {
  const bool is_fine = answer.error.empty();
  std::string text = is_fine ? paint(screen, Ink::success, "done")
                             : paint(screen, Ink::failure, "function failed");
  text += " in " + milliseconds(answer.took);
  if (!answer.start.empty()) {
    const std::string kernel = answer.kernel.empty() ? "" : ", kernel " + one_line(answer.kernel);
    text += " (" + one_line(answer.start) + kernel + ")";
  }
  return text + ", request id " + one_line(answer.request_id) + "\n";
}

std::string account_of_error(const Screen& screen, std::string_view payload) {
  json::error_code failed;
  const json::value error = parse_deep(payload, failed);
  const std::string type = failed ? "" : text_in(error, "errorType");
  const std::string message = failed ? "" : text_in(error, "errorMessage");
  if (type.empty() && message.empty()) {
    return paint(screen, Ink::failure, "The function failed: ") +
           one_line(payload.substr(0, kOddPayloadMax)) + "\n";
  }
  const std::string head = type.empty() ? "The function failed" : one_line(type);
  return paint(screen, Ink::failure, head + ":") + " " + one_line(message) + "\n" + stack_of(error);
}

std::string json_document(const CallAnswer& answer) {
  json::object document;
  document["request_id"] = answer.request_id;
  document["executed_version"] = answer.executed_version;
  document["start"] = answer.start;
  if (!answer.kernel.empty()) document["kernel"] = answer.kernel;
  document["took_ms"] = static_cast<double>(answer.took.count()) / 1000;
  if (!answer.error.empty()) document["function_error"] = answer.error;
  if (!answer.log_tail.empty()) document["log_tail"] = utf8_of(answer.log_tail);
  json::error_code failed;
  parse_deep(answer.payload, failed);
  if (failed) document["payload_base64"] = to_base64(answer.payload);
  std::string text = pretty(document);
  // As it came: numbers keep their digits, members their order.
  if (!failed) text.replace(text.size() - 3, 3, ",\n  \"payload\": " + answer.payload + "\n}\n");
  return text;
}

}  // namespace proa::cli
