#include "sdk/schema_tools/compile_schema.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/compiler/importer.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/timestamp.pb.h"

#include "allmende/v1/options.pb.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende {
namespace {

namespace pb = google::protobuf;

constexpr size_t kErrorsMax = 20;
constexpr size_t kSchemaBytesMax = size_t{1} << 20;

bool IsBuiltIn(const std::string& file) {
  return absl::StartsWith(file, "allmende/v1/") || absl::StartsWith(file, "google/protobuf/");
}

// The files of the user; built-in ones are found elsewhere, so that no stray copy of them can change their meaning.
class UserFiles final : public pb::compiler::SourceTree {
 public:
  UserFiles(std::string main_name, std::string main_text, const std::vector<std::string>& folders)
      : main_name_(std::move(main_name)), main_text_(std::move(main_text)) {
    for (const std::string& folder : folders) {
      disk_.MapPath("", folder.empty() ? "." : folder);
    }
  }

  pb::io::ZeroCopyInputStream* Open(const std::string& file) override {
    if (file == main_name_) {
      return new pb::io::ArrayInputStream(main_text_.data(), static_cast<int>(main_text_.size()));
    }
    return IsBuiltIn(file) ? nullptr : disk_.Open(file);
  }

  std::string GetLastErrorMessage() override { return "no such file in the import paths"; }

 private:
  const std::string main_name_;
  const std::string main_text_;
  pb::compiler::DiskSourceTree disk_;
};

class ErrorList final : public pb::compiler::MultiFileErrorCollector {
 public:
  // Lines and columns count from 0, -1 means the whole file.
  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    if (errors_.size() < kErrorsMax) {
      errors_.push_back(line < 0 ? absl::StrCat(file, ": ", message)
                                 : absl::StrCat(file, ":", line + 1, ":", column + 1, ": ", message));
    }
  }

  absl::Status ToStatus(const std::string& file) const {
    return absl::InvalidArgumentError(errors_.empty() ? absl::StrCat(file, ": cannot be compiled")
                                                      : absl::StrJoin(errors_, "\n"));
  }

 private:
  std::vector<std::string> errors_;
};

void AddWithImports(const pb::FileDescriptor& file, std::set<const pb::FileDescriptor*>& seen,
                    pb::FileDescriptorSet& out) {
  if (!seen.insert(&file).second) {
    return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddWithImports(*file.dependency(i), seen, out);
  }
  file.CopyTo(out.add_file());
}

absl::StatusOr<const pb::Descriptor*> FindMessage(const pb::FileDescriptor& file, const std::string& message) {
  std::vector<std::string> names;
  for (int i = 0; i < file.message_type_count(); ++i) {
    const pb::Descriptor* candidate = file.message_type(i);
    if (candidate->name() == message || candidate->full_name() == message) {
      return candidate;
    }
    names.push_back(absl::StrCat("`", candidate->name(), "`"));
  }
  if (names.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(file.name(), ": defines no message; a schema is one message"));
  }
  if (message.empty() && names.size() == 1) {
    return file.message_type(0);
  }
  if (message.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(file.name(), ": defines ", names.size(), " messages (",
                                                   absl::StrJoin(names, ", "), "); say which one is the record"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(file.name(), ": has no message `", message, "`; it defines ", absl::StrJoin(names, ", ")));
}

}  // namespace

absl::StatusOr<CompiledSchema> CompileSchemaText(const std::string& proto_text, const std::string& name,
                                                 const std::string& message,
                                                 const std::vector<std::string>& import_paths) {
  // Referring to them makes sure that the built-in files are linked in and registered.
  v1::Position::descriptor();
  pb::Timestamp::descriptor();

  const pb::LogSilencer silent;  // what the compiler would print besides its errors
  UserFiles files(name, proto_text, import_paths);
  ErrorList errors;
  pb::DescriptorPoolDatabase built_in(*pb::DescriptorPool::generated_pool());
  pb::compiler::SourceTreeDescriptorDatabase database(&files, &built_in);
  database.RecordErrorsTo(&errors);
  pb::DescriptorPool pool(&database, database.GetValidationErrorCollector());
  pool.EnforceWeakDependencies(true);
  const pb::FileDescriptor* file = pool.FindFileByName(name);
  if (file == nullptr) {
    return errors.ToStatus(name);
  }
  if (file->syntax() != pb::FileDescriptor::SYNTAX_PROTO3) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": schemas are proto3; begin with `syntax = \"proto3\";`"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const pb::Descriptor* record, FindMessage(*file, message));

  pb::FileDescriptorSet with_unknown_options;
  std::set<const pb::FileDescriptor*> seen;
  AddWithImports(*file, seen, with_unknown_options);
  CompiledSchema schema;
  schema.message = record->full_name();
  // Through bytes, so that our options, which this pool knew only as its own, become readable extensions.
  if (!schema.files.ParseFromString(with_unknown_options.SerializeAsString())) {
    return absl::InternalError(absl::StrCat(name, ": the compiled schema cannot be read back"));
  }
  return schema;
}

absl::StatusOr<CompiledSchema> CompileSchema(const std::string& proto_path, const std::string& message,
                                             const std::vector<std::string>& import_paths) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadFile(proto_path, kSchemaBytesMax));
  const size_t slash = proto_path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : proto_path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? proto_path : proto_path.substr(slash + 1);
  std::vector<std::string> folders = import_paths;
  folders.push_back(folder);
  return CompileSchemaText(text, name, message, folders);
}

}  // namespace allmende
