// Options of `proa serve`, and their command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proa::apps {

struct ServeOptions {
  std::string listen = "127.0.0.1:9600";
  std::filesystem::path data = "/var/lib/proa";
  std::string account_id = "000000000000";
  std::string region = "us-east-1";
  std::string isolation = "container";
  std::string user = "proa";
  std::uint32_t spin_us = 0;
  std::uint32_t shards = 0;  ///< 0: one a processor
  std::string pin = "auto";
  std::uint32_t max_environments = 1024;
  std::uint32_t max_parked = 16;
  std::uint32_t memory_reserve_mib = 256;
  std::uint32_t memory_commit_percent = 25;
  std::uint32_t account_concurrency = 1000;
  std::uint32_t event_concurrency = 128;
  std::uint32_t event_retry_delay_s = 60;
  std::uint32_t dead_letter_days = 14;
  std::uint32_t dead_letter_mib = 1024;
  std::uint32_t schedule_late_max_s = 60;
  std::uint32_t log_days = 14;
  std::uint32_t log_mib = 1024;
  std::uint32_t usage_days = 400;
  std::uint32_t usage_mib = 1024;
  std::uint32_t image_mib = 10'240;
  std::string templates = "shared";
  std::uint32_t template_mib = 1024;
  std::uint32_t template_minutes = 60;
  std::uint32_t disk_reserve_mib = 256;
  std::uint32_t stop_timeout_s = 30;
  std::string cpu_policy = "weight";
  std::filesystem::path s3_folder;  ///< empty: no bucket exists
  bool plain_http = false;
  std::filesystem::path tls_certificate;  ///< empty: plain HTTP
  std::filesystem::path tls_key;
  std::string uplink = "auto";
  std::string log_level = "info";
  std::filesystem::path metrics_token_file;  ///< empty: none
  std::string otlp_endpoint;                 ///< empty: nothing is sent
  std::filesystem::path otlp_headers_file;   ///< empty: none
  std::uint32_t otlp_metrics_interval_s = 60;
  double trace_sample_percent = 100;
  bool enable_forwarding = false;
  std::vector<std::string> interpreters;  ///< RUNTIME=PATH, as given
  bool is_runtime_exact = false;
  std::filesystem::path bundled;   ///< empty: beside the program, where there is one
  std::filesystem::path runtimes;  ///< empty: beside the program
  std::filesystem::path launcher;  ///< empty: beside the program
};

/// Adds the verb `serve` with every option to `app`.
void add_serve(CLI::App& app, ServeOptions& options);

/// Runs the daemon until a signal ends it; the exit status of the program.
int serve(const ServeOptions& options);

}  // namespace proa::apps
