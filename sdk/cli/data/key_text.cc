#include "sdk/cli/data/key_text.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/key/key.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

using policy::FieldInfo;
using policy::FieldType;

enum class Form { kBytes, kSigned, kUnsigned, kBool };

Form FormOf(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kBytes:
      return Form::kBytes;
    case FieldType::kUint32:
    case FieldType::kUint64:
    case FieldType::kFixed32:
    case FieldType::kFixed64:
      return Form::kUnsigned;
    case FieldType::kBool:
      return Form::kBool;
    default:
      return Form::kSigned;
  }
}

std::string KeyFields(const policy::SchemaTable& schema) {
  return absl::StrJoin(schema.key_fields(), ", ", [](std::string* out, const FieldInfo* field) {
    absl::StrAppend(out, "`", field->path, "` (", std::string(policy::FieldTypeName(field->type)), ")");
  });
}

absl::Status NoValue(const FieldInfo& field, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("`", Printable(text), "` is no value of the key field `", field.path,
                                                 "`, which is of type ",
                                                 std::string(policy::FieldTypeName(field.type))));
}

absl::Status AddEnum(const FieldInfo& field, const std::string& text, policy::KeyWriter& key) {
  for (const policy::EnumValue& value : field.enum_values) {
    if (value.name == text) {
      key.AddSigned(value.number);
      return absl::OkStatus();
    }
  }
  return NoValue(field, text);
}

absl::Status AddValue(const FieldInfo& field, const std::string& text, policy::KeyWriter& key) {
  int64_t number = 0;
  uint64_t whole = 0;
  switch (FormOf(field.type)) {
    case Form::kBytes: {
      std::string bytes = text;
      if (field.type == FieldType::kBytes && !absl::Base64Unescape(text, &bytes)) return NoValue(field, text);
      key.AddBytes(bytes);
      return absl::OkStatus();
    }
    case Form::kBool:
      if (text != "true" && text != "false") return NoValue(field, text);
      key.AddBool(text == "true");
      return absl::OkStatus();
    case Form::kUnsigned:
      if (!absl::SimpleAtoi(text, &whole)) return NoValue(field, text);
      key.AddUnsigned(whole);
      return absl::OkStatus();
    case Form::kSigned:
      if (absl::SimpleAtoi(text, &number)) {
        key.AddSigned(number);
        return absl::OkStatus();
      }
      return field.type == FieldType::kEnum ? AddEnum(field, text, key) : NoValue(field, text);
  }
  return NoValue(field, text);
}

absl::Status AddValues(const policy::SchemaTable& schema, const std::vector<std::string>& texts,
                       policy::KeyWriter& key) {
  for (size_t i = 0; i < texts.size(); ++i) {
    ALLMENDE_RETURN_IF_ERROR(AddValue(*schema.key_fields()[i], texts[i], key));
  }
  return key.Check();
}

absl::StatusOr<std::string> ReadValue(const FieldInfo& field, policy::KeyReader& reader) {
  switch (FormOf(field.type)) {
    case Form::kBytes: {
      ALLMENDE_ASSIGN_OR_RETURN(const std::string bytes, reader.ReadBytes());
      return field.type == FieldType::kBytes ? absl::Base64Escape(bytes) : bytes;
    }
    case Form::kBool: {
      ALLMENDE_ASSIGN_OR_RETURN(const bool value, reader.ReadBool());
      return std::string(value ? "true" : "false");
    }
    case Form::kUnsigned: {
      ALLMENDE_ASSIGN_OR_RETURN(const uint64_t value, reader.ReadUnsigned());
      return absl::StrCat(value);
    }
    case Form::kSigned:
      break;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const int64_t number, reader.ReadSigned());
  for (const policy::EnumValue& value : field.enum_values) {
    if (value.number == number) return value.name;
  }
  return absl::StrCat(number);
}

}  // namespace

absl::StatusOr<std::string> KeyFromTexts(const policy::SchemaTable& schema, const std::vector<std::string>& texts) {
  if (schema.key_fields().empty()) return absl::InvalidArgumentError("the schema has no key");
  if (texts.size() != schema.key_fields().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a key has ", schema.key_fields().size(), " values here, in this order: ", KeyFields(schema)));
  }
  policy::KeyWriter key;
  ALLMENDE_RETURN_IF_ERROR(AddValues(schema, texts, key));
  return std::string(key.bytes());
}

absl::StatusOr<std::string> KeyPrefixFromTexts(const policy::SchemaTable& schema,
                                               const std::vector<std::string>& texts) {
  if (texts.size() > schema.key_fields().size()) {
    return absl::InvalidArgumentError(absl::StrCat("a key has no more values than these: ", KeyFields(schema)));
  }
  policy::KeyWriter key;
  ALLMENDE_RETURN_IF_ERROR(AddValues(schema, texts, key));
  std::string prefix(key.bytes());
  if (!texts.empty() && schema.key_fields()[texts.size() - 1]->type == FieldType::kString) {
    prefix.resize(prefix.size() - 2);  // without the end mark
  }
  return prefix;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> TextsOfKey(const policy::SchemaTable& schema,
                                                                            std::string_view key) {
  policy::KeyReader reader(key);
  std::vector<std::pair<std::string, std::string>> texts;
  for (const FieldInfo* field : schema.key_fields()) {
    ALLMENDE_ASSIGN_OR_RETURN(std::string text, ReadValue(*field, reader));
    texts.emplace_back(field->path, std::move(text));
  }
  if (!reader.AtEnd()) return absl::InvalidArgumentError("the key has more values than the schema has key fields");
  return texts;
}

}  // namespace allmende::cli
