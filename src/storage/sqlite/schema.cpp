#include "storage/sqlite/schema.h"

#include <array>
#include <charconv>
#include <string>

namespace proa::storage::sqlite {
namespace {

constexpr std::string_view kApplicationId = "1349676897";  // 0x50726f61, "Proa"

constexpr std::array kMigrations{
    Migration{"CREATE TABLE bucket (name BLOB PRIMARY KEY, revision INTEGER NOT NULL)"
              " WITHOUT ROWID;"
              "CREATE TABLE entry (bucket BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
              " revision INTEGER NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;"},
};

Result<std::size_t> format_of(Connection& connection) {
  TRY(auto text, connection.value("PRAGMA user_version"));
  std::size_t format = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), format);
  if (parsed.ec != std::errc()) {
    return Error(Errc::corrupt, connection.file() + ": format version '" + text + "'");
  }
  return format;
}

/// A file that is new, or ours. Someone else's database is left alone.
Result<void> check_ownership(Connection& connection) {
  TRY(auto id, connection.value("PRAGMA application_id"));
  if (id == kApplicationId) return ok();
  TRY(auto objects, connection.value("SELECT count(*) FROM sqlite_schema"));
  if (id == "0" && objects == "0") return ok();
  return Error(Errc::corrupt, connection.file() + ": is an SQLite file, but not one of Proa's");
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<void> migrate(Connection& connection, std::span<const Migration> steps) {
  TRY(check_ownership(connection));
  TRY(auto format, format_of(connection));
  if (format > steps.size()) {
    return Error(Errc::unsupported, connection.file() + ": has format " + std::to_string(format) +
                                        ", this Proa knows formats up to " +
                                        std::to_string(steps.size()));
  }
  for (; format < steps.size(); ++format) {
    TRY(auto transaction, Transaction::begin(connection));
    TRY(connection.run(steps[format].sql));
    TRY(connection.run("PRAGMA application_id = " + std::string(kApplicationId)));
    TRY(connection.run("PRAGMA user_version = " + std::to_string(format + 1)));
    TRY(transaction.commit());
  }
  return ok();
}

}  // namespace proa::storage::sqlite
