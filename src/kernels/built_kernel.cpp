#include "kernels/built_kernel.h"

#include "base/encoding.h"
#include "os/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kFactsFile = "facts";
constexpr std::size_t kProductBlock = std::size_t{64} * 1024;
constexpr mode_t kBuiltMode = 0644;
constexpr std::size_t kFactMax = 200;
/// What both of a kernel's files of text are read into; the kernel may be much larger.
using Texts = std::map<std::string, std::string, std::less<>>;

struct CloseProduct {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

Error wrong(const std::string& what) { return Error(Errc::corrupt, "the built kernel " + what); }

Error unreadable(archive* reader) {
  const char* const text = archive_error_string(reader);
  return wrong(std::string("is no product of a build: ") + (text != nullptr ? text : "unknown"));
}

/// Bytes of the entry at which the reader is, piece by piece.
template <class Take>
Result<void> read_entry(archive* reader, const std::string& name, std::size_t most,
                        const Take& take) {
  std::string part(kProductBlock, '\0');
  std::size_t taken = 0;
  for (;;) {
    const la_ssize_t got = archive_read_data(reader, part.data(), part.size());
    if (got < 0) return unreadable(reader);
    if (got == 0) return ok();
    taken += static_cast<std::size_t>(got);
    if (taken > most) return wrong("has too large a file " + name);
    TRY(take(std::string_view(part.data(), static_cast<std::size_t>(got))));
  }
}

Result<void> unpack_kernel(archive* reader, const fs::path& file) {
  TRY(const auto out, os::open_file(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kBuiltMode));
  std::string begin;
  TRY(read_entry(reader, kKernelFile, kBuiltMax, [&](std::string_view bytes) {
    if (begin.size() < 4) begin += bytes.substr(0, 4);
    return os::write_fully(out.get(), bytes, "a built kernel");
  }));
  if (!begin.starts_with("\x7f"
                         "ELF")) {
    return wrong("is no ELF file");
  }
  if (::fchmod(out.get(), kBuiltMode) != 0 || ::fsync(out.get()) != 0) {
    return os_error("sync a built kernel");
  }
  return ok();
}

/// One of facts; empty: it is missing, or nothing that may be shown.
std::string fact(std::string_view facts, std::string_view name) {
  while (!facts.empty()) {
    const auto end = facts.find('\n');
    const std::string_view line = facts.substr(0, end);
    facts.remove_prefix(end == std::string_view::npos ? facts.size() : end + 1);
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with("=")) continue;
    const std::string_view value = line.substr(name.size() + 1);
    const bool is_right =
        value.size() <= kFactMax &&
        std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return is_right ? std::string(value) : std::string();
  }
  return {};
}

Result<Texts> unpack_entries(archive* reader, const fs::path& folder) {
  Texts texts;
  bool has_kernel = false;
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return unreadable(reader);
    const char* const path = archive_entry_pathname(entry);
    const std::string name = path == nullptr ? "" : path;
    if (name == kKernelFile && !has_kernel) {
      TRY(unpack_kernel(reader, folder / kKernelFile));
      has_kernel = true;
    } else if (name == kConfigFile || name == kFactsFile) {
      TRY(read_entry(reader, name, kConfigMax, [&](std::string_view bytes) -> Result<void> {
        texts[name] += bytes;
        return ok();
      }));
    }
  }
  if (!has_kernel || texts[kConfigFile].empty()) return wrong("lacks a file");
  return texts;
}

}  // namespace

Result<std::string> ask_compiler(const Commands& commands, const fs::path& work) {
  auto answer = commands.run(Command{"gcc", {"--version"}, work});
  if (!answer && answer.error().code() == Errc::unsupported) {
    return Error(Errc::unsupported, answer.error().message() +
                                        ": building takes the packages gcc, make, flex, bison, bc "
                                        "and libelf-dev");
  }
  if (!answer) return answer.error();
  const std::string& text = answer.value();
  return text.substr(0, std::min(text.find('\n'), kFactMax));
}

Result<std::string> build_key(const PackageRecord& source, const Variant& variant,
                              const std::string& compiler, const fs::path& recipes) {
  json::array options;
  for (const std::string& option : variant.options) options.emplace_back(option);
  json::object what;
  what["source"] = source.sha256;
  what["variant"] = variant.name;
  what["options"] = std::move(options);
  what["compiler"] = compiler;
  for (const char* script : {"build.sh", "missing.sh"}) {
    TRY(const auto text, os::read_file(recipes / script));
    what[script] = to_hex(sha256(text));
  }
  return to_hex(sha256(json::serialize(what)));
}

Result<BuildFacts> unpack_product(int product, const fs::path& folder) {
  if (::lseek(product, 0, SEEK_SET) != 0) return os_error("read a built kernel");
  const std::unique_ptr<archive, CloseProduct> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_fd(reader.get(), product, kProductBlock) != ARCHIVE_OK) {
    return unreadable(reader.get());
  }
  TRY(auto texts, unpack_entries(reader.get(), folder));
  TRY(os::replace_file(folder / kConfigFile, texts[kConfigFile], kBuiltMode));
  BuildFacts facts{fact(texts[kFactsFile], "release"), fact(texts[kFactsFile], "compiler")};
  if (facts.release.empty() || facts.compiler.empty()) return wrong("does not tell its release");
  return facts;
}

}  // namespace proa::kernels
