#include "kernels/kernels.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

using namespace std::chrono_literals;
using identity::Right;
using identity::Rights;

class FakeKernels final : public kernels::KernelStore {
 public:
  Result<kernels::KernelList> list() override {
    if (failure) return *failure;
    return kernels::KernelList{{kernel}, {{"odd", "it is not a folder"}}, adding};
  }
  Result<kernels::Kernel> find(std::string_view name_or_id) override {
    asked = "find " + std::string(name_or_id);
    if (failure) return *failure;
    return kernel;
  }
  Result<kernels::Verification> verify(std::string_view name_or_id) override {
    asked = "verify " + std::string(name_or_id);
    return kernels::Verification{kernel, problems};
  }
  Result<void> remove(std::string_view name_or_id) override {
    asked = "remove " + std::string(name_or_id);
    return ok();
  }
  Result<kernels::UsedKernel> use(std::string_view) override {
    return Error(Errc::internal, "machines ask, not the API");
  }
  Result<kernels::Kernel> sign(std::string_view id) override {
    asked = "sign " + std::string(id);
    if (failure) return *failure;
    return kernel;
  }
  Result<kernels::Kernel> note(std::string_view id, kernels::Measurement measured) override {
    asked = "note " + std::string(id);
    kernel.manifest.measured = std::move(measured);
    return kernel;
  }
  Result<kernels::AddedKernel> add_stock() override {
    asked = "add";
    if (failure) return *failure;
    return kernels::AddedKernel{kernel, is_new};
  }
  Result<std::unique_ptr<kernels::KernelBuild>> begin_build(std::string_view) override {
    return Error(Errc::internal, "the builder asks, not the API");
  }
  void stop() override {}
  bool is_stopped() const override { return false; }

  kernels::Kernel kernel;
  std::string adding;
  std::vector<std::string> problems;
  bool is_new = true;
  std::optional<Error> failure;
  std::string asked;
};

class KernelEndpointsTest : public ApiTest {
 protected:
  KernelEndpointsTest() {
    kernels::Manifest& manifest = kernels_.kernel.manifest;
    kernels_.kernel.id = "0123456789abcdef0123456789abcdef";
    manifest.name = "stock";
    manifest.package = "linux-image-6.1.0-9-cloud-amd64";
    manifest.package_version = "6.1.9-1";
    manifest.architecture = "x86_64";
    manifest.kernel = {3, "aa"};
    manifest.initrd = {4, "bb"};
    manifest.modules = {"virtio"};
    manifest.made = kNow;
    ApiOptions options;
    options.kernels = &kernels_;
    make(std::move(options));
  }
  static constexpr const char* kDescription =
      R"({"id":"0123456789abcdef0123456789abcdef","name":"stock",)"
      R"("package":"linux-image-6.1.0-9-cloud-amd64","version":"6.1.9-1","architecture":"x86_64",)"
      R"("made":"2025-01-01T00:00:00.123Z","bytes":7,"kernel":{"bytes":3,"sha256":"aa"},)"
      R"("initrd":{"bytes":4,"sha256":"bb"},"needs_acpi":true,"may_use_noapictimer":false,)"
      R"("modules":["virtio"],"machines":0})";
  FakeKernels kernels_;
};

TEST_F(KernelEndpointsTest, ListAndDescribeWhatIsStored) {
  auto response = send("GET", "/proa/v1/kernels");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string(R"({"kernels":[)") + kDescription +
                               R"(],"broken":[{"folder":"odd","reason":"it is not a folder"}]})");
  kernels_.adding = "unpacking";
  kernels_.kernel.manifest.measured = kernels::Measurement{"tcg", 2'400ms, 80, 53};
  kernels_.kernel.machines = 2;
  EXPECT_NE(send("GET", "/proa/v1/kernels").body.find(R"("adding":"unpacking"})"),
            std::string::npos);
  response = send("GET", "/proa/v1/kernels/stock");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(kernels_.asked, "find stock");
  EXPECT_EQ(body_of(response).at("machines").as_int64(), 2);
  EXPECT_NE(response.body.find(R"("measured":{"accelerator":"tcg","boot_ms":2400,)"
                               R"("memory_min_mib":80,"memory_kept_mib":53})"),
            std::string::npos)
      << response.body;
}

TEST_F(KernelEndpointsTest, AddTheStockKernel) {
  auto response = send("POST", "/proa/v1/kernels", R"({"source":"stock"})");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(body_of(response).at("is_new").as_bool(), true);
  EXPECT_EQ(kernels_.asked, "add");
  kernels_.is_new = false;
  response = send("POST", "/proa/v1/kernels", R"({"source":"stock"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(text(body_of(response), "name"), "stock");
  kernels_.failure = Error(Errc::conflict, "A kernel is being added already");
  EXPECT_EQ(send("POST", "/proa/v1/kernels", R"({"source":"stock"})").status, 409);
  kernels_.failure = Error(Errc::unavailable, "no mirror");
  EXPECT_EQ(send("POST", "/proa/v1/kernels", R"({"source":"stock"})").status, 503);
  kernels_.failure = Error(Errc::unsupported, "there is no apt-get on this host");
  EXPECT_EQ(send("POST", "/proa/v1/kernels", R"({"source":"stock"})").status, 400);
}

TEST_F(KernelEndpointsTest, MeasureWhatIsAddedOnceAndWhenAsked) {
  std::optional<Error> broken;
  int boots = 0;
  ApiOptions options;
  options.kernels = &kernels_;
  options.measure_kernel = [&](const kernels::Kernel& kernel) -> Task<kernels::Measurement> {
    EXPECT_EQ(kernel.id, kernels_.kernel.id);
    ++boots;
    if (broken) co_return *broken;
    co_return kernels::Measurement{"kvm", 200ms, 80, 53};
  };
  make(std::move(options));
  broken = Error(Errc::unsupported, "qemu-system-x86_64 is not installed on this host");
  auto response = send("POST", "/proa/v1/kernels", R"({"source":"stock"})");
  EXPECT_EQ(response.status, 201) << "it is stored all the same";
  EXPECT_EQ(text(body_of(response), "not_measured"), broken->message());
  EXPECT_EQ(failure(send("POST", "/proa/v1/kernels/stock/measure")),
            "400 InvalidParameterValueException User message=" + broken->message());
  broken.reset();
  response = send("POST", "/proa/v1/kernels", R"({"source":"stock"})");
  EXPECT_EQ(kernels_.asked, "note " + kernels_.kernel.id);
  EXPECT_NE(response.body.find(R"("measured":{"accelerator":"kvm")"), std::string::npos);
  EXPECT_EQ(response.body.find("not_measured"), std::string::npos);
  EXPECT_EQ(boots, 3);
  send("POST", "/proa/v1/kernels", R"({"source":"stock"})");
  EXPECT_EQ(boots, 3) << "it is known";
  response = send("POST", "/proa/v1/kernels/stock/measure");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(boots, 4) << "somebody wants to know it again";
}

TEST_F(KernelEndpointsTest, SignWhatSomebodyTrusts) {
  EXPECT_EQ(send("POST", "/proa/v1/kernels/0123/sign").status, 200);
  EXPECT_EQ(kernels_.asked, "sign 0123");
  kernels_.failure = Error(Errc::not_found, "There is no kernel '0123'");
  EXPECT_EQ(send("POST", "/proa/v1/kernels/0123/sign").status, 404);
}

TEST_F(KernelEndpointsTest, BuildAVariant) {
  std::string asked;
  kernels::BuildRecord build;
  build.key = "cc";
  build.release = "6.1.9-proa-net";
  build.compiler = "gcc 12";
  build.options = {"CONFIG_NET=y"};
  build.lacks = {{"CONFIG_AIO", {"io_setup", "io_submit"}}};
  kernels_.kernel.manifest.build = build;
  ApiOptions options;
  options.kernels = &kernels_;
  options.build_kernel = [&](std::string variant) -> Task<kernels::AddedKernel> {
    asked = variant;
    if (kernels_.failure) co_return *kernels_.failure;
    co_return kernels::AddedKernel{kernels_.kernel, kernels_.is_new};
  };
  make(std::move(options));
  const char* body = R"({"source":"build","variant":"net"})";
  auto response = send("POST", "/proa/v1/kernels", body);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(asked, "net");
  EXPECT_NE(response.body.find(R"("build":{"release":"6.1.9-proa-net","compiler":"gcc 12",)"
                               R"("key":"cc","options":["CONFIG_NET=y"],)"
                               R"("lacks":{"CONFIG_AIO":["io_setup","io_submit"]}})"),
            std::string::npos)
      << response.body;
  kernels_.is_new = false;
  EXPECT_EQ(send("POST", "/proa/v1/kernels", body).status, 200);
  kernels_.failure = Error(Errc::not_found, "There is no kernel variant 'net'");
  EXPECT_EQ(send("POST", "/proa/v1/kernels", body).status, 404);
  EXPECT_EQ(kernels_.asked, "");
}

TEST_F(KernelEndpointsTest, RefuseOtherSourcesByName) {
  const auto refused = [&](const char* body) {
    return failure(send("POST", "/proa/v1/kernels", body));
  };
  const std::string begin = "400 InvalidParameterValueException User message=";
  EXPECT_EQ(refused("{}"), begin + "The request needs a source: \"stock\" or \"build\"");
  EXPECT_EQ(refused(R"({"source":"mine"})"),
            begin + "There is no source 'mine'; stock and build are some");
  const std::string variant =
      begin + "A variant goes with the source \"build\", and with no other one";
  EXPECT_EQ(refused(R"({"source":"stock","variant":"net"})"), variant);
  EXPECT_EQ(refused(R"({"source":"build"})"), variant);
  EXPECT_EQ(refused(R"({"source":"build","variant":"net"})"),
            begin + "Building kernels is not supported here");
  EXPECT_EQ(refused(R"({"source":"stock","x":1})"),
            begin + "There is no member 'x' in this request");
  EXPECT_EQ(refused("7").substr(0, 26), "400 SerializationException");
  EXPECT_EQ(refused(R"({"source":7})").substr(0, 26), "400 SerializationException");
  EXPECT_EQ(kernels_.asked, "");
}

TEST_F(KernelEndpointsTest, VerifyAndRemove) {
  EXPECT_EQ(send("POST", "/proa/v1/kernels/0123/verify").body,
            R"({"id":"0123456789abcdef0123456789abcdef","is_intact":true,"problems":[]})");
  EXPECT_EQ(kernels_.asked, "verify 0123");
  kernels_.problems = {"initrd has changed"};
  EXPECT_EQ(send("POST", "/proa/v1/kernels/0123/verify").body,
            R"({"id":"0123456789abcdef0123456789abcdef","is_intact":false,)"
            R"("problems":["initrd has changed"]})");
  EXPECT_EQ(send("DELETE", "/proa/v1/kernels/a%20b").status, 204);
  EXPECT_EQ(kernels_.asked, "remove a b");
  kernels_.failure = Error(Errc::not_found, "There is no kernel 'x'");
  EXPECT_EQ(failure(send("GET", "/proa/v1/kernels/x")),
            "404 ResourceNotFoundException User Message=There is no kernel 'x'");
}

TEST_F(KernelEndpointsTest, VerifyBootsAGuestWhereThatIsAskedAndSaysHow) {
  const char* path = "/proa/v1/kernels/0123/verify";
  EXPECT_EQ(failure(send("POST", path, R"({"boot":true})")),
            "400 InvalidParameterValueException User message=Guests are not supported here");
  std::optional<Error> broken;
  std::string booted;
  ApiOptions options;
  options.kernels = &kernels_;
  options.boot_kernel = [&](const kernels::Kernel& kernel) -> Task<KernelBoot> {
    booted = kernel.id;
    if (broken) co_return *broken;
    KernelBoot boot;
    boot.accelerator = "tcg";
    boot.reason = "there is no /dev/kvm";
    boot.took = std::chrono::milliseconds(2'400);
    co_return boot;
  };
  make(std::move(options));
  EXPECT_EQ(send("POST", path, "{}").body.find("boot"), std::string::npos);
  EXPECT_EQ(booted, "");
  EXPECT_EQ(send("POST", path, R"({"boot":true})").body,
            R"({"id":"0123456789abcdef0123456789abcdef","is_intact":true,"problems":[],)"
            R"("boot":{"accelerator":"tcg","reason":"there is no /dev/kvm","took_ms":2400}})");
  EXPECT_EQ(booted, kernels_.kernel.id);
  broken = Error(Errc::deadline, "the guest did not answer");
  EXPECT_NE(send("POST", path, R"({"boot":true})")
                .body.find(R"("boot":{"problem":"the guest did not answer"})"),
            std::string::npos);
  broken = Error(Errc::os, "clone3: no memory");
  EXPECT_EQ(send("POST", path, R"({"boot":true})").status, 500);
  booted.clear();
  kernels_.problems = {"initrd has changed"};
  EXPECT_EQ(send("POST", path, R"({"boot":true})").body.find("\"boot\""), std::string::npos)
      << "what has changed is not booted";
  EXPECT_EQ(booted, "");
  EXPECT_EQ(send("POST", path, R"({"boots":true})").status, 400);
}

TEST_F(KernelEndpointsTest, AreForAdmins) {
  const auto admin = make_key(Rights{Right::admin});
  const auto other = make_key(Rights{Right::deploy, Right::configure, Right::logs, Right::invoke});
  const std::vector<std::pair<const char*, const char*>> all = {
      {"GET", "/proa/v1/kernels"},
      {"POST", "/proa/v1/kernels"},
      {"GET", "/proa/v1/kernels/x"},
      {"POST", "/proa/v1/kernels/x/verify"},
      {"POST", "/proa/v1/kernels/x/measure"},
      {"POST", "/proa/v1/kernels/x/sign"},
      {"DELETE", "/proa/v1/kernels/x"}};
  for (const auto& [method, path] : all) {
    EXPECT_EQ(send_signed(*other, method, path).status, 403) << path;
  }
  EXPECT_EQ(kernels_.asked, "");
  EXPECT_EQ(send_signed(*admin, "GET", "/proa/v1/kernels").status, 200);
}

TEST_F(ApiTest, HasNoKernelsWithoutADataFolder) {
  EXPECT_EQ(failure(send("GET", "/proa/v1/kernels")),
            "400 InvalidParameterValueException User message=Guest kernels are not supported here");
}

}  // namespace
}  // namespace proa::api
