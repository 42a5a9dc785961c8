// /proa/v1/kernels: the guest kernels that are stored here. Admins only: what boots is what runs.
#include "api/errors.h"
#include "api/fields.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "base/utc_text.h"
#include "kernels/kernels.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

namespace json = boost::json;
using kernels::KernelStore;

/// Errc: unsupported. Whoever runs an Api without a data folder has no kernels.
Result<KernelStore*> kernel_store_of(const Context& context) {
  if (context.options.kernels != nullptr) return context.options.kernels;
  return Error(Errc::unsupported, "Guest kernels are not supported here");
}

json::object describe(const kernels::KernelFile& file) {
  return json::object{{"bytes", file.bytes}, {"sha256", file.sha256}};
}

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

json::object describe(const kernels::BuildRecord& build) {
  json::object lacks;
  for (const kernels::Gate& gate : build.lacks) lacks[gate.option] = texts(gate.what);
  return json::object{{"release", build.release},
                      {"compiler", build.compiler},
                      {"key", build.key},
                      {"options", texts(build.options)},
                      {"lacks", std::move(lacks)}};
}

json::object describe(const kernels::Measurement& measured) {
  return json::object{{"accelerator", measured.accelerator},
                      {"boot_ms", measured.boot.count()},
                      {"memory_min_mib", measured.memory_min_mib},
                      {"memory_kept_mib", measured.memory_kept_mib}};
}

json::object describe(const kernels::Kernel& kernel) {
  const kernels::Manifest& manifest = kernel.manifest;
  json::object out;
  out["id"] = kernel.id;
  out["name"] = manifest.name;
  out["package"] = manifest.package;
  out["version"] = manifest.package_version;
  out["architecture"] = manifest.architecture;
  out["made"] = utc_text(manifest.made, "Z");
  out["bytes"] = manifest.kernel.bytes + manifest.initrd.bytes;
  out["kernel"] = describe(manifest.kernel);
  out["initrd"] = describe(manifest.initrd);
  out["needs_acpi"] = manifest.needs_acpi;
  out["may_use_noapictimer"] = manifest.may_use_noapictimer;
  out["modules"] = texts(manifest.modules);
  out["machines"] = kernel.machines;
  if (manifest.measured) out["measured"] = describe(*manifest.measured);
  if (manifest.build) out["build"] = describe(*manifest.build);
  return out;
}

json::object describe(const kernels::KernelList& list) {
  json::array known;
  for (const auto& kernel : list.kernels) known.push_back(describe(kernel));
  json::array broken;
  for (const auto& each : list.broken) {
    broken.push_back(json::object{{"folder", each.folder}, {"reason", each.reason}});
  }
  json::object out{{"kernels", std::move(known)}, {"broken", std::move(broken)}};
  if (!list.adding.empty()) out["adding"] = list.adding;
  return out;
}

json::object describe(const KernelBoot& boot) {
  return json::object{
      {"accelerator", boot.accelerator}, {"reason", boot.reason}, {"took_ms", boot.took.count()}};
}

constexpr std::string_view kBuild = "build";

/// Where a new kernel comes from.
Result<void> check_source(const json::object& body, const std::optional<std::string>& source,
                          const std::optional<std::string>& variant) {
  static constexpr auto kMembers = std::to_array<std::string_view>({"source", "variant"});
  TRY(check_members(body, kMembers));
  if (!source) return Error(Errc::invalid, "The request needs a source: \"stock\" or \"build\"");
  if (*source != kernels::kStock && *source != kBuild) {
    return Error(Errc::invalid, "There is no source '" + *source + "'; stock and build are some");
  }
  if ((*source == kBuild) == variant.has_value()) return ok();
  return Error(Errc::invalid, "A variant goes with the source \"build\", and with no other one");
}

/// Errc: as KernelStore::add_stock() and ApiOptions::build_kernel.
Task<kernels::AddedKernel> add(Context& context, KernelStore& store,
                               const std::optional<std::string>& variant) {
  if (!variant) {
    std::function<Result<kernels::AddedKernel>()> work = [&store] { return store.add_stock(); };
    co_return co_await off_shard<kernels::AddedKernel>(context.blocking, std::move(work));
  }
  if (!context.options.build_kernel) {
    co_return Error(Errc::unsupported, "Building kernels is not supported here");
  }
  co_return co_await context.options.build_kernel(*variant);
}

Task<kernels::Kernel> find(Context& context, KernelStore& store, std::string id) {
  std::function<Result<kernels::Kernel>()> work = [&store, id = std::move(id)] {
    return store.find(id);
  };
  co_return co_await off_shard<kernels::Kernel>(context.blocking, std::move(work));
}

/// Measures a kernel and stores what came of it.
Task<kernels::Kernel> measure(Context& context, KernelStore& store, kernels::Kernel kernel) {
  if (!context.options.measure_kernel) {
    co_return Error(Errc::unsupported, "Guests are not supported here");
  }
  CO_TRY(auto measured, co_await context.options.measure_kernel(kernel));
  std::function<Result<kernels::Kernel>()> work =
      [&store, id = kernel.id, measured = std::move(measured)] { return store.note(id, measured); };
  co_return co_await off_shard<kernels::Kernel>(context.blocking, std::move(work));
}

}  // namespace

Task<http::Response> list_kernels(Context& context, Call&) {
  CO_TRY(auto* const store, kernel_store_of(context));
  std::function<Result<kernels::KernelList>()> work = [store] { return store->list(); };
  CO_TRY(const auto list,
         co_await off_shard<kernels::KernelList>(context.blocking, std::move(work)));
  co_return json_response(200, json::serialize(describe(list)));
}

Task<http::Response> add_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const auto source = fields.text("source");
  const auto variant = fields.text("variant");
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_source(body, source, variant));
  CO_TRY(auto added, co_await add(context, *store, variant));
  std::string not_measured;
  // A kernel that cannot be booted here is stored all the same: its machines get more memory than
  // they may need.
  if (!added.kernel.manifest.measured) {
    auto measured = co_await measure(context, *store, added.kernel);
    if (measured) {
      added.kernel = std::move(measured.value());
    } else {
      not_measured = measured.error().message();
    }
  }
  json::object answer = describe(added.kernel);
  answer["is_new"] = added.is_new;
  if (!not_measured.empty()) answer["not_measured"] = not_measured;
  co_return json_response(added.is_new ? 201 : 200, json::serialize(answer));
}

Task<http::Response> get_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  CO_TRY(const auto kernel, co_await find(context, *store, std::string(call.parameters[0])));
  co_return json_response(200, json::serialize(describe(kernel)));
}

// A guest that does not start is what was asked about, and so an answer.
Task<http::Response> verify_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const bool boots = Fields(body, problems).boolean("boot").value_or(false);
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  static constexpr auto kMembers = std::to_array<std::string_view>({"boot"});
  CO_TRY(check_members(body, kMembers));
  if (boots && !context.options.boot_kernel) {
    co_return Error(Errc::unsupported, "Guests are not supported here");
  }
  std::function<Result<kernels::Verification>()> work =
      [store, id = std::string(call.parameters[0])] { return store->verify(id); };
  CO_TRY(const auto done,
         co_await off_shard<kernels::Verification>(context.blocking, std::move(work)));
  json::object answer{{"id", done.kernel.id},
                      {"is_intact", done.problems.empty()},
                      {"problems", texts(done.problems)}};
  if (boots && done.problems.empty()) {
    const auto booted = co_await context.options.boot_kernel(done.kernel);
    const bool is_guests = !booted && (booted.error().code() == Errc::deadline ||
                                       booted.error().code() == Errc::unavailable);
    if (!booted && !is_guests) co_return booted.error();
    answer["boot"] =
        booted ? describe(booted.value()) : json::object{{"problem", booted.error().message()}};
  }
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> measure_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  CO_TRY(auto kernel, co_await find(context, *store, std::string(call.parameters[0])));
  CO_TRY(const auto measured, co_await measure(context, *store, std::move(kernel)));
  co_return json_response(200, json::serialize(describe(measured)));
}

// Whoever may say so trusts the bytes that are there: an admin.
Task<http::Response> sign_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  std::function<Result<kernels::Kernel>()> work = [store, id = std::string(call.parameters[0])] {
    return store->sign(id);
  };
  CO_TRY(const auto kernel, co_await off_shard<kernels::Kernel>(context.blocking, std::move(work)));
  co_return json_response(200, json::serialize(describe(kernel)));
}

Task<http::Response> delete_kernel(Context& context, Call& call) {
  CO_TRY(auto* const store, kernel_store_of(context));
  std::function<Result<std::string>()> work =
      [store, id = std::string(call.parameters[0])]() -> Result<std::string> {
    TRY(store->remove(id));
    return std::string();
  };
  CO_TRY(co_await off_shard<std::string>(context.blocking, std::move(work)));
  co_return http::Response(204);
}

}  // namespace proa::api
