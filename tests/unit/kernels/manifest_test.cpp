#include "kernels/manifest.h"

#include <gtest/gtest.h>

namespace proa::kernels {
namespace {

Manifest sample() {
  Manifest manifest;
  manifest.name = "stock";
  manifest.package = "linux-image-6.1.0-9-cloud-amd64";
  manifest.package_version = "1:6.1.9-1~x+b1";
  manifest.architecture = "x86_64";
  manifest.kernel = {3, std::string(64, 'a')};
  manifest.initrd = {4, std::string(64, 'b')};
  manifest.modules = {"virtio", "virtio_mmio"};
  manifest.made = WallTime(std::chrono::milliseconds(1735689600123));
  return manifest;
}

std::string failure(std::string_view text) {
  const auto read = decode_manifest(text);
  if (read) return "none";
  return std::string(to_string(read.error().code())) + " " + read.error().message();
}

/// The sample with one text instead of another.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = encode(sample());
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, IsReadAsItWasWritten) {
  Manifest manifest = sample();
  EXPECT_EQ(encode(manifest),
            R"({"format":1,"name":"stock","package":"linux-image-6.1.0-9-cloud-amd64",)"
            R"("package_version":"1:6.1.9-1~x+b1","architecture":"x86_64",)"
            R"("kernel":{"bytes":3,"sha256":")" +
                std::string(64, 'a') + R"("},"initrd":{"bytes":4,"sha256":")" +
                std::string(64, 'b') +
                R"("},"needs_acpi":true,"may_use_noapictimer":false,)"
                R"("modules":["virtio","virtio_mmio"],"made_ms":1735689600123})"
                "\n");
  const auto read = decode_manifest(encode(manifest));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(encode(read.value()), encode(manifest));
  EXPECT_FALSE(read.value().measured);
  manifest.measured = Measurement{"tcg", std::chrono::milliseconds(650), 30, 24};
  EXPECT_NE(encode(manifest).find(R"("measured":{"accelerator":"tcg","boot_ms":650,)"
                                  R"("memory_min_mib":30,"memory_kept_mib":24})"),
            std::string::npos);
  EXPECT_EQ(decode_manifest(encode(manifest)).value().measured, manifest.measured);
  manifest.init_sha256 = std::string(64, 'd');
  EXPECT_EQ(decode_manifest(encode(manifest)).value().init_sha256, manifest.init_sha256);
  manifest.may_use_noapictimer = true;
  EXPECT_EQ(encode(decode_manifest(encode(manifest)).value()), encode(manifest));
}

TEST(Manifest, TellsOutOfWhatAKernelWasBuilt) {
  Manifest manifest = sample();
  const std::string id = id_of(manifest);
  manifest.build =
      BuildRecord{std::string(64, 'c'),
                  "6.1.9-proa-net",
                  "gcc (Debian 12.2.0-14) 12.2.0",
                  {"CONFIG_NET=y", "CONFIG_NR_CPUS=8"},
                  {{"CONFIG_AIO", {"io_setup", "io_submit"}}, {"CONFIG_BPF", {"bpf"}}}};
  EXPECT_EQ(id_of(manifest), id) << "the bytes are the same";
  const std::string text = encode(manifest);
  EXPECT_NE(text.find(R"("lacks":{"CONFIG_AIO":["io_setup","io_submit"],"CONFIG_BPF":["bpf"]})"),
            std::string::npos)
      << text;
  const auto read = decode_manifest(text);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_TRUE(read.value().build);
  EXPECT_EQ(encode(read.value()), text);
  EXPECT_EQ(read.value().build->compiler, "gcc (Debian 12.2.0-14) 12.2.0");
  EXPECT_FALSE(decode_manifest(encode(sample())).value().build);
  const auto wrong = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    return failure(other.replace(other.find(from), from.size(), to));
  };
  EXPECT_EQ(wrong(std::string(64, 'c'), "c"), "corrupt manifest.json has no right 'build.key'");
  EXPECT_EQ(wrong("\"io_setup\"", "7"), "corrupt manifest.json has no right 'build.lacks'");
  EXPECT_EQ(wrong("CONFIG_NET=y", "\\n"), "corrupt manifest.json has no right 'build.options'");
  EXPECT_EQ(wrong("\"build\":{", "\"build\":7,\"x\":{"),
            "corrupt manifest.json has no right 'build'");
}

TEST(Manifest, OfANewerFormatIsRefusedByName) {
  EXPECT_EQ(failure(changed("\"format\":1", "\"format\":2")),
            "unsupported manifest.json has format 2, this Proa knows formats up to 1: it takes a "
            "newer Proa");
  EXPECT_EQ(failure(R"({"format":2})").substr(0, 11), "unsupported") << "whatever else is in it";
  EXPECT_EQ(failure(R"({"format":0})"), "corrupt manifest.json has no right 'format'");
  EXPECT_EQ(failure("{}"), "corrupt manifest.json has no right 'format'");
}

TEST(Manifest, ThatIsNoneNamesWhatIsWrong) {
  for (const char* text : {"", "{", "[]", "7", "null", "\xff", R"({"format":1}x)"}) {
    EXPECT_EQ(failure(text), "corrupt manifest.json is no JSON object") << text;
  }
  EXPECT_EQ(failure(std::string(kManifestMax + 1, ' ')), "corrupt manifest.json is too large");
  const auto wrong = [](const std::string& name) {
    return "corrupt manifest.json has no right '" + name + "'";
  };
  EXPECT_EQ(failure(changed("\"name\":\"stock\"", "\"name\":7")), wrong("name"));
  EXPECT_EQ(failure(changed("\"name\":\"stock\"", "\"name\":\"\"")), wrong("name"));
  EXPECT_EQ(failure(changed("\"stock\"", "\"a/b\"")), wrong("name"));
  EXPECT_EQ(failure(changed("\"architecture\"", "\"other\"")), wrong("architecture"));
  EXPECT_EQ(failure(changed("{\"bytes\":3", "{\"bytes\":-3")), wrong("kernel"));
  EXPECT_EQ(failure(changed("bbbb\"}", "bbbB\"}")), wrong("initrd"));
  EXPECT_EQ(failure(changed("bbbb\"}", "bbb\"}")), wrong("initrd"));
  EXPECT_EQ(failure(changed("acpi\":true", "acpi\":1")), wrong("needs_acpi"));
  EXPECT_EQ(failure(changed("timer\":false", "timer\":null")), wrong("may_use_noapictimer"));
  EXPECT_EQ(failure(changed("[\"virtio\"", "[\"../virtio\"")), wrong("modules"));
  EXPECT_EQ(failure(changed("[\"virtio\"", "[7")), wrong("modules"));
  EXPECT_EQ(failure(changed("\"made_ms\"", "\"measured\":7,\"made_ms\"")), wrong("measured"));
  EXPECT_EQ(failure(changed("\"made_ms\"", R"("measured":{"accelerator":"tcg"},"made_ms")")),
            wrong("measured.boot_ms"));
  EXPECT_EQ(failure(changed("\"made_ms\"", R"("measured":{"accelerator":"tcg","boot_ms":1,)"
                                           R"("memory_min_mib":70000},"made_ms")")),
            wrong("measured.memory_min_mib"));
  EXPECT_EQ(failure(changed("1735689600123", "9999999999999999")), wrong("made_ms"));
}

TEST(KernelId, DependsOnContentAndOnWhatMattersForBooting) {
  const std::string id = id_of(sample());
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  Manifest same = sample();
  same.name = "other";
  same.package = "other";
  same.package_version = "2";
  same.made = WallTime();
  same.measured = Measurement();
  EXPECT_EQ(id_of(same), id);
  const auto differs = [&](auto change) {
    Manifest other = sample();
    change(other);
    return id_of(other) != id;
  };
  EXPECT_TRUE(differs([](Manifest& m) { m.kernel.sha256[0] = 'c'; }));
  EXPECT_TRUE(differs([](Manifest& m) { m.initrd.sha256[0] = 'c'; }));
  EXPECT_TRUE(differs([](Manifest& m) { m.needs_acpi = false; }));
  EXPECT_TRUE(differs([](Manifest& m) { m.may_use_noapictimer = true; }));
  EXPECT_TRUE(differs([](Manifest& m) { std::swap(m.modules[0], m.modules[1]); }));
  EXPECT_TRUE(differs([](Manifest& m) { m.architecture = "arm64"; }));
}

}  // namespace
}  // namespace proa::kernels
