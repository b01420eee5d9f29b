#include "sdk/session/publish_answers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sdk/crypto/hash.h"
#include "sdk/format/statement.h"

namespace allmende::session {

namespace {

// Texts of a broker end up in messages: short, and on one line.
std::string Quoted(const std::string& text) {
  constexpr size_t kBytesMax = 300;
  std::string line = text.substr(0, kBytesMax);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::string DescribeProblems(const v1::PublishRefused& refused) {
  if (refused.problems().empty()) return Quoted(refused.detail());
  const v1::RecordProblem& first = refused.problems(0);
  std::string text = absl::StrCat("record ", first.index(), " of the batch");
  if (!first.field().empty()) absl::StrAppend(&text, ", field `", Quoted(first.field()), "`");
  absl::StrAppend(&text, ": ", Quoted(first.detail()));
  if (!first.code().empty()) absl::StrAppend(&text, " (", Quoted(first.code()), ")");
  const uint64_t count = std::max<uint64_t>(refused.problem_count(), refused.problems_size());
  if (count > 1) absl::StrAppend(&text, "; ", count, " records of it are bad");
  return text;
}

}  // namespace

absl::Status CheckOpened(const v1::PublishOpened& opened) {
  if (!format::DatasetId::FromBytes(opened.dataset_id()).ok() || opened.epoch() == 0 ||
      opened.epoch() > format::kEpochMax || opened.next_sequence() == 0 ||
      opened.next_sequence() > format::kSequenceMax || opened.head_statement_hash().size() != sizeof(crypto::Digest) ||
      opened.schema_hash().size() != sizeof(crypto::Digest) || opened.batch_bytes_max() == 0 ||
      opened.in_flight_bytes_max() == 0) {
    return absl::InternalError("the broker's greeting is not what this program understands; are both of one version?");
  }
  return absl::OkStatus();
}

absl::Status CheckContinues(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset) {
  if (base.epoch == 0) return absl::OkStatus();
  if (opened.dataset_id() != base.dataset.bytes()) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", dataset, "` is another dataset than the one this outbox wrote to; use a new outbox for it"));
  }
  if (opened.next_sequence() < base.next_sequence) {
    return absl::DataLossError(absl::StrCat(
        "the broker has lost records of `", dataset, "`: it acknowledged everything below ", base.next_sequence,
        " and now ends at ", opened.next_sequence() - 1, "; restore the broker before publishing goes on"));
  }
  if (opened.epoch() < base.epoch) {
    return absl::DataLossError(absl::StrCat("the broker's `", dataset, "` is older than what it acknowledged: epoch ",
                                            opened.epoch(), " instead of ", base.epoch,
                                            "; restore the broker before publishing goes on"));
  }
  if (opened.next_sequence() == base.next_sequence &&
      opened.head_statement_hash() != crypto::AsBytes(base.previous_hash)) {
    return absl::DataLossError(
        absl::StrCat("the broker's `", dataset, "` holds other records before ", base.next_sequence,
                     " than those it acknowledged; restore the broker before publishing goes on"));
  }
  return absl::OkStatus();
}

absl::Status ForeignRecords(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset) {
  return absl::AbortedError(
      absl::StrCat("records ", base.next_sequence, " to ", opened.next_sequence() - 1, " of `", dataset,
                   "` were published in this outbox's name but are not in it; is a copy of "
                   "the outbox in use elsewhere? start a new outbox that takes the dataset over"));
}

absl::Status DoubtfulRecords(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset) {
  return absl::AbortedError(absl::StrCat("another writer published to `", dataset, "` since record ",
                                         base.next_sequence, " (now at ", opened.next_sequence() - 1,
                                         "), and records that wait here may have been stored before that; look at the "
                                         "dataset, then open the outbox saying whether to send or to drop them"));
}

absl::Status BatchTooLarge(uint64_t bytes, uint64_t bytes_max, const std::string& dataset) {
  return absl::InvalidArgumentError(absl::StrCat("a batch for `", dataset, "` has ", bytes,
                                                 " bytes and the broker takes ", bytes_max,
                                                 "; discard it and append its records in smaller batches"));
}

absl::Status RefusalStatus(const v1::PublishRefused& refused, const std::string& dataset, uint64_t first_sequence) {
  const std::string where =
      absl::StrCat("the broker refused records of `", dataset, "` from ", first_sequence, " on: ");
  switch (refused.code()) {
    case v1::BAD_RECORD:
      return absl::InvalidArgumentError(absl::StrCat(where, DescribeProblems(refused),
                                                     "; discard the batch, or mend its records and append them anew"));
    case v1::SCHEMA_CHANGED:
      return absl::FailedPreconditionError(
          absl::StrCat(where, "they were made for another schema than the one in force; ", Quoted(refused.detail())));
    case v1::FENCED:
      return absl::AbortedError(absl::StrCat("another writer has taken `", dataset, "` over (epoch ", refused.epoch(),
                                             "); open the outbox with take-over to take it back"));
    case v1::EQUIVOCATION:
      return absl::AbortedError(absl::StrCat(
          where, "other records of this writer are stored there already; is a copy of the outbox in use?"));
    case v1::WRONG_SEQUENCE:
      return absl::AbortedError(
          absl::StrCat(where, "it goes on at ", refused.next_sequence(), "; ", Quoted(refused.detail())));
    default:
      return absl::InvalidArgumentError(absl::StrCat(where, DescribeProblems(refused), "; discard the batch to go on"));
  }
}

}  // namespace allmende::session
