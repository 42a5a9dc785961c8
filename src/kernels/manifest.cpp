#include "kernels/manifest.h"

#include "base/encoding.h"
#include "base/json_list.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace proa::kernels {
namespace {

namespace json = boost::json;

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kTextMax = 256;
constexpr std::size_t kNamesMax = 1000;
constexpr std::int64_t kLatestMs = 9'000'000'000'000;  ///< the year 2255
constexpr std::int64_t kBootMaxMs = 3'600'000;
constexpr std::int64_t kMemoryMaxMib = 65'536;

/// Letters, digits and what stands in names and versions of packages and modules.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= kTextMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           return is_letter || (c >= '0' && c <= '9') ||
                  std::string_view("-_.+:~").find(c) != std::string_view::npos;
         });
}

/// Anything that a terminal can be told.
bool is_printable(std::string_view text) {
  return !text.empty() && text.size() <= kTextMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_digest(std::string_view text) { return is_hex(text, kDigestDigits); }

/// Reads members of one object; keeps the name of the first one that is not as it must be.
class Reader {
 public:
  explicit Reader(const json::object& members) : members_(members) {}

  const std::string& wrong() const { return wrong_; }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  std::string text(std::string_view name) { return text_like(name, is_plain); }
  std::string words(std::string_view name) { return text_like(name, is_printable); }
  std::string digest(std::string_view name) { return text_like(name, is_digest); }
  bool flag(std::string_view name) {
    const json::value* const value = find(name);
    const bool* const flag = value == nullptr ? nullptr : value->if_bool();
    return flag == nullptr ? miss<bool>(name) : *flag;
  }
  std::int64_t number(std::string_view name, std::int64_t most) {
    const json::value* const value = find(name);
    const std::int64_t* const number = value == nullptr ? nullptr : value->if_int64();
    if (number == nullptr || *number < 0 || *number > most) return miss<std::int64_t>(name);
    return *number;
  }
  KernelFile file(std::string_view name) {
    const json::object* const members = members_of(name);
    if (members == nullptr) return miss<KernelFile>(name);
    Reader inner(*members);
    KernelFile file;
    file.bytes =
        static_cast<std::uint64_t>(inner.number("bytes", std::numeric_limits<std::int64_t>::max()));
    file.sha256 = inner.digest("sha256");
    return inner.wrong().empty() ? file : miss<KernelFile>(name);
  }
  std::vector<std::string> names(std::string_view name) { return names_like(name, is_plain); }
  std::vector<Gate> gates(std::string_view name) {
    using Gates = std::vector<Gate>;
    const json::object* const members = members_of(name);
    if (members == nullptr || members->size() > kNamesMax) return miss<Gates>(name);
    Reader inner(*members);
    Gates gates;
    for (const auto& member : *members) {
      const std::string_view option(member.key().data(), member.key().size());
      gates.push_back({std::string(option), inner.names(option)});
      if (!inner.wrong().empty() || !is_plain(option)) return miss<Gates>(name);
    }
    return gates;
  }
  Measurement measured(std::string_view name) {
    const json::object* const members = members_of(name);
    if (members == nullptr) return miss<Measurement>(name);
    Reader inner(*members);
    Measurement measured;
    measured.accelerator = inner.text("accelerator");
    measured.boot = std::chrono::milliseconds(inner.number("boot_ms", kBootMaxMs));
    measured.memory_min_mib = inner.mib("memory_min_mib");
    measured.memory_kept_mib = inner.mib("memory_kept_mib");
    return inner.wrong().empty() ? measured
                                 : miss<Measurement>(std::string(name) + "." + inner.wrong());
  }
  BuildRecord build(std::string_view name) {
    const json::object* const members = members_of(name);
    if (members == nullptr) return miss<BuildRecord>(name);
    Reader inner(*members);
    BuildRecord build;
    build.key = inner.digest("key");
    build.release = inner.text("release");
    build.compiler = inner.words("compiler");
    build.options = inner.names_like("options", is_printable);
    build.lacks = inner.gates("lacks");
    return inner.wrong().empty() ? build
                                 : miss<BuildRecord>(std::string(name) + "." + inner.wrong());
  }

 private:
  using Names = std::vector<std::string>;

  /// Null: there is no such object.
  const json::object* members_of(std::string_view name) const {
    const json::value* const value = find(name);
    return value == nullptr ? nullptr : value->if_object();
  }

  std::uint32_t mib(std::string_view name) {
    return static_cast<std::uint32_t>(number(name, kMemoryMaxMib));
  }

  template <class Predicate>
  std::string text_like(std::string_view name, const Predicate& is_right) {
    const json::value* const value = find(name);
    const json::string* const text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr || !is_right({text->data(), text->size()})) return miss<std::string>(name);
    return {text->data(), text->size()};
  }
  template <class Predicate>
  Names names_like(std::string_view name, const Predicate& is_right) {
    const json::value* const value = find(name);
    const json::array* const items = value == nullptr ? nullptr : value->if_array();
    if (items == nullptr || items->size() > kNamesMax) return miss<Names>(name);
    Names names;
    for (const json::value& item : *items) {
      const json::string* const text = item.if_string();
      if (text == nullptr || !is_right({text->data(), text->size()})) return miss<Names>(name);
      names.emplace_back(text->data(), text->size());
    }
    return names;
  }
  const json::value* find(std::string_view name) const {
    return members_.if_contains(json::string_view(name.data(), name.size()));
  }
  template <class T>
  T miss(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
    return T();
  }

  const json::object& members_;
  std::string wrong_;
};

json::object json_of(const KernelFile& file) {
  return json::object{{"bytes", file.bytes}, {"sha256", file.sha256}};
}

json::object json_of(const BuildRecord& build) {
  json::object lacks;
  for (const Gate& gate : build.lacks) lacks[gate.option] = json_list(gate.what);
  json::object out;
  out["key"] = build.key;
  out["release"] = build.release;
  out["compiler"] = build.compiler;
  out["options"] = json_list(build.options);
  out["lacks"] = std::move(lacks);
  return out;
}

json::object json_of(const Measurement& measured) {
  return json::object{{"accelerator", measured.accelerator},
                      {"boot_ms", measured.boot.count()},
                      {"memory_min_mib", measured.memory_min_mib},
                      {"memory_kept_mib", measured.memory_kept_mib}};
}

Error corrupt(const std::string& what) {
  return Error(Errc::corrupt, std::string(kManifestFile) + " " + what);
}

/// The members of a manifest of our format.
Result<Manifest> read(Reader& reader) {
  Manifest manifest;
  manifest.name = reader.text("name");
  manifest.package = reader.text("package");
  manifest.package_version = reader.text("package_version");
  manifest.architecture = reader.text("architecture");
  manifest.kernel = reader.file("kernel");
  manifest.initrd = reader.file("initrd");
  manifest.needs_acpi = reader.flag("needs_acpi");
  manifest.may_use_noapictimer = reader.flag("may_use_noapictimer");
  manifest.modules = reader.names("modules");
  manifest.made = WallTime(std::chrono::milliseconds(reader.number("made_ms", kLatestMs)));
  if (reader.has("init_sha256")) manifest.init_sha256 = reader.digest("init_sha256");
  if (reader.has("measured")) manifest.measured = reader.measured("measured");
  if (reader.has("build")) manifest.build = reader.build("build");
  if (reader.wrong().empty()) return manifest;
  return corrupt("has no right '" + reader.wrong() + "'");
}

}  // namespace

std::string encode(const Manifest& manifest) {
  json::object out;
  out["format"] = kManifestFormat;
  out["name"] = manifest.name;
  out["package"] = manifest.package;
  out["package_version"] = manifest.package_version;
  out["architecture"] = manifest.architecture;
  out["kernel"] = json_of(manifest.kernel);
  out["initrd"] = json_of(manifest.initrd);
  out["needs_acpi"] = manifest.needs_acpi;
  out["may_use_noapictimer"] = manifest.may_use_noapictimer;
  out["modules"] = json_list(manifest.modules);
  out["made_ms"] = epoch_ms(manifest.made);
  if (!manifest.init_sha256.empty()) out["init_sha256"] = manifest.init_sha256;
  if (manifest.measured) out["measured"] = json_of(*manifest.measured);
  if (manifest.build) out["build"] = json_of(*manifest.build);
  return json::serialize(out) + "\n";
}

Result<Manifest> decode_manifest(std::string_view text) {
  if (text.size() > kManifestMax) return corrupt("is too large");
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), failed);
  const json::object* const members = failed ? nullptr : value.if_object();
  if (members == nullptr) return corrupt("is no JSON object");
  Reader reader(*members);
  const std::int64_t format = reader.number("format", std::numeric_limits<std::int64_t>::max());
  if (format == 0) return corrupt("has no right 'format'");
  if (format > kManifestFormat) {
    return Error(Errc::unsupported,
                 std::string(kManifestFile) + " has format " + std::to_string(format) +
                     ", this Proa knows formats up to " + std::to_string(kManifestFormat) +
                     ": it takes a newer Proa");
  }
  return read(reader);
}

std::string id_of(const Manifest& manifest) {
  json::object what;
  what["format"] = kManifestFormat;
  what["architecture"] = manifest.architecture;
  what["kernel"] = manifest.kernel.sha256;
  what["initrd"] = manifest.initrd.sha256;
  what["needs_acpi"] = manifest.needs_acpi;
  what["may_use_noapictimer"] = manifest.may_use_noapictimer;
  what["modules"] = json_list(manifest.modules);
  return to_hex(sha256(json::serialize(what))).substr(0, kIdDigits);
}

}  // namespace proa::kernels
