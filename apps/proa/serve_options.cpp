#include "serve_options.h"

#include "otlp/otlp.h"

#include <CLI/CLI.hpp>

namespace proa::apps {
namespace {

void add_network(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--uplink", options.uplink,
                  "How functions reach the network: kernel: the host's forwarding; pasta: an "
                  "unprivileged process (package passt); none: not at all; auto: the first that "
                  "works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "kernel", "pasta", "none"}));
  serve.add_flag("--enable-forwarding", options.enable_forwarding,
                 "Let Proa switch on the host's IP forwarding, which the uplink 'kernel' needs");
}

/// What the daemon tells of itself.
void add_telemetry(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--log-level", options.log_level,
                  "How much is written to standard error, one JSON object a line")
      ->capture_default_str()
      ->check(CLI::IsMember({"error", "warn", "info", "debug"}));
  serve.add_option("--metrics-token-file", options.metrics_token_file,
                   "File with the token that GET /metrics asks for (Authorization: Bearer TOKEN); "
                   "without it /metrics is open while there are no keys, and then for admins");
}

// docs/guides/telemetry.md
void add_export(CLI::App& serve, ServeOptions& options) {
  auto* endpoint = serve
                       .add_option("--otlp-endpoint", options.otlp_endpoint,
                                   "http://HOST:4318 of an OpenTelemetry collector that gets "
                                   "metrics, traces and functions' logs")
                       ->check([](const std::string& text) {
                         const auto parsed = otlp::parse_endpoint(text);
                         return parsed ? std::string() : parsed.error().message();
                       });
  serve
      .add_option("--otlp-headers-file", options.otlp_headers_file,
                  "File with headers for the collector, one 'Name: value' a line")
      ->needs(endpoint);
  serve
      .add_option("--otlp-metrics-interval", options.otlp_metrics_interval_s,
                  "Seconds between two times that metrics are sent")
      ->needs(endpoint)
      ->capture_default_str()
      ->check(CLI::Range(1U, 3600U));
  serve
      .add_option("--trace-sample", options.trace_sample_percent,
                  "Percent of the traces that are recorded and sent, where no caller has decided")
      ->needs(endpoint)
      ->capture_default_str()
      ->check(CLI::Range(0.0, 100.0));
}

void add_threads(CLI::App& serve, ServeOptions& options) {
  serve.add_option("--shards", options.shards, "Threads that serve calls; 0 is one a processor")
      ->capture_default_str()
      ->check(CLI::Range(0U, 32U));
  serve
      .add_option("--pin", options.pin,
                  "auto: with one shard a processor, a shard and the functions whose calls take "
                  "microseconds stay on one processor; off: the kernel chooses")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "off"}));
  serve
      .add_option("--spin", options.spin_us,
                  "Microseconds that a thread looks for the next request before it sleeps: helps "
                  "clients that send the next one at once, costs processor time; 0 is off")
      ->capture_default_str()
      ->check(CLI::Range(0U, 1000U));
}

// docs/guides/capacity.md
void add_capacity(CLI::App& serve, ServeOptions& options) {
  serve.add_option("--max-environments", options.max_environments, "Environments at most")
      ->capture_default_str()
      ->check(CLI::Range(1U, 8192U));
  serve
      .add_option("--max-parked", options.max_parked,
                  "Interpreters at most that are started ahead of calls; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0U, 1024U));
  serve
      .add_option("--memory-reserve", options.memory_reserve_mib,
                  "MiB of the host's memory that environments never get")
      ->capture_default_str();
  serve
      .add_option("--disk-reserve", options.disk_reserve_mib,
                  "MiB of the data folder's disk that code and events never get; 0: none")
      ->capture_default_str();
  serve
      .add_option("--memory-commit", options.memory_commit_percent,
                  "Percent of its memory size that an environment is counted with; 100 never "
                  "promises more than the host has")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100U));
  serve
      .add_option("--account-concurrency", options.account_concurrency,
                  "Calls of the account that run at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1'000'000U));
}

// docs/flows/events.md
void add_events(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--event-concurrency", options.event_concurrency,
                  "Asynchronous calls at most that run at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1U, 10'000U));
  serve
      .add_option("--event-retry-delay", options.event_retry_delay_s,
                  "Seconds before the first retry of an asynchronous call that failed; the second "
                  "one waits twice as long")
      ->capture_default_str()
      ->check(CLI::Range(0U, 21'600U));
  serve
      .add_option("--dead-letter-days", options.dead_letter_days,
                  "Days that asynchronous calls which were given up are kept")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'650U));
  serve
      .add_option("--dead-letter-mib", options.dead_letter_mib,
                  "MiB that they may take, before the oldest ones go")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1'000'000U));
}

// docs/guides/schedules.md
void add_schedules(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--schedule-late-max", options.schedule_late_max_s,
                  "Seconds that a run of a schedule may begin late, after which it is missed")
      ->capture_default_str()
      ->check(CLI::Range(1U, 86'400U));
}

// docs/flows/logs.md
void add_function_logs(CLI::App& serve, ServeOptions& options) {
  serve.add_option("--log-days", options.log_days, "Days that the logs of functions are kept")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'650U));
  serve
      .add_option("--log-mib", options.log_mib,
                  "MiB that they may take, before the oldest of the largest log group go")
      ->capture_default_str()
      ->check(CLI::Range(16U, 10'000'000U));
  serve
      .add_option("--usage-days", options.usage_days,
                  "Days that usage records are kept, one of each call")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'650U));
  serve
      .add_option("--usage-mib", options.usage_mib,
                  "MiB that they may take, before the oldest ones go")
      ->capture_default_str()
      ->check(CLI::Range(16U, 10'000'000U));
}

// docs/guides/microvms.md
void add_guests(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--image-mib", options.image_mib,
                  "MiB that the disk images of microVMs may take, before those go that were not "
                  "used for longest")
      ->capture_default_str()
      ->check(CLI::Range(512U, 10'000'000U));
  serve
      .add_option("--templates", options.templates,
                  "Whose microVMs are copies of one that waits with its runtime: shared, strict "
                  "(each account has its own) or off (every one boots)")
      ->capture_default_str()
      ->check(CLI::IsMember({"shared", "strict", "off"}));
  serve
      .add_option("--template-mib", options.template_mib,
                  "MiB of memory that templates may take, before those go that were not used for "
                  "longest")
      ->capture_default_str()
      ->check(CLI::Range(64U, 10'000'000U));
  serve
      .add_option("--template-minutes", options.template_minutes,
                  "Minutes until a template is made anew")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100'000U));
}

void add_runtimes(CLI::App& serve, ServeOptions& options) {
  serve
      .add_option("--runtime", options.interpreters,
                  "RUNTIME=PATH, repeatable: the interpreter of a runtime, e.g. "
                  "python3.12=/opt/python/bin/python3.12")
      ->allow_extra_args(false);
  serve.add_flag("--runtime-exact", options.is_runtime_exact,
                 "Refuse functions whose very runtime version is not installed, in place of taking "
                 "the nearest");
  serve.add_option("--bundled", options.bundled,
                   "Folder of packages that functions find without shipping them: python/ and "
                   "node/node_modules/ in it");
}

// docs/guides/tls.md
void add_tls(CLI::App& serve, CLI::Option& plain, ServeOptions& options) {
  auto* certificate =
      serve
          .add_option("--tls-cert", options.tls_certificate,
                      "PEM file with the certificate of this daemon and those that lead to its "
                      "authority; with it the address speaks TLS only. Read again on SIGHUP")
          ->excludes(&plain);
  auto* key =
      serve
          .add_option("--tls-key", options.tls_key,
                      "PEM file with the key of that certificate, readable by the user that "
                      "the daemon becomes and not by everybody")
          ->needs(certificate);
  certificate->needs(key);
}

/// Who may reach the daemon, and as whom.
void add_callers(CLI::App* serve, ServeOptions& options) {
  serve
      ->add_option("--listen", options.listen,
                   "Address and port of the API; one that other hosts reach only with keys and TLS")
      ->capture_default_str();
  serve->add_option("--account-id", options.account_id, "Account that functions belong to")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const bool is_valid =
            text.size() == 12 && text.find_first_not_of("0123456789") == std::string::npos;
        return is_valid ? std::string() : std::string("must have 12 digits");
      });
  serve->add_option("--region", options.region, "Region of requests that are not signed for one")
      ->capture_default_str();
  auto* plain = serve->add_flag("--plain-http", options.plain_http,
                                "Serve other hosts without TLS: requests are signed, but anybody "
                                "on the way can read them");
  add_tls(*serve, *plain, options);
}

}  // namespace

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* serve =
      app.add_subcommand("serve", "Run the daemon: the Lambda API and the environments behind it");
  serve->group("Serve")->footer(
      "Examples:\n"
      "  proa serve\n"
      "      as root: becomes user proa once its folder and its listener are open\n"
      "  proa serve --listen 127.0.0.1:9700 --data /srv/proa --user nobody\n"
      "  proa serve --runtime python3.12=/opt/python/bin/python3.12");
  add_callers(serve, options);
  serve->add_option("--data", options.data, "Folder of the catalog, code and disks")
      ->capture_default_str();
  serve
      ->add_option("--isolation", options.isolation,
                   "How environments of functions are isolated that do not say it themselves")
      ->capture_default_str()
      ->check(CLI::IsMember({"container", "microvm"}));
  serve->add_option("--user", options.user, "User the daemon becomes; a name or a numeric uid")
      ->capture_default_str();
  add_threads(*serve, options);
  add_capacity(*serve, options);
  add_events(*serve, options);
  add_schedules(*serve, options);
  add_function_logs(*serve, options);
  serve
      ->add_option("--stop-timeout", options.stop_timeout_s,
                   "Seconds that running calls get at the end")
      ->capture_default_str();
  serve
      ->add_option("--cpu-policy", options.cpu_policy,
                   "weight: CPU in proportion to memory, idle CPU is shared; quota: 1,769 MB = 1 "
                   "vCPU, as on Lambda")
      ->capture_default_str()
      ->check(CLI::IsMember({"weight", "quota"}));
  add_network(*serve, options);
  add_telemetry(*serve, options);
  add_export(*serve, options);
  serve->add_option("--s3-folder", options.s3_folder,
                    "Folder whose BUCKET/KEY is what s3://BUCKET/KEY names as a source of code");
  add_guests(*serve, options);
  add_runtimes(*serve, options);
  serve->add_option("--runtimes", options.runtimes, "Folder of the language bootstraps");
  serve->add_option("--launcher", options.launcher, "The program proa-launcher");
}

}  // namespace proa::apps
