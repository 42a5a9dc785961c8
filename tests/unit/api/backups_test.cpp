#include "backup/backup.h"
#include "unit/api/fakes.h"

namespace proa::api {
namespace {

using identity::Right;
using identity::Rights;

class FakeBackups final : public backup::BackupStore {
 public:
  Result<backup::Backup> make() override {
    if (failure) return *failure;
    backup::Backup made;
    made.id = "id";
    made.files = {{"catalog/catalog.db", 3}};
    made.bytes = 3;
    return made;
  }
  Result<std::string> read(std::string_view id, std::size_t index, std::uint64_t offset) override {
    asked = std::string(id) + " " + std::to_string(index) + " " + std::to_string(offset);
    if (failure) return *failure;
    return std::string("a\0b", 3);
  }
  Result<void> remove(std::string_view id) override {
    asked = "remove " + std::string(id);
    return ok();
  }
  std::optional<Error> failure;
  std::string asked;
};

class BackupsTest : public ApiTest {
 protected:
  BackupsTest() {
    ApiOptions options;
    options.backups = &backups_;
    make(std::move(options));
  }
  FakeBackups backups_;
};

TEST_F(BackupsTest, AreMadeReadAndRemoved) {
  auto response = send("POST", "/proa/v1/backups");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"backup_id":"id","bytes":3,"part_bytes_max":4194304,)"
                           R"("files":[{"path":"catalog/catalog.db","size":3}]})");
  response = send("GET", "/proa/v1/backups/id/files/2?offset=17");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, std::string("a\0b", 3));
  EXPECT_EQ(backups_.asked, "id 2 17");
  send("GET", "/proa/v1/backups/id/files/2");
  EXPECT_EQ(backups_.asked, "id 2 0");
  EXPECT_EQ(send("DELETE", "/proa/v1/backups/id").status, 204);
  EXPECT_EQ(backups_.asked, "remove id");
}

TEST_F(BackupsTest, RefuseBadInputByName) {
  for (const char* path : {"/proa/v1/backups/id/files/x", "/proa/v1/backups/id/files/-1",
                           "/proa/v1/backups/id/files/1?offset=", "/proa/v1/backups/id/files/1x"}) {
    EXPECT_EQ(failure(send("GET", path)),
              "400 InvalidParameterValueException User message=A file of a backup has a number, "
              "and ?offset= is one");
  }
  EXPECT_EQ(backups_.asked, "");
  backups_.failure = Error(Errc::not_found, "There is no such backup");
  EXPECT_EQ(send("GET", "/proa/v1/backups/id/files/1").status, 404);
}

TEST_F(BackupsTest, AreForAdmins) {
  const auto admin = make_key(Rights{Right::admin});
  const auto deployer = make_key(Rights{Right::deploy, Right::configure, Right::logs});
  EXPECT_EQ(send_signed(*deployer, "POST", "/proa/v1/backups").status, 403);
  EXPECT_EQ(send_signed(*deployer, "GET", "/proa/v1/backups/id/files/0").status, 403);
  EXPECT_EQ(send_signed(*admin, "POST", "/proa/v1/backups").status, 201);
}

TEST_F(ApiTest, HasNoBackupsWithoutADataFolder) {
  EXPECT_EQ(failure(send("POST", "/proa/v1/backups")),
            "400 InvalidParameterValueException User message=Backups are not supported here");
}

}  // namespace
}  // namespace proa::api
