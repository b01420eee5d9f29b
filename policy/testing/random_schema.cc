#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/testing/random.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy::testing {
namespace {

const std::vector<std::string>& Scalars() {
  static const auto& types = *new std::vector<std::string>{
      "double",  "float",    "int32",    "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
      "fixed64", "sfixed32", "sfixed64", "bool",  "string", "bytes",  "Kind",   "string", "int64"};
  return types;
}

const std::vector<std::string>& Classes() {
  static const auto& classes =
      *new std::vector<std::string>{"PUBLIC", "OPERATIONAL", "LOCATION", "IDENTIFIER", "PERSONAL", "CRITICAL"};
  return classes;
}

bool IsText(const std::string& type) {
  return type == "string" || type == "bytes";
}

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string Text() {
    const std::string record = Message("Record", 0);
    return ProtoText(
        absl::StrCat("enum Kind { KIND_NONE = 0; KIND_ONE = 1; KIND_LOW = -3; KIND_BIG = 70000; }\n", record));
  }

 private:
  std::string Message(const std::string& name, int depth) {
    std::vector<std::string> lines;
    std::string inner;
    uint32_t number = 0;
    const uint64_t fields = 1 + random_.Below(depth == 0 ? 14 : 5);
    bool oneof_open = false;
    for (uint64_t i = 0; i < fields; ++i) {
      number += 1 + static_cast<uint32_t>(random_.OneIn(6) ? random_.Below(3'000) : random_.Below(2));
      const std::string field = absl::StrCat("f", number);
      if (!oneof_open && random_.OneIn(10)) {
        lines.emplace_back("oneof choice {");
        oneof_open = true;
        const std::string line = OneofField(field, number);
        lines.push_back(line);
        number += 1;
        lines.push_back(OneofField(absl::StrCat("f", number), number));
        lines.emplace_back("}");
      } else if (depth < 3 && random_.OneIn(5)) {
        const std::string type = absl::StrCat("M", depth, "_", messages_++);
        inner += Message(type, depth + 1);
        lines.push_back(Field(random_.OneIn(3) ? "repeated " : "", type, field, number, ""));
      } else if (random_.OneIn(7)) {
        const std::string type = random_.OneIn(2) ? "google.protobuf.Timestamp" : "allmende.v1.Position";
        lines.push_back(Field(random_.OneIn(4) ? "repeated " : "", type, field, number, ""));
      } else if (depth == 0 && !event_time_ && random_.OneIn(6)) {
        event_time_ = true;
        lines.push_back(random_.OneIn(2) ? Field("", "google.protobuf.Timestamp", field, number, ", $t")
                                         : Field(random_.OneIn(2) ? "optional " : "", "int64", field, number,
                                                 absl::StrCat(", $t, ", Unit())));
      } else {
        lines.push_back(ScalarField(field, number, depth));
      }
    }
    return absl::StrCat(inner, "message ", name, " {\n  ", absl::StrJoin(lines, "\n  "), "\n}\n");
  }

  std::string ScalarField(const std::string& field, uint32_t number, int depth) {
    const std::string type = random_.Pick(Scalars());
    std::string more = type == "int64" && random_.OneIn(2) ? absl::StrCat(", ", Unit()) : "";
    std::string label;
    switch (random_.Below(5)) {
      case 0:
        label = "optional ";
        break;
      case 1:
        label = "repeated ";
        if (!IsText(type) && random_.OneIn(2)) {
          more += ", packed = false";
        }
        break;
      default:
        break;
    }
    if (depth == 0 && label != "repeated " && type != "double" && type != "float" && random_.OneIn(5)) {
      more += ", $k";
    }
    return Field(label, type, field, number, more);
  }

  std::string OneofField(const std::string& field, uint32_t number) {
    return Field("", random_.Pick(Scalars()), field, number, "");
  }

  std::string Field(const std::string& label, const std::string& type, const std::string& name, uint32_t number,
                    const std::string& more) {
    return absl::StrCat(label, type, " ", name, " = ", number, " [(allmende.v1.class) = ", random_.Pick(Classes()),
                        more, "];");
  }

  std::string Unit() {
    static const auto& units = *new std::vector<std::string>{"us", "ms", "s"};
    return absl::StrCat("(allmende.v1.unit) = \"", random_.Pick(units), "\"");
  }

  Random& random_;
  int messages_ = 0;
  bool event_time_ = false;
};

}  // namespace

std::string RandomSchemaText(Random& random) {
  return Writer(random).Text();
}

}  // namespace allmende::policy::testing
