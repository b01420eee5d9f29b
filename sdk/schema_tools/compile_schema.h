// Compiles a `.proto` file into what a dataset's registration carries.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.pb.h"

namespace allmende {

struct CompiledSchema {
  google::protobuf::FileDescriptorSet files;  // self-contained; every file comes after the files that it imports
  std::string message;                        // full name of the record's message type
};

// Compiles `proto_path`. `message` is the record's type, full or short; empty where the file has only one message at
// top level. Imports are looked for in `import_paths` and in the file's own folder. `allmende/v1/*.proto` and
// `google/protobuf/*.proto` are built in and never read from disk.
//   kNotFound          no such file
//   kInvalidArgument   `file:line:column: reason`, one line an error; or which message to name
absl::StatusOr<CompiledSchema> CompileSchema(const std::string& proto_path, const std::string& message,
                                             const std::vector<std::string>& import_paths);

// The same for a text in memory; `name` is the file's name in messages.
absl::StatusOr<CompiledSchema> CompileSchemaText(const std::string& proto_text, const std::string& name,
                                                 const std::string& message,
                                                 const std::vector<std::string>& import_paths);

}  // namespace allmende
