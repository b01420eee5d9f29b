#include "sdk/publisher/publish_stream.h"

#include <utility>

#include "sdk/rpc/channel.h"

namespace allmende {

PublishStream::PublishStream(uint64_t id, const Endpoint& endpoint, v1::PublishRequest first,
                             Mailbox<PublishMail>* mailbox)
    : id_(id), endpoint_(endpoint.name), mailbox_(mailbox), stub_(v1::ExchangeService::NewStub(endpoint.channel)) {
  stub_->async()->Publish(&context_, this);
  AddHold();
  StartRead(&response_);
  Send(std::move(first));
  StartCall();
}

PublishStream::~PublishStream() {
  context_.TryCancel();
  LetGo();
  MutexLock lock(mutex_);
  while (!done_) changed_.Wait(mutex_);
}

void PublishStream::Send(v1::PublishRequest request) {
  MutexLock lock(mutex_);
  if (!held_ || broken_) return;
  writes_.push_back(std::move(request));
  if (writes_.size() == 1) StartWrite(&writes_.front());
}

void PublishStream::ReadNext() {
  MutexLock lock(mutex_);
  if (held_) StartRead(&response_);
}

void PublishStream::OnReadDone(bool ok) {
  if (!ok) return LetGo();
  mailbox_->Push(session::PublishResponseReceived{id_, std::exchange(response_, {})});
}

void PublishStream::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  // After a failure the reads go on: the broker may have said why it ended the stream.
  broken_ = !ok;
  writes_.pop_front();
  if (broken_) writes_.clear();
  if (held_ && !writes_.empty()) StartWrite(&writes_.front());
}

void PublishStream::OnDone(const grpc::Status& status) {
  mailbox_->Push(session::PublishStreamEnded{id_, rpc::CallStatus(status, endpoint_)});
  MutexLock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

void PublishStream::LetGo() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(held_, false)) return;
  }
  RemoveHold();
}

}  // namespace allmende
