// A dataset's schema: turns payloads into records by reading key and event time out of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/record.h"

namespace google::protobuf {
class Descriptor;
}

namespace allmende {

// Immutable, cheap to copy, thread-safe.
class Schema {
 public:
  // From a serialized google.protobuf.FileDescriptorSet, closed over its imports, and the full name of the message.
  //   kInvalidArgument  the bytes are no such set, the message is not in it, or its options contradict each other; the
  //                     message names the field
  static absl::StatusOr<Schema> Create(std::string_view descriptor_set, std::string_view message_name);

  // From a message type that is linked into the program: `Schema::Create(*rain::Reading::descriptor())`.
  static absl::StatusOr<Schema> Create(const google::protobuf::Descriptor& message);

  // Fills key and event time of `record` from its payload (protobuf wire bytes). The key's bytes are kept in `key`,
  // which is replaced and must outlive `record`. Checks the payload as the broker will.
  //
  // For a delete the payload needs the key fields only; they become the key, and then the payload is emptied, as a
  // delete wants it. Its event time is left as it is.
  //   kInvalidArgument  the payload does not fit the schema; names the field and the reason
  absl::Status Describe(NewRecord& record, std::string& key) const;

  // What CreateDatasetRequest wants.
  const std::string& descriptor_set() const;
  const std::string& message_name() const;
  // SHA-256 of the canonical descriptor set; equal hashes mean equal schemas.
  const std::string& hash() const;

 private:
  struct Data;
  explicit Schema(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};

}  // namespace allmende
