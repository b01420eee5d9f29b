// Turns deliveries into RecordBatches, and does not believe them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/subscriber.h"
#include "allmende/v1/exchange.pb.h"
#include "sdk/format/batch.h"
#include "sdk/format/chain.h"

namespace allmende {

// Not thread-safe.
class RecordBatchDecoder {
 public:
  // `verify` as in SubscriberOptions.
  explicit RecordBatchDecoder(bool verify) : verify_(verify) {}

  // A subscription stands: deliveries of other datasets are refused from now on.
  void Begin(const v1::Opened& opened);

  // Takes the bytes out of `delivery`. Records up to `skip_through` were handed out before and are left out.
  //   kInvalidArgument, kUnimplemented  the bytes are no delivery that this program knows
  //   kDataLoss                         they are not what they say, or not what should stand here
  absl::StatusOr<RecordBatch> Decode(v1::Delivery& delivery, uint64_t skip_through);

 private:
  absl::Status ReadOriginal(const v1::Delivery& delivery, uint64_t skip_through, RecordBatch& batch);
  absl::Status ReadTransformed(const v1::Delivery& delivery, uint64_t skip_through, RecordBatch& batch) const;
  absl::Status CheckChain(const format::BatchView& view);

  const bool verify_;
  std::string dataset_id_;
  uint64_t snapshot_through_ = 0;  // the present subscription's snapshot ends there; 0: there is none
  format::ChainHead head_;         // of the original batch that came last
};

}  // namespace allmende
