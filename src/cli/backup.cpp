// proa backup and proa restore
#include "backup/backup.h"

#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kBackupsPath = "/proa/v1/backups";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct BackupWords {
  std::string file;
  std::string data;
  bool is_json = false;
};

/// What the daemon says it has made. Errc: corrupt.
Result<backup::Backup> decode(const json::value& answer) {
  backup::Backup made;
  made.id = text_in(answer, "backup_id");
  made.bytes = static_cast<std::uint64_t>(number_in(answer, "bytes").value_or(0));
  TRY(const auto files, array_in(answer, "files"));
  for (const json::value& file : files) {
    const auto size = number_in(file, "size").value_or(0);
    made.files.push_back({text_in(file, "path"), static_cast<std::uint64_t>(size)});
  }
  return made;
}

/// One file, part by part. Errc: as ask(), and those of the Writer.
Result<void> fetch_file(const Surroundings& around, const backup::Backup& made, std::size_t index,
                        backup::Writer& writer) {
  const backup::BackupFile& file = made.files[index];
  TRY(writer.begin(file));
  for (std::uint64_t offset = 0; offset < file.size;) {
    Question question;
    question.target = std::string(kBackupsPath) + "/" + made.id + "/files/" +
                      std::to_string(index) + "?offset=" + std::to_string(offset);
    TRY(const auto response, send(around, std::move(question)));
    if (response.status != 200) return error_of(response, !around.key_id.empty());
    if (response.body.empty()) return Error(Errc::corrupt, file.path + " is shorter than it was");
    TRY(writer.add(response.body));
    offset += response.body.size();
  }
  return ok();
}

Result<void> fetch(const Surroundings& around, const backup::Backup& made,
                   const std::string& file) {
  ProgressLine progress(around, true);
  TRY(const auto writer, backup::Writer::create(file, made, around.now()));
  progress.begin("fetching", made.bytes);
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < made.files.size(); ++i) {
    TRY(fetch_file(around, made, i, *writer));
    progress.show(done += made.files[i].size);
  }
  return writer->finish();
}

Result<std::string> back_up(const Surroundings& around, const BackupWords& words) {
  TRY(const auto answer, ask(around, "POST", kBackupsPath, "{}"));
  TRY(const auto made, decode(answer));
  const auto fetched = fetch(around, made, words.file);
  // Whether that worked does not matter: the next backup, or the next start, removes it.
  static_cast<void>(ask(around, "DELETE", std::string(kBackupsPath) + "/" + made.id));
  if (!fetched) return fetched.error();
  if (words.is_json) {
    return pretty(
        json::object{{"file", words.file}, {"files", made.files.size()}, {"bytes", made.bytes}});
  }
  return words.file + " holds " + std::to_string(made.files.size()) + " files, " +
         human_size(made.bytes) +
         ". It holds keys and variables, too: keep it where nobody else reads.\n";
}

Result<std::string> bring_back(const BackupWords& words) {
  TRY(const auto restored, backup::restore(words.file, words.data));
  if (words.is_json) {
    return pretty(json::object{
        {"made", restored.made}, {"files", restored.files}, {"bytes", restored.bytes}});
  }
  return words.data + " is as it was at " + restored.made + ": " + std::to_string(restored.files) +
         " files, " + human_size(restored.bytes) + ".\nServe it: proa serve --data " + words.data +
         "\n";
}

}  // namespace

void add_backup_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<BackupWords>();
  CLI::App* made = app.add_subcommand("backup", "Save all that the daemon keeps, while it serves");
  add_examples(*made,
               {{"proa backup proa-$(date +%F).tar.zst", ""},
                {"tar tf proa-2026-11-26.tar.zst", "it is a tar with SHA256SUMS at its end"}});
  made->add_option("file", words->file, "A new file; compressed if it ends in .gz or .zst")
      ->required()
      ->type_name(kFilePath);
  CLI::App* restored = app.add_subcommand("restore", "Make a data folder of a backup");
  add_examples(*restored,
               {{"proa restore proa-2026-11-26.tar.zst --data /var/lib/proa",
                 "verified whole before anything is there; the folder must be empty or missing"}});
  restored->add_option("file", words->file, "What proa backup has made")
      ->required()
      ->type_name(kFilePath);
  restored->add_option("--data", words->data, "The data folder to make")
      ->required()
      ->type_name(kFilePath);
  for (CLI::App* verb : {made, restored}) {
    verb->group(kOperating);
    add_json(*verb, words->is_json);
  }
  made->callback(
      [&, words] { chosen.action = [&, words] { return back_up(surroundings, *words); }; });
  restored->callback([&, words] { chosen.action = [words] { return bring_back(*words); }; });
}

}  // namespace proa::cli
