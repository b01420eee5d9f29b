#include "sdk/format/chain.h"

#include "absl/strings/str_cat.h"

namespace allmende::format {

absl::Status CheckFollows(const ChainHead& head, const Statement& next) {
  if (next.dataset != head.dataset) {
    return absl::InvalidArgumentError(
        absl::StrCat("the batch is of dataset `", next.dataset.ToHex(), "`, not of `", head.dataset.ToHex(), "`"));
  }
  if (next.epoch < head.epoch) {
    return absl::PermissionDeniedError(absl::StrCat("the batch is of writer epoch ", next.epoch, ", but epoch ",
                                                    head.epoch, " has begun: another writer took over"));
  }
  if (next.first_sequence != head.next_sequence) {
    return absl::OutOfRangeError(absl::StrCat("the batch begins at sequence ", next.first_sequence, " instead of ",
                                              head.next_sequence, "; go on from there"));
  }
  if (next.previous_hash != head.statement_hash) {
    return absl::FailedPreconditionError(absl::StrCat("the batch at sequence ", next.first_sequence,
                                                      " names another batch before it than the one that is stored"));
  }
  return absl::OkStatus();
}

ChainHead HeadAfter(const Statement& statement, std::string_view statement_bytes) {
  return {.dataset = statement.dataset,
          .epoch = statement.epoch,
          .next_sequence = statement.next_sequence(),
          .statement_hash = HashStatement(statement_bytes.substr(0, kStatementBytes))};
}

}  // namespace allmende::format
