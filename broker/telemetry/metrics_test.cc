#include "broker/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "broker/telemetry/metrics_page.h"
#include "sdk/http/testing/fetch.h"
#include "sdk/rpc/testing/test_city.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, RecordedValuesAreInTheText) {
  Metrics metrics("musterstadt", "1.2.3");
  metrics.BatchStored(absl::Milliseconds(3));
  metrics.CallEnded("Read", absl::StatusCode::kOk, absl::Milliseconds(1));
  metrics.CallEnded("Read", absl::StatusCode::kOk, absl::Milliseconds(1));
  metrics.CallEnded("Read", absl::StatusCode::kNotFound, absl::Seconds(60));
  double stored = 7;
  metrics.AddCounter("records_stored_total", "Records.", [&stored] { return stored; });
  metrics.AddGauge("subscriptions", "Open subscriptions.", [] { return 2; });
  stored = 8;  // read when asked
  const std::string text = metrics.Text();
  for (const char* line : {
           "allmende_build_info{city=\"musterstadt\",version=\"1.2.3\"} 1",
           "allmende_publish_seconds_count 1",
           "allmende_publish_seconds_bucket{le=\"0.002\"} 0",
           "allmende_publish_seconds_bucket{le=\"0.005\"} 1",
           "allmende_calls_total{call=\"Read\",code=\"OK\"} 2",
           "allmende_calls_total{call=\"Read\",code=\"NOT_FOUND\"} 1",
           "allmende_call_seconds_bucket{call=\"Read\",le=\"10\"} 2",
           "allmende_call_seconds_bucket{call=\"Read\",le=\"+Inf\"} 3",
           "# TYPE allmende_records_stored_total counter",
           "allmende_records_stored_total 8",
           "# HELP allmende_subscriptions Open subscriptions.",
           "allmende_subscriptions 2",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsTest, ProcessIsMeasured) {
  const std::string text = Metrics("c", "v").Text();
  for (const char* name : {"process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"}) {
    std::smatch value;
    ASSERT_TRUE(std::regex_search(text, value, std::regex(std::string("\n") + name + " ([0-9.e+]+)\n"))) << name;
    EXPECT_GT(std::stod(value[1]), 0) << name;
  }
}

// What a scraper parses: comments, and `name{labels} value` lines; every family said once.
TEST(MetricsTest, TextIsWellFormed) {
  Metrics metrics("quo\"te", "new\nline");
  metrics.AddGauge("free_disk_bytes", "Free.", [] { return 12345678901.0; });
  metrics.CallEnded("Lookup", absl::StatusCode::kUnavailable, absl::ZeroDuration());
  const std::regex sample(R"re([a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [-+0-9.eInf]+)re");
  std::set<std::string> families;
  for (const std::string& line : static_cast<std::vector<std::string>>(absl::StrSplit(metrics.Text(), '\n'))) {
    if (line.empty()) continue;
    if (absl::StartsWith(line, "# TYPE ")) {
      EXPECT_TRUE(families.insert(line).second) << line;
      EXPECT_TRUE(absl::StartsWith(line, "# TYPE allmende_") || absl::StartsWith(line, "# TYPE process_")) << line;
    } else if (!absl::StartsWith(line, "# HELP ")) {
      EXPECT_TRUE(std::regex_match(line, sample)) << line;
    }
  }
  EXPECT_THAT(metrics.Text(), HasSubstr("allmende_free_disk_bytes 12345678901"));
}

TEST(MetricsTest, RecordingAndAskingGoOnTogether) {
  Metrics metrics("c", "v");
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int call = 0; call < 1000; ++call) {
        metrics.CallEnded(call % 2 == 0 ? "Read" : "Lookup", absl::StatusCode::kOk, absl::Microseconds(call));
        if (call % 100 == 0) {
          EXPECT_FALSE(metrics.Text().empty());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics.Text(), HasSubstr("allmende_calls_total{call=\"Read\",code=\"OK\"} 2000"));
}

class MetricsPageTest : public testing::Test {
 protected:
  void SetUp() override {
    auto revocations = pki::RevocationRegister::Open(city_.Path("revoked.list"));
    ASSERT_TRUE(revocations.ok()) << revocations.status();
    revocations_ = *std::move(revocations);
    pages_ = MetricsPages(metrics_, trust_, *revocations_, clock_);
    const pki::PairFiles broker = city_.Issue("broker", city_.Broker());
    auto server = http::Server::ServeHttps("127.0.0.1:0",
                                           {*ReadFile(broker.key, 1 << 20), *ReadFile(broker.certificate, 1 << 20)},
                                           trust_.roots_pem(), pages_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  pki::PairFiles Certificate(const std::string& participant, pki::Role role) {
    crypto::LeafOptions options = city_.Client(participant);
    options.uri_sans = {pki::ParticipantUri("musterstadt", participant), pki::RoleUri("musterstadt", role)};
    return city_.Issue(participant, options);
  }

  http::Fetched Scrape(const pki::PairFiles& files) {
    return http::FetchHttps(server_->port(), kMetricsPath, city_.Path("ca.pem"), files);
  }

  const rpc::TestCity city_{"musterstadt"};
  const pki::TrustStore trust_ = city_.Trust();
  const SystemClock clock_{};
  const Metrics metrics_{"musterstadt", "1"};
  std::unique_ptr<pki::RevocationRegister> revocations_;
  http::Pages pages_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(MetricsPageTest, AuditorAndOfficerAreAnswered) {
  for (const pki::Role role : {pki::Role::kAuditor, pki::Role::kOfficer}) {
    const http::Fetched page = Scrape(Certificate("monitoring", role));
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, kMetricsContentType);
    EXPECT_THAT(page.body, HasSubstr("allmende_build_info"));
  }
}

TEST_F(MetricsPageTest, OtherRolesAreRefusedWithTheReason) {
  for (const pki::Role role : {pki::Role::kAgency, pki::Role::kOperator, pki::Role::kCrisisAuthority}) {
    const http::Fetched page = Scrape(Certificate("bwb", role));
    EXPECT_EQ(page.status, 403);
    EXPECT_THAT(page.body, HasSubstr("`bwb` is neither auditor nor officer"));
    EXPECT_THAT(page.body, Not(HasSubstr("allmende_")));
  }
}

TEST_F(MetricsPageTest, CertificateThatNamesNobodyIsRefused) {
  crypto::LeafOptions nobody = city_.Client("x");
  nobody.uri_sans = {};
  const http::Fetched page = Scrape(city_.Issue("nobody", nobody));
  EXPECT_EQ(page.status, 401);
  EXPECT_THAT(page.body, HasSubstr("names no participant"));
}

TEST_F(MetricsPageTest, RevokedAuditorIsRefusedFromTheNextCallOn) {
  const pki::PairFiles files = Certificate("monitoring", pki::Role::kAuditor);
  EXPECT_EQ(Scrape(files).status, 200);
  city_.Write("revoked.list",
              pki::FormatRevocations({{city_.now(), pki::Revocation::Kind::kParticipant, "monitoring", "gone"}}));
  ASSERT_TRUE(revocations_->Refresh().ok());
  const http::Fetched page = Scrape(files);
  EXPECT_EQ(page.status, 401);
  EXPECT_THAT(page.body, HasSubstr("revoked"));
}

TEST_F(MetricsPageTest, LocalSocketNeedsNoCertificate) {
  const auto local = http::Server::ServeLocal(city_.Path("admin.sock"), pages_);
  ASSERT_TRUE(local.ok()) << local.status();
  const http::Fetched page = http::FetchLocal(city_.Path("admin.sock"), kMetricsPath);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("allmende_build_info"));
}

}  // namespace
}  // namespace allmende::broker
