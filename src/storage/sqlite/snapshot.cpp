#include "storage/snapshot.h"

#include "storage/sqlite/connection.h"

#include <string>

namespace proa::storage {
namespace {

/// An SQL string.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out.push_back('\'');
    out.push_back(c);
  }
  return out + "'";
}

}  // namespace

Result<void> snapshot_sqlite(const std::filesystem::path& file, const std::filesystem::path& copy) {
  if (!std::filesystem::exists(file)) return Error(Errc::not_found, file.string() + " is missing");
  TRY(auto connection, sqlite::Connection::open(file));
  return connection.run("VACUUM INTO " + quoted(copy.string()));
}

}  // namespace proa::storage
