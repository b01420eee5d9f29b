#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "allmende/subscriber.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "sdk/base/status.h"
#include "sdk/pki/layout.h"
#include "sdk/rpc/status.h"
#include "tests/bench/benches.h"

namespace allmende::bench {
namespace {

constexpr int kRounds = 3;  // the best of each counts, taken in turns

struct Delivered {
  uint64_t records = 0;  // accounted for, withheld ones too
  uint64_t bytes = 0;
  absl::Duration took;
  double per_second() const { return static_cast<double>(records) / absl::ToDoubleSeconds(took); }
};

// Reads a whole subscription the plain way, the same for the broker and for the bare stream.
absl::StatusOr<Delivered> ReadAll(const std::shared_ptr<grpc::Channel>& channel, const v1::SubscribeRequest& request) {
  const auto stub = v1::ExchangeService::NewStub(channel);
  grpc::ClientContext context;
  Delivered delivered;
  const absl::Time begun = absl::Now();
  const auto stream = stub->Subscribe(&context, request);
  v1::SubscribeResponse response;
  while (stream->Read(&response)) {
    if (response.has_batch()) {
      delivered.records += response.batch().last_sequence() - response.batch().first_sequence() + 1;
      delivered.bytes += response.batch().original().size() + response.batch().transformed().size();
    }
    if (response.has_ended() && response.ended().has_refused()) {
      return absl::PermissionDeniedError(response.ended().refused().ShortDebugString());
    }
  }
  ALLMENDE_RETURN_IF_ERROR(rpc::FromGrpc(stream->Finish()));
  delivered.took = absl::Now() - begun;
  return delivered;
}

// The same through the SDK, which verifies every batch.
absl::StatusOr<Delivered> ReadWithSdk(Client& client) {
  SubscriberOptions options;
  options.dataset = kStream;
  options.stop_at_head = true;
  Delivered delivered;
  const absl::Time begun = absl::Now();
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Subscriber> subscriber, Subscriber::Open(client, options));
  while (true) {
    ALLMENDE_ASSIGN_OR_RETURN(const SubscriptionEvent event, subscriber->Next(absl::Now() + absl::Minutes(1)));
    if (const auto* batch = std::get_if<RecordBatch>(&event)) {
      delivered.records += batch->last_sequence() - batch->first_sequence() + 1;
      delivered.bytes += batch->bytes().size();
    }
    if (std::holds_alternative<SubscriptionEnded>(event)) {
      break;
    }
  }
  delivered.took = absl::Now() - begun;
  return delivered;
}

std::string Describe(const Delivered& delivered) {
  return absl::StrCat(Grouped(delivered.per_second()), " records/s, ",
                      Grouped(static_cast<double>(delivered.bytes) / 1e6 / absl::ToDoubleSeconds(delivered.took)),
                      " MB/s");
}

void KeepBest(const Delivered& one, Delivered& best) {
  if (best.records == 0 || one.per_second() > best.per_second()) {
    best = one;
  }
}

}  // namespace

absl::Status BenchDeliver(Stage& stage, uint64_t records, Report& report) {
  const std::string city = absl::StrCat(stage.folder(), "/city");
  ALLMENDE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Process> raw_server,
      Process::Start({absl::StrCat(ProgramFolder(), "/exchange_bench"), "--raw-server", city, absl::StrCat(records)}));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string port, raw_server->WaitForWord("at=127.0.0.1:"));
  ALLMENDE_ASSIGN_OR_RETURN(const auto raw_channel, stage.Channel("identity", absl::StrCat("localhost:", port)));
  ALLMENDE_ASSIGN_OR_RETURN(const auto identity_channel, stage.Channel("identity", stage.endpoint()));
  ALLMENDE_ASSIGN_OR_RETURN(const auto changed_channel, stage.Channel("changed", stage.endpoint()));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, stage.Connect("identity"));

  v1::SubscribeRequest wanted;
  wanted.set_dataset(kStream);
  wanted.set_purpose("test");
  wanted.set_stop_at_head(true);
  Delivered raw;
  Delivered identity;
  Delivered changed;
  Delivered sdk;
  for (int round = 0; round < kRounds; ++round) {
    ALLMENDE_ASSIGN_OR_RETURN(const Delivered one_raw, ReadAll(raw_channel, wanted));
    KeepBest(one_raw, raw);
    ALLMENDE_ASSIGN_OR_RETURN(const Delivered one_identity, ReadAll(identity_channel, wanted));
    KeepBest(one_identity, identity);
    ALLMENDE_ASSIGN_OR_RETURN(const Delivered one_changed, ReadAll(changed_channel, wanted));
    KeepBest(one_changed, changed);
    ALLMENDE_ASSIGN_OR_RETURN(const Delivered one_sdk, ReadWithSdk(*client));
    KeepBest(one_sdk, sdk);
  }
  if (raw.records != records || identity.records != records || changed.records != records || sdk.records != records) {
    return absl::InternalError(absl::StrCat("of ", records, " records ", raw.records, ", ", identity.records, ", ",
                                            changed.records, " and ", sdk.records, " came"));
  }
  // Equal work on both sides, and a view that does its work: it drops 35 of 256 bytes of a record's payload.
  const double raw_bytes = static_cast<double>(raw.bytes);
  const double identity_bytes = static_cast<double>(identity.bytes);
  const double changed_bytes = static_cast<double>(changed.bytes);
  if (raw_bytes < 0.99 * identity_bytes || raw_bytes > 1.01 * identity_bytes || changed_bytes < 0.6 * identity_bytes ||
      changed_bytes > 0.95 * identity_bytes) {
    return absl::InternalError(absl::StrCat("the streams carry ", raw.bytes, " bytes bare, ", identity.bytes,
                                            " as stored and ", changed.bytes, " changed: they cannot be compared"));
  }
  report.Note("bare gRPC stream of such batches, same TLS", Describe(raw));
  report.Note("delivery, identity view", Describe(identity));
  report.AtLeast("  ratio to the bare stream", identity.per_second() / raw.per_second(), 0.75, "", 2);
  report.Note("delivery, 2 of 8 fields dropped, 1 rounded", Describe(changed));
  report.AtLeast("  ratio to the bare stream, by input records", changed.per_second() / raw.per_second(), 0.6, "", 2);
  report.Note("identity view through the SDK, every batch verified", Describe(sdk));
  return absl::OkStatus();
}

}  // namespace allmende::bench
