#include "cli/function_url.h"

#include "unit/cli/cli_daemon.h"

namespace proa::cli {
namespace {

class FunctionUrlTest : public CliDaemonTest {
 protected:
  FunctionUrlTest() {
    function_.name = "f";
    function_.url = templates::TemplateUrl();
    function_.url->is_public = true;
  }
  std::vector<std::string> set() {
    all_asked_.clear();
    const auto changes = set_url(around_, function_);
    EXPECT_TRUE(changes) << changes.error().message();
    return changes ? changes.value() : std::vector<std::string>();
  }
  templates::TemplateFunction function_;
};

TEST_F(FunctionUrlTest, OfATemplateIsMadeWhereThereIsNone) {
  statuses_ = {404, 201, 201};
  body_ = R"({"FunctionUrl":"http://u/"})";
  EXPECT_EQ(set(), std::vector<std::string>{"URL http://u/"});
  ASSERT_EQ(all_asked_.size(), 3U);
  EXPECT_EQ(all_asked_[1], R"(POST /2021-10-31/functions/f/url {"AuthType":"NONE","Cors":{}})");
  EXPECT_TRUE(all_asked_[2].starts_with("POST /2015-03-31/functions/f/policy ")) << all_asked_[2];
}

TEST_F(FunctionUrlTest, OfATemplateThatIsAsItSaysStays) {
  body_ = R"({"FunctionUrl":"http://u/","AuthType":"NONE"})";
  EXPECT_EQ(set(), std::vector<std::string>{});
  function_.url->cors = templates::TemplateCors();
  function_.url->cors->allow_origins = {"*"};
  function_.url->cors->max_age_s = 5;
  body_ = R"({"FunctionUrl":"http://u/","AuthType":"NONE",
              "Cors":{"AllowOrigins":["*"],"MaxAge":5}})";
  EXPECT_EQ(set(), std::vector<std::string>{});
  EXPECT_EQ(all_asked_.size(), 1U);
}

TEST_F(FunctionUrlTest, OfATemplateIsChangedWhereItDiffers) {
  function_.url->is_public = false;
  statuses_ = {200, 409, 200};
  body_ = R"({"FunctionUrl":"http://u/","AuthType":"NONE"})";
  EXPECT_EQ(set(), std::vector<std::string>{"URL http://u/"});
  ASSERT_EQ(all_asked_.size(), 3U);
  EXPECT_EQ(all_asked_[2], R"(PUT /2021-10-31/functions/f/url {"AuthType":"AWS_IAM","Cors":{}})");
  function_.url.reset();
  EXPECT_EQ(set(), std::vector<std::string>{});
  EXPECT_TRUE(all_asked_.empty()) << "a template removes nothing that it does not name";
}

}  // namespace
}  // namespace proa::cli
