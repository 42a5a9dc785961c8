#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kStatus = R"({"version":"0.1.0","user":"proa","isolation":"container",
  "shards":2,"pinning":"on","auth":"off",
  "interpreters":[{"runtime":"python3.11","version":"3.11.2","path":"/usr/bin/python3.11"}],
  "environments":{"idle":1,"running":0},
  "events":{"waiting":3,"dead_letters":1},
  "host":{"cgroup":"hybrid","network":{"uplink":"pasta","reason":"no forwarding"},
    "limits":{"memory":{"enforced":true,"by":"/sys/memory.max"},
              "cpu_quota":{"enforced":false,"by":"not asked for"}}}})";

TEST_F(CliDaemonTest, StatusSaysWhatThereIsAndWhatHolds) {
  body_ = kStatus;
  EXPECT_EQ(run({"status"}),
            "Proa 0.1.0: auth off, 2 shards, pinning on, isolation container, user proa\n"
            "environments   idle 1, running 0\n"
            "events         waiting 3, dead letters 1\n"
            "network        pasta (no forwarding)\n"
            "cgroup         hybrid\n"
            "limit memory   enforced by /sys/memory.max\n"
            "limit cpu_quota  NOT enforced: not asked for\n"
            "runtime        python3.11 by /usr/bin/python3.11 (3.11.2)\n");
  EXPECT_EQ(asked_, "GET /proa/v1/status ");
}

TEST_F(CliDaemonTest, StatusTellsOfTheCertificateAndItsReload) {
  body_ = R"({"version":"0.1.0","interpreters":[],"host":"no","tls":{"subject":"CN=proa.example",
    "serial":"1A","expires":"2027-02-01T00:00:00.000Z"}})";
  EXPECT_NE(
      run({"status"})
          .find(
              "tls            CN=proa.example, serial 1A, expires 2027-02-01T00:00:00.000Z\nhost"),
      std::string::npos)
      << printed_;
  body_ = R"({"version":"0.1.0","interpreters":[],"host":"no","tls":{"subject":"CN=proa.example",
    "serial":"1A","expires":"2026-02-01","problem":"expired on 2026-02-01",
    "reload":"failed now: why"}})";
  EXPECT_NE(run({"status"})
                .find("tls problem    expired on 2026-02-01\n"
                      "tls reload     failed now: why\n"),
            std::string::npos)
      << printed_;
}

TEST_F(CliDaemonTest, StatusTellsWhoPlaysGuestsProcessorsAndWhy) {
  body_ = R"({"version":"0.1.0","interpreters":[],"host":"no",
    "guests":{"accelerator":"tcg","reason":"there is no /dev/kvm","images":3}})";
  EXPECT_NE(run({"status"}).find("guests         tcg (there is no /dev/kvm)\nhost"),
            std::string::npos)
      << printed_;
  body_ = R"({"version":"0.1.0","interpreters":[],"host":"no",
    "guests":{"accelerator":null,"reason":"no guest kernel: add one"}})";
  EXPECT_NE(run({"status"}).find("guests         no guest kernel: add one\nhost"),
            std::string::npos)
      << printed_;
}

TEST_F(CliDaemonTest, StatusOfALauncherThatIsGoneSaysSo) {
  body_ = R"({"version":"0.1.0","interpreters":[],"host":"the launcher does not answer"})";
  EXPECT_NE(run({"status"}).find("host           the launcher does not answer\n"),
            std::string::npos);
}

TEST_F(CliDaemonTest, StatusAsJsonIsWhatTheDaemonSaid) {
  body_ = R"({"version":"0.1.0"})";
  EXPECT_EQ(run({"status", "--json"}), "{\n  \"version\": \"0.1.0\"\n}\n");
}

}  // namespace
}  // namespace proa::cli
