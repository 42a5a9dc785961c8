// proa image load|list|show|remove
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/human.h"
#include "cli/table.h"
#include "cli/upload.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kImagesPath = "/proa/v1/images";

/// The words of one verb; shared by the parser that fills it and the action that reads it.
struct ImageWords {
  std::string source;
  std::string name;
  bool is_json = false;
};

std::string image_path(const ImageWords& words) {
  return std::string(kImagesPath) + "/" + http::percent_encode(words.name);
}

std::string image_size(const json::value& image, std::string_view name) {
  return human_size(static_cast<std::uint64_t>(number_in(image, name).value_or(0)));
}

/// The first 12 hex digits, as docker shows them.
std::string short_digest(const json::value& image) {
  const std::string digest = text_in(image, "digest");
  return digest.substr(std::min(digest.size(), digest.find(':') + 1), 12);
}

/// The texts of a list in one line.
std::string joined(const json::value& image, std::string_view name, const char* between) {
  std::string text;
  const auto list = array_in(image, name);
  if (!list) return text;
  for (const json::value& each : list.value()) {
    if (!each.is_string()) continue;
    if (!text.empty()) text += between;
    text += each.get_string();
  }
  return text;
}

Result<std::string> load_image(const Surroundings& around, const ImageWords& words) {
  ProgressLine progress(around, !words.is_json);
  progress.begin("reading", 0);
  TRY(const auto package, packaging::pack_image(words.source));
  progress.clear();
  json::object body;
  if (!words.name.empty()) body["name"] = words.name;
  TRY(const auto image, upload_and_unpack(around, package, progress, kImagesPath, body));
  if (words.is_json) return pretty(image);
  return "The image " + joined(image, "names", ", ") + " (" + short_digest(image) +
         ") is loaded: " + image_size(image, "unpacked_bytes") + " in " + cell(image, "layers") +
         " layers.\n";
}

Result<std::string> list_images(const Surroundings& around, const ImageWords& words) {
  TRY(const auto answer, ask(around, "GET", kImagesPath));
  if (words.is_json) return pretty(answer);
  TRY(const auto images, array_in(answer, "images"));
  if (images.empty()) return std::string("No images. Load one: proa image load FILE\n");
  json::array rows;
  for (const json::value& image : images) {
    json::object row;
    row["digest"] = short_digest(image);
    row["names"] = joined(image, "names", ", ");
    row["size"] = image_size(image, "unpacked_bytes");
    row["age"] = age_of(text_in(image, "loaded"), around.now());
    rows.push_back(std::move(row));
  }
  return table(
      around.output, rows,
      {{"IMAGE", "names"}, {"DIGEST", "digest"}, {"SIZE", "size", true}, {"AGE", "age", true}});
}

Result<std::string> show_image(const Surroundings& around, const ImageWords& words) {
  TRY(const auto answer, ask(around, "GET", image_path(words)));
  if (words.is_json) return pretty(answer);
  const std::string folder = text_in(answer, "working_directory");
  const std::int64_t skipped = number_in(answer, "skipped").value_or(0);
  return "digest:       " + text_in(answer, "digest") +
         "\nnames:        " + joined(answer, "names", ", ") +
         "\narchitecture: " + text_in(answer, "architecture") +
         "\nENTRYPOINT:   " + joined(answer, "entry_point", " ") +
         "\nCMD:          " + joined(answer, "command", " ") +
         "\nWORKDIR:      " + (folder.empty() ? "/" : folder) +
         "\nENV:          " + joined(answer, "environment", "\n              ") +
         "\nlayers:       " + cell(answer, "layers") +
         "\nsize:         " + image_size(answer, "unpacked_bytes") + " (archive " +
         image_size(answer, "archive_bytes") + ")\nloaded:       " + text_in(answer, "loaded") +
         (skipped == 0 ? "\n" : "\nleft out:     " + std::to_string(skipped) + " devices\n");
}

Result<std::string> remove_image(const Surroundings& around, const ImageWords& words) {
  TRY(ask(around, "DELETE", image_path(words)));
  if (words.is_json) return std::string("{}\n");
  return "Image " + words.name + " is removed. Functions made of it go on.\n";
}

CLI::App* add_named_image(CLI::App& image, ImageWords& words, const char* verb, const char* says) {
  CLI::App* made = image.add_subcommand(verb, says);
  made->add_option("image", words.name, "Its name, or the beginning of its digest")
      ->required()
      ->type_name(kImageName);
  return made;
}

}  // namespace

void add_image_verbs(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<ImageWords>();
  CLI::App* image = app.add_subcommand("image", "Container images that functions are made of");
  image->require_subcommand(1)->group(kOperating);
  add_examples(*image,
               {{"docker save app:latest -o app.tar", ""},
                {"proa image load app.tar", "and then CreateFunction with ImageUri=app:latest"},
                {"proa image load layout/ --name app:2", "a folder as skopeo writes it"},
                {"proa image list", ""},
                {"proa image show app", "what it says of its start"}});
  CLI::App* loaded = image->add_subcommand("load", "Load one: docker save's, or an OCI layout");
  loaded->add_option("source", words->source, "A tar file, compressed or not, or a folder")
      ->required()
      ->type_name(kFilePath);
  loaded->add_option("--name", words->name, "What it is called; else what the archive says");
  CLI::App* listed = image->add_subcommand("list", "List the images");
  CLI::App* shown = add_named_image(*image, *words, "show", "What is known about one");
  CLI::App* removed = add_named_image(*image, *words, "remove", "Remove one");
  for (CLI::App* verb : {loaded, listed, shown, removed}) add_json(*verb, words->is_json);
  const auto act = [&](CLI::App* verb, auto action) {
    verb->callback([&, words, action] {
      chosen.action = [&, words, action] { return action(surroundings, *words); };
    });
  };
  act(loaded, load_image);
  act(listed, list_images);
  act(shown, show_image);
  act(removed, remove_image);
}

}  // namespace proa::cli
