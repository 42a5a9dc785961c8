// proa kernel add|build|update|list|show|verify|measure|sign|remove
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kKernelsPath = "/proa/v1/kernels";
/// Of a kernel that hardly boots, all of them.
constexpr std::chrono::minutes kMeasurePatience{9};
/// A little more than the daemon gives a download, and then that.
constexpr std::chrono::minutes kAddPatience{25};
/// Likewise for both and a compiler.
constexpr std::chrono::minutes kBuildPatience{85};
/// Likewise for a boot, after one by KVM that was tried in vain.
constexpr std::chrono::minutes kBootPatience{3};

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct KernelWords {
  std::string source;
  std::string variant;
  std::string kernel;
  bool is_json = false;
  bool boots = false;
};

std::string path_of(const KernelWords& words) {
  return std::string(kKernelsPath) + "/" + http::percent_encode(words.kernel);
}

std::string size_in(const json::value& value, std::string_view name) {
  return human_size(static_cast<std::uint64_t>(number_in(value, name).value_or(0)));
}

/// "stock kernel 6.1.192-2 (0123456789abcdef)".
std::string title_of(const json::value& kernel) {
  return text_in(kernel, "name") + " kernel " + text_in(kernel, "version") + " (" +
         text_in(kernel, "id") + ")";
}

/// What is said while it goes on, and what is asked for.
struct Work {
  std::string says;
  std::string path;
  json::object body;
  std::chrono::minutes patience;
};

Result<json::value> have_done(const Surroundings& around, bool is_json, Work work) {
  ProgressLine progress(around, !is_json);
  progress.begin(std::move(work.says), 0);
  Question question;
  question.method = "POST";
  question.target = std::move(work.path);
  question.body = json::serialize(work.body);
  question.patience = work.patience;
  TRY(const auto response, send(around, std::move(question)));
  TRY(auto answer, json_of(around, response));
  progress.clear();
  return answer;
}

/// A sentence about what booting it has told; empty: nobody has looked.
std::string measured_text(const json::value& kernel) {
  const std::string why_not = text_in(kernel, "not_measured");
  if (!why_not.empty()) {
    return "It could not be booted here, so its machines get memory for a large one: " + why_not +
           "\n";
  }
  const json::value* const measured = object_in(kernel, "measured");
  if (measured == nullptr) return "";
  return "It boots in " + cell(*measured, "boot_ms") + " ms by " +
         text_in(*measured, "accelerator") + ", keeps " + cell(*measured, "memory_kept_mib") +
         " MiB of a machine's memory, and boots with " + cell(*measured, "memory_min_mib") +
         " MiB at least.\n";
}

Result<std::string> store_kernel(const Surroundings& around, bool is_json, Work work) {
  TRY(const auto answer, have_done(around, is_json, std::move(work)));
  if (is_json) return pretty(answer);
  const std::string told = measured_text(answer);
  if (!flag_in(answer, "is_new")) {
    return "The " + title_of(answer) + " was there already.\n" + told;
  }
  return "The " + title_of(answer) + " is stored: " + size_in(answer, "bytes") + ".\n" + told;
}

Result<std::string> add_kernel(const Surroundings& around, const KernelWords& words) {
  return store_kernel(around, words.is_json,
                      {"adding the " + words.source + " kernel", kKernelsPath,
                       json::object{{"source", words.source}}, kAddPatience});
}

Result<std::string> build_kernel(const Surroundings& around, const KernelWords& words) {
  return store_kernel(
      around, words.is_json,
      {"building the kernel " + words.variant + ", which takes minutes", kKernelsPath,
       json::object{{"source", "build"}, {"variant", words.variant}}, kBuildPatience});
}

/// The names that are stored, each once.
Result<std::vector<std::string>> stored_names(const Surroundings& around) {
  TRY(const auto answer, ask(around, "GET", kKernelsPath));
  TRY(const auto kernels, array_in(answer, "kernels"));
  std::vector<std::string> names;
  for (const json::value& kernel : kernels) {
    std::string name = text_in(kernel, "name");
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

/// All that is stored once more, where apt has something newer. One that fails does not keep the
/// others from it.
Result<std::string> update_kernels(const Surroundings& around, const KernelWords& words,
                                   Chosen& chosen) {
  TRY(const auto names, stored_names(around));
  if (names.empty()) {
    return Error(Errc::not_found,
                 "There is no kernel to update. Store one: proa kernel add stock, or proa kernel "
                 "build net");
  }
  std::string text;
  for (const std::string& name : names) {
    KernelWords one = words;
    one.source = one.variant = name;
    const auto told = name == "stock" ? add_kernel(around, one) : build_kernel(around, one);
    if (!told) chosen.code = ExitCode::failed;
    text += told ? told.value() : "The " + name + " kernel stays: " + told.error().message() + "\n";
  }
  return text;
}

Result<std::string> list_kernels(const Surroundings& around, const KernelWords& words) {
  TRY(const auto answer, ask(around, "GET", kKernelsPath));
  if (words.is_json) return pretty(answer);
  TRY(const auto kernels, array_in(answer, "kernels"));
  TRY(const auto broken, array_in(answer, "broken"));
  std::string text = "No kernels. Store one: proa kernel add stock, or proa kernel build net\n";
  if (!kernels.empty()) {
    json::array rows;
    for (const json::value& kernel : kernels) {
      json::object row;
      for (const char* name : {"id", "name", "version", "architecture"}) {
        row[name] = text_in(kernel, name);
      }
      row["size"] = size_in(kernel, "bytes");
      row["age"] = age_of(text_in(kernel, "made"), around.now());
      rows.push_back(std::move(row));
    }
    text = table(around.output, rows,
                 {{"KERNEL", "id"},
                  {"NAME", "name"},
                  {"VERSION", "version"},
                  {"ARCHITECTURE", "architecture"},
                  {"SIZE", "size", true},
                  {"AGE", "age", true}});
  }
  for (const json::value& each : broken) {
    text += "Broken: " + text_in(each, "folder") + ": " + text_in(each, "reason") + "\n";
  }
  const std::string adding = text_in(answer, "adding");
  if (!adding.empty()) text += "One more is being added: " + adding + "\n";
  return text;
}

std::string file_line(const json::value& answer, const char* name) {
  const json::value* const file = object_in(answer, name);
  if (file == nullptr) return "";
  std::string label = std::string(name) + ":";
  label.resize(14, ' ');
  return label + size_in(*file, "bytes") + ", SHA-256 " + text_in(*file, "sha256") + "\n";
}

/// Of a kernel that was built here.
std::string build_lines(const json::value& answer) {
  const json::value* const build = object_in(answer, "build");
  if (build == nullptr) return "";
  std::string lacks;
  if (const json::value* const gates = object_in(*build, "lacks")) {
    for (const auto& gate : gates->get_object()) {
      lacks.append("\n  ").append(gate.key()).append(": ").append(cell(*gates, gate.key()));
    }
  }
  return "release:      " + text_in(*build, "release") +
         "\ncompiler:     " + text_in(*build, "compiler") +
         "\noptions:      " + cell(*build, "options") +
         "\nlacks:        " + (lacks.empty() ? "nothing" : lacks) + "\n";
}

/// What booting it has told.
std::string measured_lines(const json::value& answer) {
  const json::value* const measured = object_in(answer, "measured");
  if (measured == nullptr) return "measured:     no (proa kernel measure)\n";
  return "boots in:     " + cell(*measured, "boot_ms") + " ms by " +
         text_in(*measured, "accelerator") +
         "\nkeeps:        " + cell(*measured, "memory_kept_mib") +
         " MiB of a machine's memory\nleast memory: " + cell(*measured, "memory_min_mib") +
         " MiB\n";
}

Result<std::string> show_kernel(const Surroundings& around, const KernelWords& words) {
  TRY(const auto answer, ask(around, "GET", path_of(words)));
  if (words.is_json) return pretty(answer);
  const std::string machines = cell(answer, "machines");
  return "id:           " + text_in(answer, "id") + "\nname:         " + text_in(answer, "name") +
         "\npackage:      " + text_in(answer, "package") + " " + text_in(answer, "version") +
         "\narchitecture: " + text_in(answer, "architecture") +
         "\nmade:         " + text_in(answer, "made") + "\n" + file_line(answer, "kernel") +
         file_line(answer, "initrd") + "modules:      " + cell(answer, "modules") +
         "\nneeds ACPI:   " + (flag_in(answer, "needs_acpi") ? "yes" : "no") +
         (machines == "-" ? "" : "\nmachines:     " + machines) + "\n" + measured_lines(answer) +
         build_lines(answer);
}

/// How a guest with it has started, behind "Kernel ID is as it was stored"; sets the exit code.
std::string boot_text(const json::value& boot, Chosen& chosen) {
  const std::string problem = text_in(boot, "problem");
  if (!problem.empty()) {
    chosen.code = ExitCode::failed;
    return ", and does not boot here: " + problem + "\n";
  }
  return ", and boots in " + cell(boot, "took_ms") + " ms by " + text_in(boot, "accelerator") +
         " (" + text_in(boot, "reason") + ").\n";
}

Result<std::string> verify(const Surroundings& around, const KernelWords& words, Chosen& chosen) {
  Question question;
  question.method = "POST";
  question.target = path_of(words) + "/verify";
  question.body = words.boots ? R"({"boot":true})" : "{}";
  question.patience = kBootPatience;
  TRY(const auto response, send(around, std::move(question)));
  TRY(const auto answer, json_of(around, response));
  const bool is_intact = flag_in(answer, "is_intact");
  if (!is_intact) chosen.code = ExitCode::failed;
  const json::value* const boot = object_in(answer, "boot");
  const std::string how = boot == nullptr ? ".\n" : boot_text(*boot, chosen);
  if (words.is_json) return pretty(answer);
  if (is_intact) return "Kernel " + text_in(answer, "id") + " is as it was stored" + how;
  TRY(const auto problems, array_in(answer, "problems"));
  std::string text = "Kernel " + text_in(answer, "id") + " is not as it was stored:\n";
  for (const json::value& problem : problems) {
    if (problem.is_string()) text += "  " + std::string(problem.get_string()) + "\n";
  }
  return text + "Remove it (proa kernel remove) and add it again.\n";
}

Result<std::string> measure_kernel(const Surroundings& around, const KernelWords& words) {
  TRY(const auto answer,
      have_done(around, words.is_json,
                {"booting the kernel " + words.kernel + " some ten times",
                 path_of(words) + "/measure", json::object(), kMeasurePatience}));
  if (words.is_json) return pretty(answer);
  return "The " + title_of(answer) + " is measured.\n" + measured_text(answer);
}

Result<std::string> sign_kernel(const Surroundings& around, const KernelWords& words) {
  TRY(const auto answer, ask(around, "POST", path_of(words) + "/sign"));
  if (words.is_json) return pretty(answer);
  return "The " + title_of(answer) + " is signed: this host boots it.\n";
}

Result<std::string> remove_kernel(const Surroundings& around, const KernelWords& words) {
  TRY(ask(around, "DELETE", path_of(words)));
  if (words.is_json) return std::string("{}\n");
  return "Kernel " + words.kernel + " is removed.\n";
}

CLI::App* add_named(CLI::App& kernel, KernelWords& words, const char* verb, const char* says) {
  CLI::App* made = kernel.add_subcommand(verb, says);
  made->add_option("kernel", words.kernel, "Its id, the beginning of it, or its name: the newest")
      ->required()
      ->type_name(kKernelId);
  return made;
}

}  // namespace

void add_kernel_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<KernelWords>();
  CLI::App* kernel = app.add_subcommand("kernel", "Guest kernels: what microVMs boot");
  kernel->require_subcommand(1)->group(kOperating);
  add_examples(*kernel,
               {{"proa kernel add stock", "Debian's cloud kernel; it is not installed"},
                {"proa kernel build net", "one of our own, which starts in a fifth of the time"},
                {"apt-get update && proa kernel update", "after a fix of Debian's kernel"},
                {"proa kernel list", ""},
                {"proa kernel verify stock", "status 1 if a byte has changed"},
                {"proa kernel verify stock --boot", "and start a guest with it"},
                {"proa kernel measure net", "again, for instance after a change of the host"}});
  CLI::App* added = kernel->add_subcommand("add", "Store one more");
  added->add_option("source", words->source, "stock: what this host's apt has, and our initrd")
      ->required()
      ->check(CLI::IsMember({"stock"}));
  CLI::App* built = kernel->add_subcommand("build", "Build a variant here and store it: minutes");
  built
      ->add_option("variant", words->variant,
                   "nonet, local (sockets, no network card), net, or full (more system calls)")
      ->required();
  CLI::App* updated =
      kernel->add_subcommand("update", "Add and build again what apt has something newer for");
  CLI::App* listed = kernel->add_subcommand("list", "List the kernels, newest first");
  CLI::App* shown = add_named(*kernel, *words, "show", "What is known about one");
  CLI::App* verified = add_named(*kernel, *words, "verify", "Whether its bytes are as stored");
  verified->add_flag("--boot", words->boots, "Start a guest with it, too, and say how fast");
  CLI::App* measured =
      add_named(*kernel, *words, "measure", "Boot it some ten times: how fast, and what it takes");
  CLI::App* sign = kernel->add_subcommand(
      "sign", "Sign one that was copied here, so that this host boots it: only if you trust it");
  sign->add_option("id", words->kernel, "Its whole id, as proa kernel list tells it")->required();
  CLI::App* removed = add_named(*kernel, *words, "remove", "Remove one");
  for (CLI::App* verb : {added, built, listed, shown, verified, measured, sign, removed})
    add_json(*verb, words->is_json);
  const auto act = [&](CLI::App* verb, auto action) {
    verb->callback([&, words, action] {
      chosen.action = [&, words, action] { return action(surroundings, *words); };
    });
  };
  act(added, add_kernel);
  act(built, build_kernel);
  act(listed, list_kernels);
  act(shown, show_kernel);
  act(measured, measure_kernel);
  act(sign, sign_kernel);
  act(removed, remove_kernel);
  act(updated, [&chosen](const Surroundings& around, const KernelWords& said) {
    return update_kernels(around, said, chosen);
  });
  act(verified, [&chosen](const Surroundings& around, const KernelWords& said) {
    return verify(around, said, chosen);
  });
}

}  // namespace proa::cli
