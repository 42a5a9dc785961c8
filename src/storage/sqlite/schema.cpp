#include "storage/sqlite/schema.h"

#include <array>
#include <charconv>
#include <string>

namespace proa::storage::sqlite {
namespace {

constexpr std::array kKeyValueMigrations{
    Migration{"CREATE TABLE bucket (name BLOB PRIMARY KEY, revision INTEGER NOT NULL)"
              " WITHOUT ROWID;"
              "CREATE TABLE entry (bucket BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
              " revision INTEGER NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;"},
};

constexpr std::array kWorkQueueMigrations{
    Migration{"CREATE TABLE work_group (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);"
              "CREATE TABLE item (id INTEGER PRIMARY KEY, work_group INTEGER NOT NULL,"
              " due INTEGER NOT NULL, is_taken INTEGER NOT NULL, interruptions INTEGER NOT NULL,"
              " head BLOB NOT NULL);"
              "CREATE INDEX item_waiting ON item (work_group, due) WHERE is_taken = 0;"
              "CREATE TABLE dead_letter (id INTEGER PRIMARY KEY, work_group INTEGER NOT NULL,"
              " died INTEGER NOT NULL, size INTEGER NOT NULL, head BLOB NOT NULL);"
              "CREATE INDEX dead_letter_died ON dead_letter (died);"
              "CREATE TABLE body (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
              "CREATE TABLE last_id (id INTEGER NOT NULL);"
              "INSERT INTO last_id VALUES (0);"},
};

constexpr Schema kKeyValueSchema{"1349676897", kKeyValueMigrations};   // 0x50726f61, "Proa"
constexpr Schema kWorkQueueSchema{"1349676913", kWorkQueueMigrations,  // 0x50726f71, "Proq"
                                  true};

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
Result<void> check_ownership(Connection& connection, const Schema& schema) {
  TRY(auto id, connection.value("PRAGMA application_id"));
  if (id == schema.application_id) return ok();
  TRY(auto objects, connection.value("SELECT count(*) FROM sqlite_schema"));
  if (id == "0" && objects == "0") return ok();
  return Error(Errc::corrupt, connection.file() +
                                  ": is an SQLite file, but not one of Proa's, or of another kind");
}

}  // namespace

const Schema& key_value_schema() { return kKeyValueSchema; }
const Schema& work_queue_schema() { return kWorkQueueSchema; }

Result<void> migrate(Connection& connection, const Schema& schema) {
  const auto steps = schema.steps;
  TRY(check_ownership(connection, schema));
  TRY(auto format, format_of(connection));
  if (format > steps.size()) {
    return Error(Errc::unsupported, connection.file() + ": has format " + std::to_string(format) +
                                        ", this Proa knows formats up to " +
                                        std::to_string(steps.size()));
  }
  for (; format < steps.size(); ++format) {
    TRY(auto transaction, Transaction::begin(connection));
    TRY(connection.run(steps[format].sql));
    TRY(connection.run("PRAGMA application_id = " + std::string(schema.application_id)));
    TRY(connection.run("PRAGMA user_version = " + std::to_string(format + 1)));
    TRY(transaction.commit());
  }
  return ok();
}

}  // namespace proa::storage::sqlite
