#include "sdk/subscriber/subscribe_stream.h"

#include <utility>

#include "sdk/rpc/channel.h"

namespace allmende {

SubscribeStream::SubscribeStream(uint64_t id, const Endpoint& endpoint, v1::SubscribeRequest request,
                                 Mailbox<SubscribeMail>* mailbox)
    : id_(id),
      endpoint_(endpoint.name),
      request_(std::move(request)),
      mailbox_(mailbox),
      stub_(v1::ExchangeService::NewStub(endpoint.channel)) {
  stub_->async()->Subscribe(&context_, &request_, this);
  AddHold();
  StartRead(&response_);
  StartCall();
}

SubscribeStream::~SubscribeStream() {
  context_.TryCancel();
  LetGo();
  MutexLock lock(mutex_);
  while (!done_) changed_.Wait(mutex_);
}

void SubscribeStream::ReadNext() {
  MutexLock lock(mutex_);
  if (held_) StartRead(&response_);
}

void SubscribeStream::OnReadDone(bool ok) {
  if (!ok) return LetGo();
  mailbox_->Push(session::SubscribeResponseReceived{id_, std::exchange(response_, {})});
}

void SubscribeStream::OnDone(const grpc::Status& status) {
  mailbox_->Push(session::SubscribeStreamEnded{id_, rpc::CallStatus(status, endpoint_)});
  MutexLock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

void SubscribeStream::LetGo() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(held_, false)) return;
  }
  RemoveHold();
}

}  // namespace allmende
