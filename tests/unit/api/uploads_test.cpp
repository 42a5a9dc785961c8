#include "unit/api/fakes.h"
#include "unit/catalog/temp_folder.h"

namespace proa::api {
namespace {

constexpr const char* kUploadsPath = "/proa/v1/uploads";

class UploadsTest : public ApiTest {
 protected:
  UploadsTest() {
    std::string name = "/tmp/proa-uploads-test-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    catalog_.upload_store = catalog::UploadStore::open(folder_, clock_, {}).value();
  }
  ~UploadsTest() override {
    catalog_.upload_store.reset();  // its thread looks at the clock, which ends before the catalog
    std::filesystem::remove_all(folder_);
  }

  static std::string beginning(std::size_t bytes) {
    return R"({"bytes":)" + std::to_string(bytes) + R"(,"sha256":")" + to_hex(sha256("any")) +
           "\"}";
  }
  std::string begin(std::size_t bytes) {
    const auto answer = send("POST", kUploadsPath, beginning(bytes));
    EXPECT_EQ(answer.status, 201);
    return text(body_of(answer), "upload_id");
  }
  std::string refusal_of(const std::string& body) {
    return failure(send("POST", kUploadsPath, body));
  }

  std::filesystem::path folder_;
};

TEST_F(UploadsTest, AreFilledByParts) {
  const auto begun = body_of(send("POST", kUploadsPath, beginning(6)));
  EXPECT_EQ(begun.at("bytes").as_int64(), 6);
  EXPECT_EQ(begun.at("received").as_int64(), 0);
  EXPECT_EQ(begun.at("part_bytes_max").as_int64(), 8 * 1024 * 1024);
  const std::string path = std::string(kUploadsPath) + "/" + text(begun, "upload_id");
  EXPECT_EQ(body_of(send("PUT", path + "?offset=0", "abcd")).at("received").as_int64(), 4);
  EXPECT_EQ(failure(send("PUT", path + "?offset=0", "abcd")),
            "409 ResourceConflictException User message=The next part begins at offset 4");
  EXPECT_EQ(body_of(send("PUT", path + "?offset=4", "ef")).at("received").as_int64(), 6);
  EXPECT_EQ(body_of(send("GET", path)).at("received").as_int64(), 6);
  EXPECT_EQ(send("DELETE", path).status, 204);
  EXPECT_EQ(send("GET", path).status, 404);
}

TEST_F(UploadsTest, AreNamedAsTheSourceOfCode) {
  catalog_.put("f");
  const std::string id = begin(6);
  EXPECT_EQ(send("PUT", "/2015-03-31/functions/f/code", R"({"ProaUpload":")" + id + "\"}").status,
            200);
  EXPECT_EQ(catalog_.code_change->upload_id, id);
  EXPECT_EQ(failure(send("PUT", "/2015-03-31/functions/f/code",
                         R"({"ProaUpload":"x","ZipFile":"UEs="})")),
            "400 InvalidParameterValueException User message=Please do not provide other sources "
            "of the code beside ProaUpload.");
}

TEST_F(UploadsTest, RefuseWhatDoesNotSayWhatComes) {
  for (const char* body : {"{}", R"({"bytes":0,"sha256":"00"})", R"({"bytes":-5})"}) {
    EXPECT_EQ(
        refusal_of(body),
        "400 InvalidParameterValueException User message='bytes' must be the size of the file")
        << body;
  }
  const std::string no_digest =
      "400 InvalidParameterValueException User message='sha256' must be the SHA-256 of the file, "
      "64 hex digits";
  EXPECT_EQ(refusal_of(R"({"bytes":5})"), no_digest);
  EXPECT_EQ(refusal_of(R"({"bytes":5,"sha256":")" + std::string(64, 'g') + "\"}"), no_digest);
  EXPECT_EQ(refusal_of(R"({"bytes":5,"kind":"tar","sha256":")" + std::string(64, 'a') + "\"}"),
            "400 InvalidParameterValueException User message='kind' must be zip or image");
  EXPECT_EQ(refusal_of(R"({"bytes":5,"SHA":""})"),
            "400 InvalidParameterValueException User message=There is no member 'SHA' in this "
            "request");
  EXPECT_EQ(send("PUT", std::string(kUploadsPath) + "/x", "abc").status, 400);
  EXPECT_EQ(send("PUT", std::string(kUploadsPath) + "/x?offset=0", "abc").status, 404);
}

TEST_F(UploadsTest, NeedTheRightDeployAndAreTheAccountsOwn) {
  make_key(identity::Rights{identity::Right::admin});
  const auto invoker = make_key(identity::Rights{identity::Right::invoke});
  const auto deployer = make_key(identity::Rights{identity::Right::deploy});
  make_account("other", "111111111111");
  const auto other = make_key(identity::Rights{identity::Right::deploy}, "111111111111");
  EXPECT_EQ(send_signed(*invoker, "POST", kUploadsPath, beginning(3)).status, 403);
  const auto begun = send_signed(*deployer, "POST", kUploadsPath, beginning(3));
  ASSERT_EQ(begun.status, 201);
  const std::string path = std::string(kUploadsPath) + "/" + text(body_of(begun), "upload_id");
  EXPECT_EQ(send_signed(*other, "PUT", path + "?offset=0", "abc").status, 404);
  EXPECT_EQ(send_signed(*invoker, "PUT", path + "?offset=0", "abc").status, 403);
  EXPECT_EQ(send_signed(*deployer, "PUT", path + "?offset=0", "abc").status, 200);
}

TEST_F(UploadsTest, APartIsAllThatFitsARequest) {
  http::Request request;
  request.method = "PUT";
  request.target = std::string(kUploadsPath) + "/x?offset=0";
  ASSERT_TRUE(http::parse_target(request));
  EXPECT_EQ(api_->body_limit(request), 8U * 1024 * 1024);
}

}  // namespace
}  // namespace proa::api
