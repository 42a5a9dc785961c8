#include "kernels/debian_package.h"

#include "base/encoding.h"
#include "kernels/initramfs.h"
#include "kernels/module_file.h"
#include "kernels/module_index.h"
#include "kernels/stored_file.h"
#include "os/file.h"

#include <algorithm>
#include <optional>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kDownloadLimit{10};
constexpr std::chrono::minutes kUnpackLimit{3};
constexpr std::string_view kImagePrefix = "linux-image-";
constexpr std::string_view kKernelPrefix = "vmlinuz-";

/// Letters, digits and what may stand between: no option, no path.
bool is_word(std::string_view text, std::string_view more) {
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 200 && is_alnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || more.find(c) != std::string_view::npos; });
}

bool is_package_name(std::string_view text) { return is_word(text, "+-."); }

/// The value behind "NAME: " in one paragraph; empty: there is none.
std::string_view field(std::string_view paragraph, std::string_view name) {
  while (!paragraph.empty()) {
    const auto end = paragraph.find('\n');
    std::string_view line = paragraph.substr(0, end);
    paragraph.remove_prefix(end == std::string_view::npos ? paragraph.size() : end + 1);
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) continue;
    return line.substr(name.size() + 2);
  }
  return {};
}

/// The names in "a (= 1), b | c": the first of alternatives.
std::vector<std::string> names_in(std::string_view depends) {
  std::vector<std::string> names;
  while (!depends.empty()) {
    const auto end = depends.find(',');
    std::string_view item = depends.substr(0, end);
    depends.remove_prefix(end == std::string_view::npos ? depends.size() : end + 1);
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    item = item.substr(0, item.find_first_of(" (|:"));
    if (is_package_name(item)) names.emplace_back(item);
  }
  return names;
}

std::string debian_name(const std::string& architecture) {
  return architecture == "x86_64" ? "amd64" : architecture;
}

Result<PackageRecord> ask_apt(const Commands& commands, const std::string& package,
                              const fs::path& work) {
  Command command{"apt-cache", {"show", "--no-all-versions", "--", package}, work};
  auto answer = commands.run(command);
  if (!answer && answer.error().code() == Errc::unavailable) {
    return Error(Errc::unavailable, "apt knows no package " + package + " (" +
                                        answer.error().message() +
                                        "); has this host run apt-get update?");
  }
  if (!answer) return answer.error();
  TRY(auto record, parse_record(answer.value()));
  if (record.name == package) return record;
  return Error(Errc::corrupt, "apt-cache tells of '" + record.name + "', not of " + package);
}

/// What the package without a version in its name stands for.
Result<PackageRecord> find_image(const Commands& commands, const std::string& architecture,
                                 const fs::path& work) {
  const std::string package = "linux-image-cloud-" + debian_name(architecture);
  TRY(const auto newest, ask_apt(commands, package, work));
  for (const std::string& name : newest.needs) {
    if (name.starts_with(kImagePrefix)) return ask_apt(commands, name, work);
  }
  return Error(Errc::corrupt, package + " depends on no kernel");
}

/// The only entry of the folder whose name begins and ends so; nothing: none, or several.
std::optional<fs::path> only_one(const fs::path& folder, std::string_view begin,
                                 std::string_view end) {
  std::optional<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), last; !failed && at != last;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(begin) || !name.ends_with(end)) continue;
    if (found) return std::nullopt;
    found = at->path();
  }
  return found;
}

Result<fs::path> download(const Commands& commands, const PackageRecord& image,
                          const fs::path& work) {
  const std::string what = image.name + "=" + image.version;
  Command command{
      "apt-get", {"-q", "-o", "Acquire::Retries=2", "download", what}, work, kDownloadLimit};
  TRY(commands.run(command));
  const auto file = only_one(work, image.name + "_", ".deb");
  if (!file) return Error(Errc::corrupt, "apt-get download left no archive of " + image.name);
  TRY(const auto measured, measure(*file));
  if (measured.sha256 == image.sha256) return *file;
  return Error(Errc::corrupt, "the archive of " + image.name + " has the SHA-256 " +
                                  measured.sha256 + ", apt's lists say " + image.sha256);
}

/// The package's files, below the folder that this gives.
Result<fs::path> fetch(const Commands& commands, const PackageRecord& package, const fs::path& work,
                       const Stage& stage) {
  stage("downloading " + package.name);
  TRY(const auto archive, download(commands, package, work));
  stage("unpacking " + package.name);
  Command unpack{"dpkg-deb", {"-x", archive.filename().string(), "root"}, work, kUnpackLimit};
  TRY(commands.run(unpack));
  return work / "root";
}

/// Where in the unpacked package /lib is: newer ones have it below /usr.
Result<fs::path> find_base(const fs::path& root, const std::string& release) {
  for (const fs::path& base : {root, root / "usr"}) {
    std::error_code failed;
    const fs::path modules = base / "lib" / "modules" / release;
    if (fs::is_directory(fs::symlink_status(modules, failed))) return base;
  }
  return Error(Errc::corrupt, "the package has no folder lib/modules/" + release);
}

/// The package as it is unpacked has no modules.dep: its installation would have made that.
Result<void> index_modules(const Commands& commands, const fs::path& base,
                           const std::string& release, const fs::path& modules) {
  std::error_code failed;
  if (fs::exists(modules / "modules.dep", failed)) return ok();
  Command command{"depmod", {"-b", ".", release}, base, kUnpackLimit};
  const auto made = commands.run(command);
  if (made || made.error().code() != Errc::unsupported) {
    TRY(made);
    return ok();
  }
  return made.error().with_context("the stock kernel's modules need the package kmod");
}

/// What a guest needs before it can be told anything: the bus, the link to the host, disks, network
/// and entropy; and the file systems of its code and its /tmp.
std::vector<std::string> wanted_modules() {
  return {"virtio_mmio", "virtio_console", "virtio_blk", "virtio_net",
          "virtio_rng",  "erofs",          "overlay",    "ext4"};
}

}  // namespace

Result<PackageRecord> parse_record(std::string_view text) {
  const std::string_view paragraph = text.substr(0, text.find("\n\n"));
  PackageRecord record;
  record.name = field(paragraph, "Package");
  record.version = field(paragraph, "Version");
  record.sha256 = field(paragraph, "SHA256");
  record.needs = names_in(field(paragraph, "Depends"));
  const bool is_digest = is_hex(record.sha256, 64);
  if (is_package_name(record.name) && is_word(record.version, ".+-:~") && is_digest) return record;
  return Error(Errc::corrupt, "apt-cache show prints no package with a version and a SHA256");
}

Result<UnpackedPackage> fetch_stock(const Commands& commands, const std::string& architecture,
                                    const fs::path& work, const Stage& stage) {
  stage("looking for the package");
  TRY(const auto image, find_image(commands, architecture, work));
  TRY(const auto root, fetch(commands, image, work, stage));
  const auto kernel = only_one(root / "boot", kKernelPrefix, "");
  if (!kernel) return Error(Errc::corrupt, image.name + " has not one file boot/vmlinuz-*");
  const std::string release = kernel->filename().string().substr(kKernelPrefix.size());
  TRY(const auto base, find_base(root, release));
  fs::path modules = base / "lib" / "modules" / release;
  TRY(index_modules(commands, base, release, modules));
  return UnpackedPackage{image.name, image.version, *kernel, std::move(modules)};
}

Result<PackageRecord> find_source(const Commands& commands, const fs::path& work) {
  return ask_apt(commands, kSourcePackage, work);
}

Result<fs::path> fetch_source(const Commands& commands, const PackageRecord& source,
                              const fs::path& work, const Stage& stage) {
  TRY(const auto root, fetch(commands, source, work, stage));
  auto archive = only_one(root / "usr" / "src", "linux-source-", ".tar.xz");
  if (archive) return std::move(*archive);
  return Error(Errc::corrupt, source.name + " has not one file usr/src/linux-source-*.tar.xz");
}

Result<std::vector<std::string>> make_initrd(const UnpackedPackage& package, int init_program,
                                             const fs::path& file) {
  TRY(const auto dependencies, os::read_file(package.modules / "modules.dep"));
  TRY(const auto builtin, os::read_file(package.modules / "modules.builtin"));
  TRY(const auto index, ModuleIndex::parse(dependencies, builtin));
  TRY(const auto order, index.load_order(wanted_modules()));
  std::vector<ModuleBytes> modules;
  std::vector<std::string> names;
  for (const Module& module : order) {
    TRY(auto bytes, read_module(package.modules / module.path));
    modules.push_back({module.name, std::move(bytes)});
    names.push_back(module.name);
  }
  TRY(const auto init, os::read_all(init_program));
  TRY(write_initramfs(file, init, modules));
  return names;
}

}  // namespace proa::kernels
