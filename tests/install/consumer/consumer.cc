// Uses the installed SDK as a stranger would: every public header compiles on its own, every part links, and each says
// what it lacks.
#include <iostream>
#include <memory>
#include <string>

#include "allmende/client.h"
#include "allmende/publisher.h"
#include "allmende/record.h"
#include "allmende/replica.h"
#include "allmende/schema.h"
#include "allmende/subscriber.h"

namespace {

bool Fails(const absl::Status& status, const std::string& what) {
  if (status.ok()) std::cerr << what << " worked with nothing\n";
  std::cout << what << ": " << status.message() << '\n';
  return !status.ok();
}

absl::Status UseStreams(allmende::Client& client) {
  const auto publisher = allmende::Publisher::Open(client, {.dataset = "a/b", .outbox_directory = "outbox"});
  if (!publisher.ok()) return publisher.status();
  return allmende::Subscriber::Open(client, {.dataset = "a/b", .start = allmende::StartAtSequence{7}}).status();
}

}  // namespace

int main() {
  auto client = allmende::Client::Connect({.profile = "no/such/profile"});
  bool good = Fails(client.status(), "a client");
  if (client.ok()) good = Fails(UseStreams(**client), "a stream") && good;
  good = Fails(allmende::Replica::Open("no/such/folder", {.dataset = "a/b"}).status(), "a replica") && good;
  good = Fails(allmende::Schema::Create("garbage", "test.Record").status(), "a schema") && good;
  return good ? 0 : 1;
}
