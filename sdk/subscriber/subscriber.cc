#include "allmende/subscriber.h"

#include <utility>

#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "sdk/client/client_impl.h"
#include "sdk/subscriber/event.h"
#include "sdk/subscriber/receiver.h"

namespace allmende {

class Subscriber::Impl {
 public:
  Impl(ReceiverOptions options, Client::Impl* client) : receiver_(std::move(options), client) {}

  Receiver& receiver() { return receiver_; }

 private:
  Receiver receiver_;
};

absl::StatusOr<std::unique_ptr<Subscriber>> Subscriber::Open(Client& client, const SubscriberOptions& options) {
  Client::Impl& impl = client.impl();
  ReceiverOptions receiver;
  ALLMENDE_ASSIGN_OR_RETURN(receiver.session.request, RequestOf(options, impl.purpose));
  receiver.session.reconnect = impl.tuning.Reconnect(impl.channels->names().size());
  receiver.session.open_timeout = impl.tuning.open_timeout;
  receiver.session.silence_timeout = impl.tuning.silence_timeout;
  receiver.verify = options.verify;
  receiver.buffer_bytes_max = options.buffer_bytes_max;
  return std::unique_ptr<Subscriber>(new Subscriber(std::make_unique<Impl>(std::move(receiver), &impl)));
}

Subscriber::Subscriber(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscriber::~Subscriber() = default;

absl::StatusOr<SubscriptionEvent> Subscriber::Next(absl::Time deadline) {
  return impl_->receiver().Next(SteadyDeadline(deadline - absl::Now()));
}
void Subscriber::Cancel() {
  impl_->receiver().Cancel();
}
Subscriber::Stats Subscriber::stats() const {
  return impl_->receiver().stats();
}

}  // namespace allmende
