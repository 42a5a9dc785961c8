#include "network/dns_message.h"

#include "support/dns_server.h"

#include <gtest/gtest.h>

namespace proa::network {
namespace {

using test::answer_to;
using test::query_for;

TEST(DnsMessage, ReadsHeaderAndQuestion) {
  const DnsBytes query = query_for("WWW.Example.org", 0xbeef);
  const auto head = parse_dns(query);
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head.value().id, 0xbeef);
  EXPECT_EQ(head.value().name, "www.example.org.");
  EXPECT_EQ(head.value().type, 16);
  EXPECT_EQ(head.value().query_class, 1);
  EXPECT_FALSE(head.value().is_response);
  EXPECT_EQ(head.value().question_end, query.size());
  EXPECT_EQ(parse_dns(query_for("", 1)).value().name, ".");
}

TEST(DnsMessage, EveryShorterMessageIsAnError) {
  const DnsBytes query = query_for("a.bc", 1);
  for (std::size_t size = 0; size < query.size(); ++size) {
    EXPECT_FALSE(parse_dns(std::span(query.data(), size))) << size;
  }
}

TEST(DnsMessage, RefusesCompressionLongNamesAndOtherNumbersOfQuestions) {
  DnsBytes compressed = query_for("a", 1);
  compressed[12] = std::byte{0xc0};
  EXPECT_FALSE(parse_dns(compressed));
  const std::string label(60, 'x');
  EXPECT_TRUE(parse_dns(query_for(label + "." + label + "." + label + "." + label, 1)));
  EXPECT_FALSE(
      parse_dns(query_for(label + "." + label + "." + label + "." + label + "." + label, 1)));
  DnsBytes none = query_for("a", 1);
  none[5] = std::byte{0};
  EXPECT_FALSE(parse_dns(none));
  none[5] = std::byte{2};
  EXPECT_FALSE(parse_dns(none));
}

TEST(DnsMessage, OddBytesInNamesCannotPoseAsOthers) {
  DnsBytes query = query_for("a-b", 1);
  query[14] = std::byte{'.'};
  EXPECT_EQ(parse_dns(query).value().name, "a\\046b.");
}

TEST(DnsMessage, AnAnswerHasTheSameIdAndQuestion) {
  const DnsBytes query = query_for("host.test", 77);
  const auto head = parse_dns(query).value();
  const DnsBytes reply = answer_to(query_for("HOST.test", 77), 4);
  EXPECT_TRUE(answers(parse_dns(reply).value(), head));
  EXPECT_FALSE(answers(head, head)) << "a query is no answer";
  EXPECT_FALSE(answers(parse_dns(answer_to(query_for("host.test", 78), 4)).value(), head));
  EXPECT_FALSE(answers(parse_dns(answer_to(query_for("host.text", 77), 4)).value(), head));
}

TEST(DnsMessage, ErrorsRepeatTheQuestionAndNothingElse) {
  DnsBytes query = query_for("host.test", 77);
  const std::size_t size = query.size();
  query.resize(size + 11);  // an OPT record that the answer does not need
  query[11] = std::byte{1};
  const DnsBytes reply = dns_error(query, parse_dns(query), DnsCode::refused);
  EXPECT_EQ(reply.size(), size);
  const auto head = parse_dns(reply).value();
  EXPECT_TRUE(head.is_response);
  EXPECT_EQ(head.code, 5);
  EXPECT_EQ(head.id, 77);
  EXPECT_EQ(reply[11], std::byte{0});
  const DnsBytes broken(12, std::byte{0});
  EXPECT_EQ(dns_error(broken, parse_dns(broken), DnsCode::format_error).size(), 12U);
  EXPECT_TRUE(dns_error(reply, parse_dns(reply), DnsCode::refused).empty()) << "loops";
  EXPECT_TRUE(dns_error({}, parse_dns({}), DnsCode::refused).empty());
}

}  // namespace
}  // namespace proa::network
