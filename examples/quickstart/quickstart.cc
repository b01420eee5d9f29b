// The shortest whole use of the SDK: publish rain, follow it, keep a copy of it. Needs a city and a broker:
//
//   allmende city init berlin --participant berliner-wasserbetriebe=agency,officer
//   allmended --config berlin/broker.yaml &
//   allmende dataset create wasser/regen --schema examples/schemas/rain.proto --policy
//   examples/policies/rain.policy.yaml
//            --profile berlin/participants/berliner-wasserbetriebe
//   quickstart berlin/participants/berliner-wasserbetriebe
#include <cstdio>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "allmende/client.h"
#include "allmende/publisher.h"
#include "allmende/replica.h"
#include "allmende/schema.h"
#include "allmende/subscriber.h"
#include "examples/schemas/rain.pb.h"

namespace {

constexpr char kDataset[] = "wasser/regen";

// Appends three readings and waits until the broker has them on its disk.
absl::Status Publish(allmende::Client& client) {
  const absl::StatusOr<allmende::Schema> schema = allmende::Schema::Create(*berlin::Rain::descriptor());
  if (!schema.ok()) return schema.status();
  // Unsent records survive in this folder, whatever happens to the program or to the network.
  absl::StatusOr<std::unique_ptr<allmende::Publisher>> publisher =
      allmende::Publisher::Open(client, {.dataset = kDataset, .outbox_directory = "quickstart-outbox"});
  if (!publisher.ok()) return publisher.status();
  for (const double millimetres : {0.0, 2.4, 11.8}) {
    berlin::Rain rain;
    rain.mutable_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    rain.set_gauge("Mitte");
    rain.set_rain(millimetres);
    const std::string payload = rain.SerializeAsString();
    std::string key;
    allmende::NewRecord record;
    record.payload = payload;
    if (absl::Status status = schema->Describe(record, key); !status.ok()) return status;
    if (absl::Status status = (*publisher)->Append(record); !status.ok()) return status;
  }
  return (*publisher)->Close(absl::Now() + absl::Seconds(10));
}

// Prints everything that is stored, through the view that the policy gives this participant.
absl::Status Follow(allmende::Client& client) {
  const absl::StatusOr<std::unique_ptr<allmende::Subscriber>> subscriber =
      allmende::Subscriber::Open(client, {.dataset = kDataset, .stop_at_head = true});
  if (!subscriber.ok()) return subscriber.status();
  while (true) {
    const absl::StatusOr<allmende::SubscriptionEvent> event = (*subscriber)->Next(absl::Now() + absl::Seconds(10));
    if (!event.ok()) return event.status();
    if (const auto* const batch = std::get_if<allmende::RecordBatch>(&*event)) {
      for (const allmende::RecordView& record : batch->records()) {
        berlin::Rain rain;
        rain.ParseFromString(std::string(record.payload));
        std::printf("%4llu  %s  %4.1f mm/h\n", static_cast<unsigned long long>(record.sequence), rain.gauge().c_str(),
                    rain.rain());
      }
    }
    if (const auto* const ended = std::get_if<allmende::SubscriptionEnded>(&*event)) {
      return ended->complete ? absl::OkStatus() : absl::PermissionDeniedError(ended->refused.code());
    }
  }
}

// Keeps a copy that answers without a broker, too, and says how old it is.
absl::Status Copy(allmende::Client& client) {
  const absl::StatusOr<std::unique_ptr<allmende::Replica>> replica =
      allmende::Replica::Open("quickstart-replica", {.dataset = kDataset});
  if (!replica.ok()) return replica.status();
  absl::Status status = (*replica)->StartSync(client);
  if (status.ok()) status = (*replica)->WaitUntilSynced(absl::Now() + absl::Seconds(10));
  if (!status.ok()) return status;
  const absl::StatusOr<allmende::GetResult> first = (*replica)->GetSequence(1);
  if (!first.ok()) return first.status();
  std::printf("the copy holds %llu records; it is %.1f s old\n",
              static_cast<unsigned long long>((*replica)->status().records), absl::ToDoubleSeconds(first->info.age));
  return absl::OkStatus();
}

absl::Status Run(const std::string& profile) {
  const absl::StatusOr<std::unique_ptr<allmende::Client>> client = allmende::Client::Connect({.profile = profile});
  if (!client.ok()) return client.status();
  absl::Status status = Publish(**client);
  if (status.ok()) status = Follow(**client);
  if (status.ok()) status = Copy(**client);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: quickstart PROFILE   (a folder that `allmende pki issue` has written)\n");
    return 2;
  }
  const absl::Status status = Run(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "quickstart: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
