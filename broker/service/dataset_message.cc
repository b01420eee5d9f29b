#include "broker/service/dataset_message.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/control/projection.h"
#include "policy/schema/canonical_set.h"
#include "policy/schema/evolution.h"
#include "policy/schema/schema_table.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"
#include "sdk/format/dataset_id.h"

namespace allmende::broker {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr size_t kTextBytesMax = 4'096;
constexpr size_t kNoticesMax = 100;
constexpr size_t kDatasetsPerProviderMax = 1'000;
constexpr size_t kSchemaBytesPerProviderMax = 32 << 20;

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

absl::Status CheckRetention(const v1::Retention& retention, v1::DatasetKind kind) {
  if (retention.max_age_us() < 0 || retention.max_bytes() < 0) {
    return absl::InvalidArgumentError("a retention bound is negative: use 0 for no bound");
  }
  if (retention.latest() && kind != v1::TABLE) {
    return absl::InvalidArgumentError("retention `latest` is for tables: a stream has no keys to keep the latest of");
  }
  return absl::OkStatus();
}

absl::Status CheckCreate(const v1::CreateDatasetRequest& request) {
  ALLMENDE_RETURN_IF_ERROR(CheckDatasetName(request.name()));
  if (request.kind() != v1::STREAM && request.kind() != v1::TABLE) {
    return absl::InvalidArgumentError("`kind` is missing: it is `stream` or `table`");
  }
  if (request.title().size() > kTextBytesMax || request.description().size() > kTextBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("title and description have at most ", kTextBytesMax, " bytes"));
  }
  ALLMENDE_RETURN_IF_ERROR(CheckRetention(request.retention(), request.kind()));
  ALLMENDE_ASSIGN_OR_RETURN(const policy::SchemaTable table,
                            policy::SchemaTable::Compile(request.schema(), request.message_name()));
  if (request.kind() == v1::TABLE && table.key_fields().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", request.message_name(), "` has no field with the option `key`: a table needs one"));
  }
  return absl::OkStatus();
}

// A dataset stays for good, with its schema in memory.
absl::Status CheckRoom(const State& state, const std::string& provider, size_t schema_bytes) {
  size_t datasets = 1;
  size_t bytes = schema_bytes;
  for (const auto& [name, dataset] : state.datasets) {
    if (dataset->provider == provider) {
      ++datasets;
      bytes += dataset->schema->descriptor_set.size();
    }
  }
  if (datasets > kDatasetsPerProviderMax || bytes > kSchemaBytesPerProviderMax) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "`", provider, "` would have ", datasets, " datasets with schemas of ", bytes, " bytes together, at most ",
        kDatasetsPerProviderMax, " with ", kSchemaBytesPerProviderMax, " are taken: use the datasets that are there"));
  }
  return absl::OkStatus();
}

bool SameDataset(const DatasetState& dataset, const v1::CreateDatasetRequest& request, const std::string& hash,
                 const std::string& provider) {
  return dataset.provider == provider && dataset.kind == request.kind() && dataset.schema->hash == hash &&
         dataset.title == request.title() && dataset.description == request.description() &&
         dataset.retention.SerializeAsString() == request.retention().SerializeAsString() &&
         (dataset.bad_records == v1::QUARANTINE) == (request.bad_records() == v1::QUARANTINE);
}

std::vector<std::string> Notices(const std::vector<policy::SchemaChange>& changes) {
  std::vector<std::string> notices;
  for (const policy::SchemaChange& change : changes) {
    if (notices.size() < kNoticesMax) {
      notices.push_back(absl::StrCat("`", change.field, "`: ", change.reason));
    }
  }
  return notices;
}

// A policy that does not fit its schema gives nobody anything, so no change may make one of it unnoticed. One that does
// not fit already keeps no change away: the change may be what mends it.
absl::Status CheckPolicyInForce(const DatasetState& dataset, const policy::SchemaTable& schema,
                                std::vector<std::string>& notices) {
  const std::string misfits = PolicyMisfits(dataset, schema);
  if (misfits.empty()) {
    return absl::OkStatus();
  }
  if (!PolicyMisfits(dataset, *dataset.schema->table).empty()) {
    notices.push_back(absl::StrCat("release ", dataset.release(), " of the policy does not fit this schema, as it did ",
                                   "not fit the one before, so nobody reads: ", misfits));
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("release ", dataset.release(), " of the policy of `", dataset.name,
                   "` would not fit the new schema, so nobody could read any more: ", misfits,
                   ": first release a policy that does not name the field, then update the schema, then release one "
                   "that lists what is new"));
}

}  // namespace

v1::Dataset ToMessage(const DatasetState& dataset, const LogHead& head, bool with_schema) {
  v1::Dataset message;
  message.set_name(dataset.name);
  message.set_id(dataset.id);
  message.set_title(dataset.title);
  message.set_description(dataset.description);
  message.set_kind(dataset.kind);
  message.set_provider(dataset.provider);
  if (with_schema) {
    message.set_schema(dataset.schema->descriptor_set);
  }
  message.set_message_name(dataset.schema->message_name);
  message.set_schema_hash(dataset.schema->hash);
  message.set_schema_version(dataset.schema->version);
  message.set_bad_records(dataset.bad_records);
  *message.mutable_retention() = dataset.retention;
  message.set_created_at_us(absl::ToUnixMicros(dataset.created_at));
  message.set_release(dataset.release());
  message.set_first_sequence(head.first_sequence);
  message.set_next_sequence(head.next_sequence);
  message.set_stored_bytes(static_cast<int64_t>(head.bytes));
  return message;
}

absl::Status CheckDatasetName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a dataset's name has 1 to ", kNameBytesMax, " bytes"));
  }
  char before = '/';
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool joins = c == '/' || c == '-';
    if ((!joins && !IsWordCharacter(c)) || (joins && (!IsWordCharacter(before) || i + 1 == name.size()))) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", std::string(name),
                       "` is not a dataset's name: use words of a-z, 0-9 and `-`, joined by `/`, "
                       "for example `wasser/regen`"));
    }
    before = c;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SchemaHash(std::string_view descriptor_set, const std::string& message_name) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string canonical, policy::CanonicalDescriptorSet(descriptor_set, message_name));
  return std::string(crypto::AsBytes(crypto::Sha256Of(canonical)));
}

absl::StatusOr<std::optional<v1::Fact>> ProposeDataset(const State& state, const v1::CreateDatasetRequest& request,
                                                       const std::string& provider) {
  ALLMENDE_RETURN_IF_ERROR(CheckCreate(request));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string hash, SchemaHash(request.schema(), request.message_name()));
  if (const DatasetState* found = state.Find(request.name())) {
    if (SameDataset(*found, request, hash, provider)) {
      return std::nullopt;
    }
    return absl::AlreadyExistsError(
        absl::StrCat("there is a dataset `", request.name(), "` of `", found->provider,
                     "` already, and it differs: take another name",
                     found->provider == provider ? ", or change its schema with `allmende dataset update`" : ""));
  }
  ALLMENDE_RETURN_IF_ERROR(CheckRoom(state, provider, request.schema().size()));
  v1::Fact fact;
  v1::DatasetCreated& created = *fact.mutable_dataset_created();
  created.set_id(std::string(format::DatasetId::Random().bytes()));
  created.set_log(std::max<uint32_t>(state.next_log, 1));  // 0 is the control log
  created.set_name(request.name());
  created.set_title(request.title());
  created.set_description(request.description());
  created.set_kind(request.kind());
  created.set_provider(provider);
  created.set_schema(request.schema());
  created.set_message_name(request.message_name());
  created.set_schema_hash(hash);
  created.set_bad_records(request.bad_records() == v1::QUARANTINE ? v1::QUARANTINE : v1::REFUSE_BATCH);
  *created.mutable_retention() = request.retention();
  return fact;
}

absl::StatusOr<SchemaProposal> ProposeSchema(const State& state, const v1::UpdateSchemaRequest& request,
                                             const std::string& participant) {
  const DatasetState* dataset = state.Find(request.name());
  if (dataset == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no dataset `", request.name(), "`"));
  }
  if (dataset->provider != participant) {
    return absl::PermissionDeniedError(
        absl::StrCat("`", request.name(), "` is provided by `", dataset->provider, "`: only it changes the schema"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const policy::SchemaTable table,
                            policy::SchemaTable::Compile(request.schema(), request.message_name()));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string hash, SchemaHash(request.schema(), request.message_name()));
  if (hash == dataset->schema->hash) {
    return SchemaProposal();
  }
  if (request.expected_version() != dataset->schema->version) {
    return absl::AbortedError(absl::StrCat("version ", dataset->schema->version, " of the schema is in force, not ",
                                           request.expected_version(), ": look at it and try again"));
  }
  const std::vector<policy::SchemaChange> changes = policy::CompareSchemas(*dataset->schema->table, table);
  const std::string breaking = policy::DescribeBreakingChanges(changes);
  if (!breaking.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the change would break readers: ", breaking,
                                                      ": a change that breaks readers needs a new dataset"));
  }
  SchemaProposal proposal;
  proposal.notices = Notices(changes);
  ALLMENDE_RETURN_IF_ERROR(CheckPolicyInForce(*dataset, table, proposal.notices));
  v1::SchemaUpdated& updated = *proposal.fact.emplace().mutable_schema_updated();
  updated.set_dataset_id(dataset->id);
  updated.set_version(dataset->schema->version + 1);
  updated.set_schema(request.schema());
  updated.set_message_name(request.message_name());
  updated.set_schema_hash(hash);
  return proposal;
}

}  // namespace allmende::broker
