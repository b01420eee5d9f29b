// What validation reads out of a record, once more: on messages, by reflection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "google/protobuf/message.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy::testing {

// Protobuf's deterministic encoding.
std::string Encoded(const google::protobuf::Message& message);

// At any level.
bool HoldsUnknownFields(const google::protobuf::Message& message);

// The canonical key, as docs/formats.md lays it down.
std::string ReferenceKey(const google::protobuf::Message& record, const SchemaTable& table);

// In microseconds; nothing where the record has none.
std::optional<int64_t> ReferenceEventTime(const google::protobuf::Message& record, const SchemaTable& table);

// Times, places, event time and key length, at any level. (Protobuf's parser has seen to UTF-8 and numbers.)
bool ValuesInRange(const google::protobuf::Message& record, const SchemaTable& table);

}  // namespace allmende::policy::testing
