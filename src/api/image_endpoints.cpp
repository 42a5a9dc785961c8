// /proa/v1/images: the container images that functions of an account can be made of.
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "base/json_list.h"
#include "base/utc_text.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;
using catalog::ContainerImage;

json::object describe_image(const ContainerImage& image) {
  json::object out;
  out["digest"] = image.digest;
  out["names"] = json_list(image.names);
  out["architecture"] = image.architecture;
  out["entry_point"] = json_list(image.defaults.entry_point);
  out["command"] = json_list(image.defaults.command);
  out["environment"] = json_list(image.defaults.environment);
  out["working_directory"] = image.defaults.working_directory;
  out["layers"] = image.layers;
  out["archive_bytes"] = image.archive_bytes;
  out["unpacked_bytes"] = image.unpacked_bytes;
  out["skipped"] = image.skipped;
  out["loaded"] = utc_text(image.loaded, "Z");
  return out;
}

Result<catalog::NewImage> decode_new_image(const Fields& fields, const json::object& body,
                                           const std::string& account_id) {
  static constexpr auto kMembers = std::to_array<std::string_view>({"upload_id", "name"});
  TRY(check_members(body, kMembers));
  catalog::NewImage request;
  request.account_id = account_id;
  request.upload_id = fields.text("upload_id").value_or("");
  request.name = fields.text("name").value_or("");
  if (request.upload_id.empty()) {
    return Error(Errc::invalid, "'upload_id' must be that of an upload of the kind image");
  }
  return request;
}

}  // namespace

Task<http::Response> list_images(Context& context, Call& call) {
  json::array images;
  for (const auto& image : context.catalog.list_images(call.scope.account_id)) {
    images.push_back(describe_image(*image));
  }
  co_return json_response(200, json::serialize(json::object{{"images", std::move(images)}}));
}

Task<http::Response> load_image(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  auto request = decode_new_image(fields, body, call.scope.account_id);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  if (!request) co_return request.error();
  CO_TRY(const auto image, co_await context.catalog.load_image(std::move(request.value())));
  co_return json_response(201, json::serialize(describe_image(*image)));
}

Task<http::Response> get_image(Context& context, Call& call) {
  const std::string name(call.parameters[0]);
  CO_TRY(const auto image, context.catalog.find_image(call.scope.account_id, name));
  co_return json_response(200, json::serialize(describe_image(*image)));
}

Task<http::Response> delete_image(Context& context, Call& call) {
  std::string name(call.parameters[0]);
  CO_TRY(co_await context.catalog.remove_image(call.scope.account_id, std::move(name)));
  co_return http::Response(204);
}

}  // namespace proa::api
