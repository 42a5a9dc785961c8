// /proa/v1/runtimes: the roots with interpreters that functions of an account can run in.
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "base/json_list.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace proa::api {
namespace {

namespace json = boost::json;
using catalog::RuntimeImage;

constexpr std::size_t kAskedForMax = 200;
constexpr std::size_t kPackageNameMax = 200;

json::object describe_runtime(const Context& context, const RuntimeImage& image) {
  json::array interpreters;
  for (const auto& one : image.contents.interpreters) {
    interpreters.push_back(
        json::object{{"runtime", one.runtime}, {"version", one.version}, {"program", one.program}});
  }
  json::object out;
  out["name"] = image.name;
  out["sha256"] = image.sha256;
  out["interpreters"] = std::move(interpreters);
  out["asked_for"] = json_list(image.asked_for);
  out["archive_bytes"] = image.archive_bytes;
  out["unpacked_bytes"] = image.unpacked_bytes;
  out["skipped"] = image.skipped;
  out["added"] = utc_text(image.added, "Z");
  out["used_by"] = json_list(context.catalog.users_of_runtime_image(image.account_id, image.name));
  return out;
}

/// The same with its packages, of which there may be hundreds.
json::object describe_whole_runtime(const Context& context, const RuntimeImage& image) {
  json::object out = describe_runtime(context, image);
  json::array packages;
  for (const auto& one : image.contents.packages) {
    packages.push_back(json::object{{"name", one.name}, {"version", one.version}});
  }
  out["packages"] = std::move(packages);
  return out;
}

Result<catalog::NewRuntimeImage> decode_new_runtime(const Fields& fields, const json::object& body,
                                                    const std::string& account_id) {
  static constexpr auto kMembers =
      std::to_array<std::string_view>({"upload_id", "name", "asked_for"});
  TRY(check_members(body, kMembers));
  catalog::NewRuntimeImage request;
  request.account_id = account_id;
  request.upload_id = fields.text("upload_id").value_or("");
  request.name = fields.text("name").value_or("");
  request.asked_for = fields.texts("asked_for").value_or(std::vector<std::string>());
  if (request.upload_id.empty()) {
    return Error(Errc::invalid, "'upload_id' must be that of an upload of the kind image");
  }
  const bool is_short = request.asked_for.size() <= kAskedForMax &&
                        std::ranges::all_of(request.asked_for, [](const std::string& one) {
                          return one.size() <= kPackageNameMax;
                        });
  if (!is_short) return Error(Errc::invalid, "'asked_for' is too long");
  return request;
}

}  // namespace

Task<http::Response> list_runtime_images(Context& context, Call& call) {
  json::array images;
  for (const auto& image : context.catalog.list_runtime_images(call.scope.account_id)) {
    images.push_back(describe_runtime(context, *image));
  }
  co_return json_response(200, json::serialize(json::object{{"runtimes", std::move(images)}}));
}

Task<http::Response> add_runtime_image(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto request = decode_new_runtime(fields, body, call.scope.account_id);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (!request) co_return request.error();
  CO_TRY(const auto image, co_await context.catalog.add_runtime_image(std::move(request.value())));
  co_return json_response(201, json::serialize(describe_whole_runtime(context, *image)));
}

Task<http::Response> get_runtime_image(Context& context, Call& call) {
  const std::string name(call.parameters[0]);
  CO_TRY(const auto image, context.catalog.find_runtime_image(call.scope.account_id, name));
  co_return json_response(200, json::serialize(describe_whole_runtime(context, *image)));
}

Task<http::Response> delete_runtime_image(Context& context, Call& call) {
  std::string name(call.parameters[0]);
  CO_TRY(co_await context.catalog.remove_runtime_image(call.scope.account_id, std::move(name)));
  co_return http::Response(204);
}

}  // namespace proa::api
