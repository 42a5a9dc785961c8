// Reading a folder. Private to packaging/.
#pragma once

#include "packaging/packaging.h"

namespace proa::packaging {

/// Everything below a folder but what .proaignore and our own rules name, and those of
/// `more_rules`. Errc as read_contents().
Result<Contents> read_folder(const std::filesystem::path& path, const Limits& limits,
                             std::string_view more_rules = {});
/// One source file, as a package of its own.
Result<Contents> read_file(const std::filesystem::path& path, const Limits& limits);
/// A new file for an archive, in the folder of temporary files. Errc: exhausted, os.
Result<os::UniqueFd> make_nameless_file();
/// Whether Contents::sources has the text of a file at the top with this name and size.
bool is_kept_source(std::string_view path, std::uint64_t bytes);
/// The error for more bytes than may be: names the largest folders.
Error too_large(const Contents& contents, const Limits& limits);

}  // namespace proa::packaging
