#include "tls/certificate.h"

#include "unit/tls/made_certificate.h"

namespace proa::tls {
namespace {

std::string refusal_of_certificates(const std::string& text) {
  const auto read = read_certificates({"cert.pem", text});
  return read ? "" : read.error().message();
}

std::string refusal_of_key(const std::string& text) {
  const auto read = read_key({"key.pem", text});
  return read ? "" : read.error().message();
}

TEST(Certificate, SaysWhatItIsAndWhoseAndUntilWhen) {
  Wish wish;
  wish.name = "proa.example";
  wish.alternative_names = "DNS:proa.example,DNS:*.proa.example,IP:10.1.2.3,IP:::1,email:a@b.c";
  wish.serial = 0x1234;
  const Made by(authority("Our Authority"));
  const Made made(wish, &by);
  const auto chain = read_certificates({"cert.pem", made.certificate_pem()});
  ASSERT_TRUE(chain);
  const CertificateSummary summary = summary_of(*chain.value().front());
  EXPECT_EQ(summary.subject, "CN=proa.example");
  EXPECT_EQ(summary.issuer, "CN=Our Authority");
  EXPECT_EQ(summary.serial, "1234");
  const std::vector<std::string> names{"proa.example", "*.proa.example", "10.1.2.3", "::1"};
  EXPECT_EQ(summary.names, names);
  const auto left = summary.not_after - std::chrono::system_clock::now();
  EXPECT_NEAR(static_cast<double>(std::chrono::duration_cast<std::chrono::hours>(left).count()),
              90.0 * 24, 1.0);
  EXPECT_LT(summary.not_before, std::chrono::system_clock::now());
}

TEST(Certificate, AChainIsReadToItsEndAndWhatIsBetweenIsPassedOver) {
  const Made by(authority("CA"));
  const Made made(Wish{}, &by);
  const auto chain = read_certificates({"cert.pem", "what it is\n" + made.certificate_pem() +
                                                        made.key_pem() + by.certificate_pem()});
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain.value().size(), 2U);
}

TEST(Certificate, AFileWithoutOneIsRefusedByWhatItIs) {
  const Made made{Wish{}};
  EXPECT_EQ(refusal_of_certificates(""), "cert.pem: is empty");
  EXPECT_EQ(refusal_of_certificates("hello\n"), "cert.pem: is not a PEM file");
  EXPECT_EQ(refusal_of_certificates(made.key_pem()), "cert.pem: holds a key, no certificate");
  EXPECT_NE(refusal_of_certificates(made.certificate_der()).find("is in DER, not in PEM"),
            std::string::npos);
  std::string broken = made.certificate_pem();
  broken.replace(60, 20, "AAAAAAAAAAAAAAAAAAAA");
  EXPECT_NE(refusal_of_certificates(broken).find("cert.pem: certificate 1 in it is broken"),
            std::string::npos)
      << refusal_of_certificates(broken);
  const std::string cut = made.certificate_pem().substr(0, 200);
  EXPECT_NE(refusal_of_certificates(made.certificate_pem() + cut)
                .find("cert.pem: certificate 2 in it is broken"),
            std::string::npos);
}

TEST(Certificate, AFileWithoutAKeyIsRefusedByWhatItIs) {
  const Made made{Wish{}};
  EXPECT_EQ(refusal_of_key(made.key_pem()), "");
  EXPECT_EQ(refusal_of_key(""), "key.pem: is empty");
  EXPECT_EQ(refusal_of_key("hello\n"), "key.pem: is not a PEM file");
  EXPECT_EQ(refusal_of_key(made.certificate_pem()), "key.pem: holds a certificate, no private key");
  EXPECT_NE(refusal_of_key(made.encrypted_key_pem()).find("key.pem: the key is encrypted"),
            std::string::npos);
  EXPECT_NE(refusal_of_key(made.key_pem().substr(0, 100)).find("key.pem: the key in it is broken"),
            std::string::npos);
}

}  // namespace
}  // namespace proa::tls
