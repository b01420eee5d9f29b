#include "policy/language/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <sstream>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

// Ends the reading of a file that is not worth reading on. Never leaves this unit.
struct Abandon {};

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Report& report) : report_(report) {}

  bool done() const { return documents_ > 0 && !abandoned_; }
  Node& root() { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      Fail(DiagnosticCode::kSecondDocument, Place(mark), {});
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    CheckAnchor(mark, anchor);
    Node node;
    node.position = Place(mark);
    Place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Fail(DiagnosticCode::kAnchor, Place(mark), {}); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckAnchor(mark, anchor);
    CheckTag(mark, tag);
    Node node;
    node.kind = Node::Kind::kScalar;
    node.position = Place(mark);
    node.quoted = tag == "!";
    node.scalar = value;
    node.length = CountCharacters(value) + (node.quoted ? 2 : 0);
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(mark, tag, anchor, Node::Kind::kSequence, style);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(mark, tag, anchor, Node::Kind::kMapping, style);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A collection that is being filled.
  struct Frame {
    Node node;
    std::optional<Node> key;                           // of the entry whose value comes next
    absl::flat_hash_map<std::string, int> lines = {};  // keys so far, and where they stand
  };

  FilePosition Place(const YAML::Mark& mark) const { return report_.source().PositionOf(mark.line, mark.column); }

  [[noreturn]] void Fail(DiagnosticCode code, FilePosition position, std::vector<std::string> arguments) {
    report_.Add(code, position, 1, std::move(arguments));
    abandoned_ = true;
    throw Abandon{};
  }

  void CheckAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      Fail(DiagnosticCode::kAnchor, Place(mark), {});
    }
  }

  // The library calls plain values `?` and quoted ones `!`; anything else was written out.
  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      Fail(DiagnosticCode::kTag, Place(mark), {tag});
    }
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind,
            YAML::EmitterStyle::value style) {
    CheckAnchor(mark, anchor);
    CheckTag(mark, tag);
    if (static_cast<int>(open_.size()) >= kDepthMax) {
      Fail(DiagnosticCode::kTooDeep, Place(mark), {Cat(kDepthMax)});
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.position = Place(mark);
    frame.node.flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(frame));
  }

  void Close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Place(std::move(node));
  }

  // Puts a finished node where it belongs.
  void Place(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.IsSequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      TakeKey(frame, std::move(node));
    } else {
      if (node.IsNull()) {
        node.position = frame.key->position;  // the library places an absent value after the next token
        node.length = frame.key->length;
      }
      frame.node.entries.push_back({*std::move(frame.key), std::move(node)});
      frame.key.reset();
    }
  }

  void TakeKey(Frame& frame, Node key) {
    if (!key.IsScalar()) {
      Fail(DiagnosticCode::kComplexKey, key.position, {});
    }
    const auto [first, inserted] = frame.lines.try_emplace(key.scalar, key.position.line);
    if (!inserted) {
      report_.Add(DiagnosticCode::kDuplicateKey, key.position, key.length, {key.scalar, Cat(first->second)});
    }
    frame.key = std::move(key);
  }

  Report& report_;
  std::vector<Frame> open_;
  Node root_;
  int documents_ = 0;
  bool abandoned_ = false;
};

bool CheckBytes(Report& report) {
  const std::string_view text = report.source().text();
  if (text.size() > kFileBytesMax) {
    report.Add(DiagnosticCode::kFileTooLarge, {}, 1, {Cat(text.size()), Cat(kFileBytesMax)});
    return false;
  }
  const std::optional<BadCharacter> bad = FindBadCharacter(text);
  if (!bad) {
    return true;
  }
  const FilePosition position = report.source().PositionAt(bad->offset);
  if (bad->invalid_utf8) {
    report.Add(DiagnosticCode::kInvalidUtf8, position, 1,
               {absl::StrFormat("%02X", static_cast<uint32_t>(bad->code_point))});
  } else {
    report.Add(DiagnosticCode::kHiddenCharacter, position, 1,
               {absl::StrFormat("%04X", static_cast<uint32_t>(bad->code_point))});
  }
  return false;
}

// Feeds the builder all documents. True if the text is YAML.
bool Parse(Report& report, TreeBuilder& builder) {
  try {
    std::istringstream stream{std::string(report.source().text())};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return true;
  } catch (const Abandon&) {
  } catch (const YAML::Exception& error) {
    // An alias of nothing is found before the builder sees it.
    const bool alias = error.msg.rfind(YAML::ErrorMsg::UNKNOWN_ANCHOR, 0) == 0;
    report.Add(alias ? DiagnosticCode::kAnchor : DiagnosticCode::kNotYaml,
               report.source().PositionOf(error.mark.line, error.mark.column), 1,
               alias ? std::vector<std::string>() : std::vector<std::string>{error.msg});
  } catch (const std::exception& error) {
    report.Add(DiagnosticCode::kNotYaml, {}, 1, {error.what()});
  }
  return false;
}

}  // namespace

std::optional<Node> ReadYaml(Report& report) {
  if (!CheckBytes(report)) {
    return std::nullopt;
  }
  TreeBuilder builder(report);
  if (!Parse(report, builder)) {
    return std::nullopt;
  }
  if (!builder.done() || builder.root().IsNull()) {
    report.Add(DiagnosticCode::kEmptyFile, {}, 1, {});
    return std::nullopt;
  }
  if (!builder.root().IsMapping()) {
    report.Add(DiagnosticCode::kNotAMapping, builder.root().position, builder.root().length, {});
    return std::nullopt;
  }
  return std::move(builder.root());
}

}  // namespace allmende::policy
