#include "broker/service/exchange_service.h"

#include <utility>
#include <variant>

#include "broker/service/agreements.h"
#include "broker/service/publish_call.h"
#include "broker/service/raw_message.h"
#include "broker/service/read.h"
#include "broker/service/subscribe_call.h"
#include "broker/service/unary.h"
#include "grpcpp/server_context.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

// Streams that end before they begin.
class EndedBidi final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit EndedBidi(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

class EndedWrite final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit EndedWrite(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

// Asks the gate, sees to the agreement, and runs `read` with what is allowed. `refuse` takes a refusal into the
// response.
void ReadThroughGate(Exchange& exchange, GateRequest request,
                     absl::AnyInvocable<absl::Status(const DatasetState&, const Entitled&)> read,
                     absl::AnyInvocable<void(v1::Refusal)> refuse, FinishCall finish) {
  const std::shared_ptr<const State> state = exchange.control.state();
  absl::StatusOr<GateAnswer> answer = exchange.gate.Decide(*state, request, exchange.clock.Now());
  if (!answer.ok()) {
    return finish(std::move(answer).status());
  }
  if (v1::Refusal* refused = std::get_if<v1::Refusal>(&*answer)) {
    LogRefusal(exchange, request, *refused);
    refuse(std::move(*refused));
    return finish(absl::OkStatus());
  }
  const Allowed& allowed = std::get<Allowed>(*answer);
  if (!allowed.agreement_is_new) {
    return finish(read(*state->Find(request.dataset), *allowed.entitled));
  }
  RecordImplicitAgreement(exchange, request,
                          [&exchange, request, read = std::move(read), refuse = std::move(refuse),
                           finish = std::move(finish)](absl::Status recorded) mutable {
                            if (!recorded.ok()) {
                              return finish(std::move(recorded));
                            }
                            ReadThroughGate(exchange, request, std::move(read), std::move(refuse), std::move(finish));
                          });
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ExchangeServiceImpl::Publish(
    grpc::CallbackServerContext* context) {
  absl::StatusOr<Caller> caller = exchange_.peers.Identify(*context->auth_context(), exchange_.clock.Now());
  if (!caller.ok()) {
    return new EndedBidi(caller.status());
  }
  const absl::Status role = RequireRole(**caller, {policy::Role::kAgency, policy::Role::kOperator}, "publishing");
  if (!role.ok()) {
    return new EndedBidi(role);
  }
  absl::StatusOr<std::unique_ptr<CallCap::Slot>> slot = exchange_.call_cap.Take((*caller)->participant);
  if (!slot.ok()) {
    return new EndedBidi(slot.status());
  }
  return PublishCall::Start(exchange_, *std::move(caller), context->peer(), *std::move(slot));
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ExchangeServiceImpl::Subscribe(grpc::CallbackServerContext* context,
                                                                           const grpc::ByteBuffer* request) {
  absl::StatusOr<Caller> caller = exchange_.peers.Identify(*context->auth_context(), exchange_.clock.Now());
  if (!caller.ok()) {
    return new EndedWrite(caller.status());
  }
  const absl::StatusOr<FlatMessage> message = FlatMessage::From(*request);
  v1::SubscribeRequest parsed;
  if (!message.ok() || !parsed.ParseFromArray(message->bytes().data(), static_cast<int>(message->bytes().size()))) {
    return new EndedWrite(absl::InvalidArgumentError("the message is no SubscribeRequest"));
  }
  absl::StatusOr<std::unique_ptr<CallCap::Slot>> slot = exchange_.call_cap.Take((*caller)->participant);
  if (!slot.ok()) {
    return new EndedWrite(slot.status());
  }
  return SubscribeCall::Start(exchange_, *std::move(caller), std::move(parsed), *std::move(slot));
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::Read(grpc::CallbackServerContext* context,
                                                    const v1::ReadRequest* request, v1::ReadResponse* response) {
  return RunUnary(exchange_, context, "Read", [this, request, response](const Caller& caller, FinishCall finish) {
    ReadThroughGate(
        exchange_, {caller, request->dataset(), request->purpose(), request->agreement(), policy::Action::kRead, false},
        [this, request, response](const DatasetState& dataset, const Entitled& entitled) {
          absl::Status read = ReadRecords(exchange_.log, dataset, entitled, *request, *response->mutable_records());
          exchange_.counters.records_delivered += static_cast<uint64_t>(response->records().records_size());
          return read;
        },
        [response](v1::Refusal refused) { *response->mutable_refused() = std::move(refused); }, std::move(finish));
  });
}

grpc::ServerUnaryReactor* ExchangeServiceImpl::Lookup(grpc::CallbackServerContext* context,
                                                      const v1::LookupRequest* request, v1::LookupResponse* response) {
  return RunUnary(exchange_, context, "Lookup", [this, request, response](const Caller& caller, FinishCall finish) {
    ReadThroughGate(
        exchange_,
        {caller, request->dataset(), request->purpose(), request->agreement(), policy::Action::kLookup, false},
        [this, request, response](const DatasetState& dataset, const Entitled& entitled) {
          absl::Status found = LookupRecord(exchange_.log, dataset, entitled, *request, *response);
          exchange_.counters.records_delivered += response->has_record() ? 1 : 0;
          return found;
        },
        [response](v1::Refusal refused) { *response->mutable_refused() = std::move(refused); }, std::move(finish));
  });
}

}  // namespace allmende::broker
