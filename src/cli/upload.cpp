#include "cli/upload.h"

#include "base/encoding.h"
#include "cli/answer.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// Ten gigabytes, unpacked on a slow disk.
constexpr std::chrono::minutes kUnpackPatience{30};
constexpr std::string_view kUploads = "/proa/v1/uploads";
/// Times in a row that a part may be lost.
constexpr int kTriesMax = 3;

std::string upload_path(const std::string& id) {
  return std::string(kUploads) + "/" + http::percent_encode(id);
}

Result<json::value> send_part(const Surroundings& around, const std::string& id,
                              std::uint64_t offset, std::string_view part) {
  Question question;
  question.method = "PUT";
  question.target = upload_path(id) + "?offset=" + std::to_string(offset);
  question.headers.emplace_back("Content-Type", "application/octet-stream");
  question.body = part;
  TRY(const auto response, send(around, std::move(question)));
  return json_of(around, response);
}

/// Where the daemon's copy ends.
Result<std::uint64_t> received(const json::value& answer) {
  const auto count = number_in(answer, "received");
  if (count && *count >= 0) return static_cast<std::uint64_t>(*count);
  return Error(Errc::corrupt, "the daemon does not say how far the upload is");
}

Result<void> send_parts(const Surroundings& around, const std::string& id, std::string_view bytes,
                        std::size_t part_bytes, ProgressLine& progress) {
  std::uint64_t offset = 0;
  int lost = 0;
  while (offset < bytes.size()) {
    auto answer = send_part(around, id, offset, bytes.substr(offset, part_bytes));
    // A part may have arrived although its answer did not: the daemon knows.
    const bool is_lost = !answer && (answer.error().code() == Errc::unavailable ||
                                     answer.error().code() == Errc::conflict);
    if (is_lost && ++lost < kTriesMax) answer = ask(around, "GET", upload_path(id));
    if (!answer) return answer.error();
    if (!is_lost) lost = 0;
    TRY(offset, received(answer.value()));
    if (offset > bytes.size()) {
      return Error(Errc::corrupt, "the daemon has more of the upload than there is");
    }
    progress.show(offset);
  }
  return ok();
}

}  // namespace

Result<std::string> upload(const Surroundings& around, const packaging::Package& package,
                           ProgressLine& progress, std::string_view kind) {
  const std::string_view bytes = package.bytes();
  json::object body;
  body["bytes"] = bytes.size();
  body["sha256"] = to_hex(package.digest);
  if (kind != "zip") body["kind"] = kind;
  TRY(const auto begun, ask(around, "POST", std::string(kUploads), json::serialize(body)));
  const std::string id = text_in(begun, "upload_id");
  const auto part_bytes = number_in(begun, "part_bytes_max").value_or(0);
  if (id.empty() || part_bytes <= 0) {
    return Error(Errc::corrupt, "the daemon does not say how to upload");
  }
  progress.begin("uploading", bytes.size());
  const auto sent = send_parts(around, id, bytes, static_cast<std::size_t>(part_bytes), progress);
  progress.clear();
  if (sent) return id;
  forget_upload(around, id);
  return sent.error();
}

Result<json::value> upload_and_unpack(const Surroundings& around, const packaging::Package& package,
                                      ProgressLine& progress, const char* target,
                                      const json::object& body) {
  TRY(const auto id, upload(around, package, progress, "image"));
  progress.begin("unpacking", 0);
  json::object whole{{"upload_id", id}};
  for (const auto& member : body) whole[member.key()] = member.value();
  Question question;
  question.method = "POST";
  question.target = target;
  question.body = json::serialize(whole);
  question.patience = kUnpackPatience;
  const auto response = send(around, std::move(question));
  auto answer =
      response ? json_of(around, response.value()) : Result<json::value>(response.error());
  progress.clear();
  if (!answer) forget_upload(around, id);
  return answer;
}

void forget_upload(const Surroundings& around, const std::string& id) {
  (void)ask(around, "DELETE", upload_path(id));
}

}  // namespace proa::cli
