// One publish stream, as a state machine: what comes in from the client, the control log and the dataset's log, and
// what to do about it. No I/O, no clock, no threads; the caller carries out the effects in order and serialises the
// events.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/v1/exchange.pb.h"
#include "allmende/v1/facts.pb.h"
#include "broker/control/state.h"
#include "broker/data/dataset_log.h"

namespace allmende::broker {

struct PublishLimits {
  uint64_t batch_bytes_max = format::kBatchBytesMax;
  uint64_t in_flight_bytes_max = 4 << 20;
};

class PublishSession {
 public:
  // Record that another outbox writes the dataset from now on, then call OnWriter.
  struct RecordWriter {
    v1::WriterChanged fact;
    uint64_t based_on_epoch = 0;  // refuse when the epoch is another one by then
  };
  // Claim the dataset's log, then call OnClaimed.
  struct ClaimTurn {};
  // Submit the batch under the ticket, then call OnOutcome with the same number.
  struct SubmitBatch {
    uint64_t number = 0;
    uint64_t ticket = 0;
    std::string_view bytes;  // as given to OnBatch
  };
  struct Send {
    v1::PublishResponse response;
  };
  // End the call; nothing comes after it.
  struct Finish {
    absl::Status status;
  };
  using Effect = std::variant<RecordWriter, ClaimTurn, SubmitBatch, Send, Finish>;
  using Effects = std::vector<Effect>;

  PublishSession(std::string participant, PublishLimits limits);

  // Events. `dataset` is null where there is none of that name.
  Effects OnOpen(const v1::PublishOpen& open, const DatasetState* dataset);
  Effects OnWriter(const absl::StatusOr<Writer>& writer);
  // `dataset` in the state that holds when the turn was granted.
  Effects OnClaimed(const absl::StatusOr<WriterTicket>& ticket, const DatasetState& dataset);
  Effects OnBatch(std::string_view bytes);
  Effects OnOutcome(uint64_t number, absl::StatusOr<BatchOutcome> outcome);
  // The client has sent everything.
  Effects OnHalfClose();

  const std::string& dataset() const { return open_.dataset(); }
  uint64_t epoch() const { return epoch_; }
  bool finished() const { return state_ == State::kFinished; }

 private:
  enum class State {
    kExpectOpen,
    kRecording,  // the writer is being recorded
    kClaiming,
    kOpen,
    kRefused,  // a batch was refused: answer what came before it, then end
    kFinished,
  };

  Effects End(absl::Status status);
  Effects Flush();

  const std::string participant_;
  const PublishLimits limits_;
  State state_ = State::kExpectOpen;
  v1::PublishOpen open_;
  uint64_t epoch_ = 0;
  uint64_t ticket_ = 0;
  bool half_closed_ = false;
  // Answers go out in the order of the batches; `waiting_` begins with batch number `answered_`.
  uint64_t answered_ = 0;
  std::deque<std::optional<absl::StatusOr<BatchOutcome>>> waiting_;
};

}  // namespace allmende::broker
