// /proa/v1/uploads: archives in parts, for packages that no request of Lambda's API can carry.
#include "api/errors.h"
#include "api/fields.h"
#include "api/off_shard.h"
#include "api/operations.h"

#include <boost/json/serialize.hpp>

#include <charconv>

namespace proa::api {
namespace {

namespace json = boost::json;
using catalog::UploadState;

http::Response upload_answer(int status, const Context& context, const UploadState& upload) {
  json::object out;
  out["upload_id"] = upload.id;
  out["bytes"] = upload.bytes;
  out["received"] = upload.received;
  out["part_bytes_max"] = context.catalog.uploads().limits().part_bytes_max;
  return json_response(status, json::serialize(out));
}

/// 64 hexadecimal digits.
std::optional<Sha256Digest> parse_digest(std::string_view text) {
  Sha256Digest digest{};
  if (text.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    unsigned value = 0;
    const char* const begin = text.data() + i * 2;
    const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
    digest[i] = static_cast<std::byte>(value);
  }
  return digest;
}

struct NewUpload {
  std::uint64_t bytes = 0;
  Sha256Digest digest{};
  catalog::UploadKind kind = catalog::UploadKind::zip;
};

Result<NewUpload> decode_new(const Fields& fields, const json::object& body) {
  static constexpr auto kMembers = std::to_array<std::string_view>({"bytes", "sha256", "kind"});
  TRY(check_members(body, kMembers));
  NewUpload upload;
  const auto bytes = fields.integer("bytes").value_or(0);
  if (bytes <= 0) return Error(Errc::invalid, "'bytes' must be the size of the file");
  upload.bytes = static_cast<std::uint64_t>(bytes);
  const auto digest = parse_digest(fields.text("sha256").value_or(""));
  if (!digest)
    return Error(Errc::invalid, "'sha256' must be the SHA-256 of the file, 64 hex digits");
  upload.digest = *digest;
  const std::string kind = fields.text("kind").value_or("zip");
  if (kind != "zip" && kind != "image") {
    return Error(Errc::invalid, "'kind' must be zip or image");
  }
  if (kind == "image") upload.kind = catalog::UploadKind::image;
  return upload;
}

Result<std::uint64_t> decode_offset(const http::Request& request) {
  const auto text = request.query_value("offset").value_or("");
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) return offset;
  return Error(Errc::invalid, "A part needs ?offset=, the number of bytes in front of it");
}

/// Its blocking work goes to the pool: a disk may take its time.
Task<UploadState> off_shard_upload(Context& context, std::function<Result<UploadState>()> work) {
  co_return co_await off_shard<UploadState>(context.blocking, std::move(work));
}

}  // namespace

Task<http::Response> create_upload(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const auto wanted = decode_new(fields, body);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (!wanted) co_return wanted.error();
  std::function<Result<UploadState>()> work = [&uploads = context.catalog.uploads(),
                                               account = call.scope.account_id,
                                               upload = wanted.value()] {
    return uploads.begin(account, upload.bytes, upload.digest, upload.kind);
  };
  CO_TRY(const auto upload, co_await off_shard_upload(context, std::move(work)));
  co_return upload_answer(201, context, upload);
}

Task<http::Response> get_upload(Context& context, Call& call) {
  const std::string id(call.parameters[0]);
  CO_TRY(const auto upload, context.catalog.uploads().find(call.scope.account_id, id));
  co_return upload_answer(200, context, upload);
}

Task<http::Response> put_upload_part(Context& context, Call& call) {
  CO_TRY(const auto offset, decode_offset(call.request));
  std::function<Result<UploadState>()> work =
      [&uploads = context.catalog.uploads(), account = call.scope.account_id,
       id = std::string(call.parameters[0]), offset,
       part = std::make_shared<const std::string>(std::move(call.request.body))] {
        return uploads.append(account, id, offset, *part);
      };
  CO_TRY(const auto upload, co_await off_shard_upload(context, std::move(work)));
  co_return upload_answer(200, context, upload);
}

Task<http::Response> delete_upload(Context& context, Call& call) {
  std::function<Result<UploadState>()> work = [&uploads = context.catalog.uploads(),
                                               account = call.scope.account_id,
                                               id = std::string(call.parameters[0])] {
    uploads.remove(account, id);
    return Result<UploadState>(UploadState());
  };
  CO_TRY(co_await off_shard_upload(context, std::move(work)));
  co_return http::Response(204);
}

}  // namespace proa::api
