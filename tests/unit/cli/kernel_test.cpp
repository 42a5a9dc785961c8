#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

constexpr const char* kKernel =
    R"({"id":"0123456789abcdef0123456789abcdef","name":"stock",
        "package":"linux-image-6.1.0-9-cloud-amd64","version":"6.1.9-1","architecture":"x86_64",
        "made":"2026-11-26T12:00:00.000Z","bytes":10485760,"is_new":true,
        "kernel":{"bytes":8388608,"sha256":"aa"},"initrd":{"bytes":2097152,"sha256":"bb"},
        "needs_acpi":true,"may_use_noapictimer":false,"modules":["virtio","virtio_mmio"]})";

TEST_F(CliDaemonTest, KernelAddSaysWhatIsStored) {
  status_ = 201;
  body_ = kKernel;
  EXPECT_EQ(run({"kernel", "add", "stock"}),
            "The stock kernel 6.1.9-1 (0123456789abcdef0123456789abcdef) is stored: 10 MiB.\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/kernels {"source":"stock"})");
  status_ = 200;
  body_ = R"({"id":"01","name":"stock","version":"6.1","is_new":false})";
  EXPECT_EQ(run({"kernel", "add", "stock"}), "The stock kernel 6.1 (01) was there already.\n");
  EXPECT_EQ(run({"kernel", "add", "stock", "--json"}).substr(0, 15), "{\n  \"id\": \"01\",");
}

TEST_F(CliDaemonTest, KernelAddPassesOnWhyItCannotBe) {
  status_ = 503;
  body_ = R"({"message":"apt-get failed (status 100): Could not resolve the name"})";
  EXPECT_NE(run({"kernel", "add", "stock"}).find("Could not resolve the name"), std::string::npos);
  asked_.clear();
  EXPECT_EQ(run({"kernel", "add", "mine"}).substr(0, 6), "error:");
  EXPECT_EQ(code_, 2);
  EXPECT_EQ(asked_, "") << "refused before the daemon is asked";
}

TEST_F(CliDaemonTest, KernelBuildSaysWhatIsStored) {
  status_ = 201;
  body_ = R"({"id":"01","name":"net","version":"6.1.9-1","bytes":10485760,"is_new":true})";
  EXPECT_EQ(run({"kernel", "build", "net"}), "The net kernel 6.1.9-1 (01) is stored: 10 MiB.\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/kernels {"source":"build","variant":"net"})");
  status_ = 404;
  body_ = R"({"Message":"There is no kernel variant 'x'; these can be built: net"})";
  EXPECT_EQ(run({"kernel", "build", "x"}),
            "error: There is no kernel variant 'x'; these can be built: net");
  EXPECT_EQ(run({"kernel", "build"}).substr(0, 6), "error:");
  EXPECT_EQ(code_, 2);
}

TEST_F(CliDaemonTest, KernelsThatAreAddedSayWhatBootingThemTold) {
  status_ = 201;
  body_ = R"({"id":"01","name":"net","version":"6.1","bytes":1048576,"is_new":true,"measured":{
              "accelerator":"tcg","boot_ms":650,"memory_min_mib":30,"memory_kept_mib":24}})";
  const std::string told =
      "It boots in 650 ms by tcg, keeps 24 MiB of a machine's memory, and boots with 30 MiB at "
      "least.\n";
  EXPECT_EQ(run({"kernel", "build", "net"}),
            "The net kernel 6.1 (01) is stored: 1.0 MiB.\n" + told);
  EXPECT_EQ(run({"kernel", "measure", "net"}), "The net kernel 6.1 (01) is measured.\n" + told);
  EXPECT_EQ(asked_, "POST /proa/v1/kernels/net/measure {}");
  body_ = R"({"id":"01","name":"net","version":"6.1","bytes":1048576,"is_new":true,
              "not_measured":"no QEMU"})";
  EXPECT_EQ(run({"kernel", "build", "net"}),
            "The net kernel 6.1 (01) is stored: 1.0 MiB.\n"
            "It could not be booted here, so its machines get memory for a large one: no QEMU\n");
}

constexpr const char* kStored = R"({"kernels":[{"name":"net"},{"name":"stock"},{"name":"net"}]})";

TEST_F(CliDaemonTest, KernelUpdateAsksForEachNameOnce) {
  bodies_ = {kStored, R"({"id":"02","name":"net","version":"6.2","bytes":1048576,"is_new":true})",
             R"({"id":"01","name":"stock","version":"6.1","bytes":1048576,"is_new":false})"};
  EXPECT_EQ(run({"kernel", "update"}),
            "The net kernel 6.2 (02) is stored: 1.0 MiB.\n"
            "The stock kernel 6.1 (01) was there already.\n");
  EXPECT_EQ(all_asked_,
            (std::vector<std::string>{"GET /proa/v1/kernels ",
                                      R"(POST /proa/v1/kernels {"source":"build","variant":"net"})",
                                      R"(POST /proa/v1/kernels {"source":"stock"})"}));
  body_ = R"({"kernels":[]})";
  EXPECT_EQ(run({"kernel", "update"}),
            "error: There is no kernel to update. Store one: proa kernel add stock, or proa kernel "
            "build net");
}

TEST_F(CliDaemonTest, KernelUpdateGoesOnAfterAFailureAndEndsWithOne) {
  bodies_ = {kStored, R"({"message":"apt reaches no mirror"})",
             R"({"id":"01","name":"stock","version":"6.1","is_new":false})"};
  statuses_ = {200, 503, 200};
  EXPECT_EQ(run({"kernel", "update"}),
            "The net kernel stays: apt reaches no mirror\n"
            "The stock kernel 6.1 (01) was there already.\n");
  EXPECT_EQ(code_, static_cast<int>(ExitCode::failed));
}

TEST_F(CliDaemonTest, KernelSignNamesTheKernel) {
  body_ = R"({"id":"01","name":"net","version":"6.1"})";
  EXPECT_EQ(run({"kernel", "sign", "01"}),
            "The net kernel 6.1 (01) is signed: this host boots it.\n");
  EXPECT_EQ(asked_, "POST /proa/v1/kernels/01/sign ");
  status_ = 500;
  body_ = R"({"Message":"initrd has the SHA-256 b"})";
  EXPECT_EQ(run({"kernel", "sign", "01"}), "error: initrd has the SHA-256 b");
}

TEST_F(CliDaemonTest, KernelShowTellsOutOfWhatOneWasBuilt) {
  body_ = R"({"id":"01","name":"net","needs_acpi":false,"modules":[],"machines":2,
              "measured":{"accelerator":"tcg","boot_ms":650,"memory_min_mib":30,
                          "memory_kept_mib":24},"build":{
              "release":"6.1.9-proa-net","compiler":"gcc 12.2.0","key":"ab",
              "options":["CONFIG_NET=y","CONFIG_UNIX=y"],
              "lacks":{"CONFIG_AIO":["io_setup","io_submit"],"CONFIG_BPF":["bpf"]}}})";
  const std::string shown = run({"kernel", "show", "net"});
  EXPECT_NE(shown.find("needs ACPI:   no\n"
                       "machines:     2\n"
                       "boots in:     650 ms by tcg\n"
                       "keeps:        24 MiB of a machine's memory\n"
                       "least memory: 30 MiB\n"
                       "release:      6.1.9-proa-net\n"
                       "compiler:     gcc 12.2.0\n"
                       "options:      CONFIG_NET=y,CONFIG_UNIX=y\n"
                       "lacks:        \n"
                       "  CONFIG_AIO: io_setup,io_submit\n"
                       "  CONFIG_BPF: bpf\n"),
            std::string::npos)
      << shown;
  body_ = R"({"id":"01","build":{"lacks":{}}})";
  EXPECT_NE(run({"kernel", "show", "net"}).find("lacks:        nothing\n"), std::string::npos);
}

TEST_F(CliDaemonTest, KernelListShowsKernelsAndWhatIsBroken) {
  around_.now = [] { return WallTime(std::chrono::seconds(1795694400)); };
  body_ = std::string(R"({"kernels":[)") + kKernel +
          R"(],"broken":[{"folder":"odd","reason":"it is not a folder"}],"adding":"unpacking"})";
  EXPECT_EQ(run({"kernel", "list"}),
            "KERNEL                            NAME   VERSION  ARCHITECTURE    SIZE  AGE\n"
            "0123456789abcdef0123456789abcdef  stock  6.1.9-1  x86_64        10 MiB   0s\n"
            "Broken: odd: it is not a folder\n"
            "One more is being added: unpacking\n");
  body_ = R"({"kernels":[],"broken":[]})";
  EXPECT_EQ(run({"kernel", "list"}),
            "No kernels. Store one: proa kernel add stock, or proa kernel build net\n");
}

TEST_F(CliDaemonTest, KernelShowHasTheManifest) {
  body_ = kKernel;
  EXPECT_EQ(run({"kernel", "show", "stock"}),
            "id:           0123456789abcdef0123456789abcdef\n"
            "name:         stock\n"
            "package:      linux-image-6.1.0-9-cloud-amd64 6.1.9-1\n"
            "architecture: x86_64\n"
            "made:         2026-11-26T12:00:00.000Z\n"
            "kernel:       8.0 MiB, SHA-256 aa\n"
            "initrd:       2.0 MiB, SHA-256 bb\n"
            "modules:      virtio,virtio_mmio\n"
            "needs ACPI:   yes\n"
            "measured:     no (proa kernel measure)\n");
  EXPECT_EQ(asked_, "GET /proa/v1/kernels/stock ");
}

TEST_F(CliDaemonTest, KernelVerifyEndsWithAnErrorWhenBytesDiffer) {
  body_ = R"({"id":"01","is_intact":true,"problems":[]})";
  EXPECT_EQ(run({"kernel", "verify", "01"}), "Kernel 01 is as it was stored.\n");
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(asked_, "POST /proa/v1/kernels/01/verify {}");
  body_ = R"({"id":"01","is_intact":false,"problems":["initrd has the SHA-256 b"]})";
  EXPECT_EQ(run({"kernel", "verify", "01"}),
            "Kernel 01 is not as it was stored:\n  initrd has the SHA-256 b\n"
            "Remove it (proa kernel remove) and add it again.\n");
  EXPECT_EQ(code_, 1);
}

TEST_F(CliDaemonTest, KernelVerifyTellsHowAGuestHasStarted) {
  body_ = R"({"id":"01","is_intact":true,"problems":[],
              "boot":{"accelerator":"tcg","reason":"there is no /dev/kvm","took_ms":2400}})";
  EXPECT_EQ(run({"kernel", "verify", "01", "--boot"}),
            "Kernel 01 is as it was stored, and boots in 2400 ms by tcg (there is no /dev/kvm).\n");
  EXPECT_EQ(asked_, R"(POST /proa/v1/kernels/01/verify {"boot":true})");
  EXPECT_EQ(code_, 0);
  body_ = R"({"id":"01","is_intact":true,"problems":[],"boot":{"problem":"no answer"}})";
  EXPECT_EQ(run({"kernel", "verify", "01", "--boot"}),
            "Kernel 01 is as it was stored, and does not boot here: no answer\n");
  EXPECT_EQ(code_, 1);
  EXPECT_NE(run({"kernel", "verify", "01", "--boot", "--json"}).find("no answer"),
            std::string::npos);
  EXPECT_EQ(code_, 1);
}

TEST_F(CliDaemonTest, KernelRemoveNamesTheKernel) {
  status_ = 204;
  body_ = "";
  EXPECT_EQ(run({"kernel", "remove", "01"}), "Kernel 01 is removed.\n");
  EXPECT_EQ(asked_, "DELETE /proa/v1/kernels/01 ");
  status_ = 404;
  body_ = R"({"Message":"There is no kernel 'x'"})";
  EXPECT_EQ(run({"kernel", "remove", "x"}), "error: There is no kernel 'x'");
  EXPECT_EQ(code_, 4);
}

TEST_F(CliDaemonTest, KernelIdsAreCompleted) {
  body_ = R"({"kernels":[{"id":"0123"},{"id":"abcd"}]})";
  EXPECT_EQ(run({"complete", "--", "kernel", "show", ""}), "0123\nabcd\n");
  EXPECT_EQ(asked_, "GET /proa/v1/kernels? ");
  EXPECT_EQ(run({"complete", "--", "kernel", "add", ""}), "stock\n");
}

}  // namespace
}  // namespace proa::cli
