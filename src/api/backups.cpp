// /proa/v1/backups: all that is durable, fetched file by file while the daemon serves. Admins only:
// it holds keys and what functions have in their variables.
#include "api/errors.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "backup/backup.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>

namespace proa::api {
namespace {

namespace json = boost::json;

/// Errc: unsupported. Whoever runs an Api without a data folder has no backups.
Result<backup::BackupStore*> backup_store_of(const Context& context) {
  if (context.options.backups != nullptr) return context.options.backups;
  return Error(Errc::unsupported, "Backups are not supported here");
}

/// A whole number; nothing for any other text.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

json::object describe(const backup::Backup& made) {
  json::array files;
  for (const backup::BackupFile& file : made.files) {
    files.push_back(json::object{{"path", file.path}, {"size", file.size}});
  }
  return json::object{{"backup_id", made.id},
                      {"bytes", made.bytes},
                      {"part_bytes_max", backup::kPartMax},
                      {"files", std::move(files)}};
}

}  // namespace

Task<http::Response> create_backup(Context& context, Call&) {
  CO_TRY(auto* const store, backup_store_of(context));
  std::function<Result<backup::Backup>()> work = [store] { return store->make(); };
  CO_TRY(const auto made, co_await off_shard<backup::Backup>(context.blocking, std::move(work)));
  co_return json_response(201, json::serialize(describe(made)));
}

Task<http::Response> read_backup(Context& context, Call& call) {
  CO_TRY(auto* const store, backup_store_of(context));
  const auto index = number_of(call.parameters[1]);
  const auto offset = number_of(call.request.query_value("offset").value_or("0"));
  if (!index || !offset) {
    co_return Error(Errc::invalid, "A file of a backup has a number, and ?offset= is one");
  }
  std::function<Result<std::string>()> work = [store, id = std::string(call.parameters[0]), index,
                                               offset] { return store->read(id, *index, *offset); };
  CO_TRY(auto part, co_await off_shard<std::string>(context.blocking, std::move(work)));
  http::Response response(200);
  response.headers.add("Content-Type", "application/octet-stream");
  response.body = std::move(part);
  co_return response;
}

Task<http::Response> delete_backup(Context& context, Call& call) {
  CO_TRY(auto* const store, backup_store_of(context));
  std::function<Result<std::string>()> work =
      [store, id = std::string(call.parameters[0])]() -> Result<std::string> {
    TRY(store->remove(id));
    return std::string();
  };
  CO_TRY(co_await off_shard<std::string>(context.blocking, std::move(work)));
  co_return http::Response(204);
}

}  // namespace proa::api
