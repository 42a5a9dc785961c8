#include "launcher/config.h"

#include <boost/json.hpp>

namespace proa::launcher {

std::string to_json(const LauncherConfig& config) {
  boost::json::object out;
  out["run_folder"] = config.run_folder.string();
  out["data_folder"] = config.data_folder.string();
  out["runtimes_folder"] = config.runtimes_folder.string();
  out["init_program"] = config.init_program.string();
  boost::json::array mounts;
  for (const HostMount& mount : config.mounts) {
    mounts.push_back(
        boost::json::object{{"source", mount.source.string()}, {"target", mount.target.string()}});
  }
  out["mounts"] = std::move(mounts);
  out["shards"] = config.shards;
  out["spare_slots"] = config.spare_slots;
  out["max_slots"] = config.max_slots;
  out["daemon_uid"] = config.daemon_uid;
  out["daemon_gid"] = config.daemon_gid;
  out["cpu_policy"] = config.cpu_policy == CpuPolicy::quota ? "quota" : "weight";
  out["resolv_conf"] = config.resolv_conf;
  out["uplink"] = to_string(config.uplink);
  out["may_enable_forwarding"] = config.may_enable_forwarding;
  if (config.kernel_key) out["kernel_key"] = to_text(*config.kernel_key);
  return boost::json::serialize(out);
}

Result<LauncherConfig> parse_config(std::string_view text) {
  try {
    const boost::json::value value = boost::json::parse(boost::json::string_view(text));
    const auto folder = [&](const char* key) {
      return std::filesystem::path(std::string_view(value.at(key).as_string()));
    };
    const auto number = [&](const char* key) {
      return boost::json::value_to<std::uint32_t>(value.at(key));
    };
    LauncherConfig config;
    config.run_folder = folder("run_folder");
    config.data_folder = folder("data_folder");
    config.runtimes_folder = folder("runtimes_folder");
    config.init_program = folder("init_program");
    for (const boost::json::value& mount : value.at("mounts").as_array()) {
      config.mounts.push_back({std::string_view(mount.at("source").as_string()),
                               std::string_view(mount.at("target").as_string())});
    }
    config.shards = number("shards");
    config.spare_slots = number("spare_slots");
    config.max_slots = number("max_slots");
    config.daemon_uid = number("daemon_uid");
    config.daemon_gid = number("daemon_gid");
    config.resolv_conf = std::string_view(value.at("resolv_conf").as_string());
    TRY(auto uplink, parse_uplink_mode(std::string_view(value.at("uplink").as_string())));
    config.uplink = uplink;
    config.may_enable_forwarding = value.at("may_enable_forwarding").as_bool();
    TRY(auto policy, parse_cpu_policy(std::string_view(value.at("cpu_policy").as_string())));
    config.cpu_policy = policy;
    const auto& members = value.as_object();
    if (const auto* key = members.if_contains("kernel_key")) {
      config.kernel_key = ed25519_public_of(std::string_view(key->as_string()));
      if (!config.kernel_key) {
        return Error(Errc::invalid, "launcher configuration: kernel_key is no public key");
      }
    }
    return config;
  } catch (const std::exception& error) {
    return Error(Errc::invalid, std::string("launcher configuration: ") + error.what());
  }
}

}  // namespace proa::launcher
