// Reading a batch: the records of one publish call, as one writer signed them. docs/formats.md, Batch.
//
// Who receives a batch from somebody else does, in this order: Parse, CheckRoot, CheckSignature where it is signed,
// CheckFollows (sdk/format/chain.h). After CheckRoot the statement vouches for every byte of every record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/crypto/ed25519.h"
#include "sdk/crypto/hash.h"
#include "sdk/format/body.h"
#include "sdk/format/record.h"
#include "sdk/format/signature.h"
#include "sdk/format/statement.h"

namespace allmende::format {

inline constexpr size_t kBatchHeaderBytes = kStatementBytes + kSignatureAreaBytes + 4;
inline constexpr size_t kBatchBytesMax = kBatchHeaderBytes + kBatchBodyBytesMax;

// The records of a body, in order. Iterating costs no allocation.
class RecordRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = RecordView;
    using difference_type = std::ptrdiff_t;
    using pointer = const RecordView*;
    using reference = const RecordView&;

    Iterator() = default;
    const RecordView& operator*() const { return record_; }
    const RecordView* operator->() const { return &record_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }

   private:
    friend class RecordRange;
    explicit Iterator(std::string_view rest);
    std::string_view rest_;  // from the current record on
    RecordView record_;
  };

  // `body` holds whole, valid records.
  explicit RecordRange(std::string_view body) : body_(body) {}
  Iterator begin() const { return Iterator(body_); }
  Iterator end() const { return Iterator(); }

 private:
  std::string_view body_;
};

// Reads the records of a batch once, from front to back, and checks each on the way: for who has no use for BatchView's
// promise that the rest is well-formed too. Borrows the bytes. Not thread-safe.
//
//   while (walk->Next()) Use(walk->record());
//   return walk->status();
class BatchWalk {
 public:
  // Checks everything before the records.
  //   kInvalidArgument  malformed; the message says where and why
  //   kUnimplemented    made by a newer program
  static absl::StatusOr<BatchWalk> Open(std::string_view bytes);

  const Statement& statement() const { return statement_; }
  // The encoded records that are left, one after the other; unchecked.
  std::string_view rest() const { return rest_; }

  // Goes to the next record. False behind the last one and at the first one that is malformed.
  bool Next();
  // Valid until the next Next().
  const RecordView& record() const { return record_; }
  // kInvalidArgument: a record is malformed, or there are fewer or more of them than the statement says.
  const absl::Status& status() const { return status_; }

 private:
  BatchWalk() = default;

  Statement statement_;
  std::string_view rest_;
  size_t counted_bytes_ = 0;
  uint32_t count_ = 0;
  RecordView record_;
  absl::Status status_;
};

// A batch whose bytes are well-formed throughout. Borrows the bytes. Immutable; thread-safe; cheap to copy.
class BatchView {
 public:
  // Checks every length, number and flag, and that nothing is left over.
  //   kInvalidArgument  malformed; the message says where and why
  //   kUnimplemented    made by a newer program
  static absl::StatusOr<BatchView> Parse(std::string_view bytes);

  std::string_view bytes() const { return bytes_; }
  const Statement& statement() const { return statement_; }
  std::string_view statement_bytes() const { return bytes_.substr(0, kStatementBytes); }
  crypto::Digest StatementHash() const { return HashStatement(statement_bytes()); }

  // The encoded records, one after the other.
  std::string_view body() const { return bytes_.substr(kBatchHeaderBytes); }
  RecordRange records() const { return RecordRange(body()); }
  // How many of them are withheld or erased. A batch that is published has none.
  uint32_t leaf_only_count() const { return leaf_only_count_; }

  // OK when the records are those that the statement is about.
  //   kDataLoss  a record, its salt or its order was changed
  absl::Status CheckRoot() const;

  SignatureArea signature() const { return SignatureArea(bytes_.substr(kStatementBytes, kSignatureAreaBytes)); }
  // OK when `key` signed the statement.
  //   kUnauthenticated  not signed, signed with another key, or the statement or the signature was changed
  absl::Status CheckSignature(const crypto::Ed25519PublicKey& key) const;

 private:
  BatchView() = default;

  std::string_view bytes_;
  Statement statement_;
  uint32_t leaf_only_count_ = 0;
};

}  // namespace allmende::format
