#include "policy/view/transform.h"

#include <cstring>
#include <limits>

#include "policy/view/skip.h"
#include "policy/wire/wire_reader.h"
#include "policy/wire/wire_writer.h"

namespace allmende::policy::view {
namespace {

enum class Inspection : uint8_t { kClean, kUnknown, kMalformed };

// A second tag for the same field, or one for a field that should have come before.
bool MayFollow(const MessagePlan& plan, Step step, uint64_t number, uint64_t last) {
  return number == last && (step.field == kUnknownField || plan.fields[step.field].may_repeat);
}

// Whether a message that is kept can be copied as it is. `plan` keeps all that the schema knows.
Inspection Inspect(const MessagePlan& plan, const char* at, const char* end) {
  uint64_t last = 0;
  while (at < end) {
    uint64_t tag;
    at = ReadMinimalVarint(at, end, &tag);
    if (at == nullptr) {
      return Inspection::kMalformed;
    }
    const Step step = tag < plan.steps.size() ? plan.steps[tag] : plan.StepOf(tag);
    const uint64_t number = tag >> 3;
    if (number <= last && !MayFollow(plan, step, number, last)) {
      return Inspection::kMalformed;
    }
    last = number;
    if (step.kind == StepKind::kRefuse) {
      return Inspection::kMalformed;
    }
    if (step.field == kUnknownField) {
      return Inspection::kUnknown;
    }
    const char* const value = at;
    at = SkipValue(static_cast<unsigned>(tag & 7), at, end);
    if (at == nullptr) {
      return Inspection::kMalformed;
    }
    if (step.kind == StepKind::kKeepMessage) {
      size_t length = 0;
      const char* const begin = ReadLength(value, end, &length);
      const Inspection inner = Inspect(*plan.fields[step.field].inner, begin, begin + length);
      if (inner != Inspection::kClean) {
        return inner;
      }
    }
  }
  return Inspection::kClean;
}

char* Copy(char* out, const char* from, const char* to) {
  if (from < to) {
    const auto bytes = static_cast<size_t>(to - from);
    std::memcpy(out, from, bytes);
    return out + bytes;
  }
  return out;
}

}  // namespace

bool Transform::Record(std::string_view payload) {
  buffer_.Reset(payload.size() + 1);  // never without memory
  const char* const at = payload.data();
  input_end_ = at + payload.size();
  return Message(*plan_.record, at, input_end_);
}

// Kept fields are not copied one by one: `run` is where the bytes begin that are kept and not copied yet.
bool Transform::Message(const MessagePlan& plan, const char* at, const char* end) {
  constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();  // beyond every number that a tag can hold
  const char* run = at;
  char* out = buffer_.end();
  uint64_t last = 0;
  size_t filled = 0;
  const auto next_filled = [&]() -> uint64_t {
    return filled < plan.filled.size() ? plan.fields[plan.filled[filled]].number : kNone;
  };
  uint64_t fill = next_filled();

  while (at < end) {
    const char* const start = at;
    Step step;
    uint64_t number;
    if (const auto first = static_cast<uint8_t>(*at); first < plan.steps.size()) [[likely]] {
      step = plan.steps[first];
      number = first >> 3;
      ++at;
    } else {
      uint64_t tag;
      at = ReadMinimalVarint(at, end, &tag);
      if (at == nullptr) {
        return false;
      }
      step = plan.StepOf(tag);
      number = tag >> 3;
    }
    if (number <= last && !MayFollow(plan, step, number, last)) [[unlikely]] {
      return false;
    }
    last = number;
    while (number >= fill) [[unlikely]] {
        if (number > fill) {
          buffer_.SetEnd(Copy(out, run, start));
          Fill(plan.fields[plan.filled[filled]], start);
          out = buffer_.end();
          run = start;
        }
        ++filled;
        fill = next_filled();
      }

    switch (step.kind) {
      case StepKind::kRefuse:
        return false;
      case StepKind::kKeepVarint:
        at = SkipVarint(at, end);
        break;
      case StepKind::kKeepFixed64:
        at = SkipFixed(at, end, 8);
        break;
      case StepKind::kKeepBytes:
        at = SkipBytes(at, end);
        break;
      case StepKind::kKeepFixed32:
        at = SkipFixed(at, end, 4);
        break;
      case StepKind::kDropVarint:
        out = Copy(out, run, start);
        run = at = SkipVarint(at, end);
        break;
      case StepKind::kDropFixed64:
        out = Copy(out, run, start);
        run = at = SkipFixed(at, end, 8);
        break;
      case StepKind::kDropBytes:
        out = Copy(out, run, start);
        run = at = SkipBytes(at, end);
        break;
      case StepKind::kDropFixed32:
        out = Copy(out, run, start);
        run = at = SkipFixed(at, end, 4);
        break;
      case StepKind::kKeepMessage: {
        size_t length = 0;
        const char* const begin = ReadLength(at, end, &length);
        if (begin == nullptr) {
          return false;
        }
        const FieldPlan& field = plan.fields[step.field];
        const Inspection inspection = Inspect(*field.inner, begin, begin + length);
        if (inspection == Inspection::kMalformed) {
          return false;
        }
        if (inspection == Inspection::kUnknown) {
          buffer_.SetEnd(Copy(out, run, start));
          run = Nested(field, at, end);
          out = buffer_.end();
        }
        at = begin + length;
        break;
      }
      case StepKind::kChange:
        buffer_.SetEnd(Copy(out, run, start));
        run = at = Change(plan.fields[step.field], at, end);
        out = buffer_.end();
        break;
    }
    if (at == nullptr || run == nullptr) [[unlikely]] {
      return false;
    }
  }
  buffer_.SetEnd(Copy(out, run, end));
  for (; filled < plan.filled.size(); ++filled) {
    Fill(plan.fields[plan.filled[filled]], end);
  }
  return true;
}

const char* Transform::Nested(const FieldPlan& field, const char* at, const char* end) {
  constexpr size_t kTagBytesMax = 5;
  size_t length = 0;
  const char* const begin = ReadLength(at, end, &length);
  if (begin == nullptr) {
    return nullptr;
  }
  Reserve(kTagBytesMax + 1, begin);
  // The length is not known yet: most need one byte, others move what was written.
  char* const length_at = WriteTag(buffer_.end(), field.number, WireType::kLengthDelimited);
  buffer_.SetEnd(length_at + 1);
  const size_t before = buffer_.size();
  const char* const next = begin + length;
  if (!Message(*field.inner, begin, next)) {
    return nullptr;
  }
  const size_t bytes = buffer_.size() - before;
  const size_t extra = static_cast<size_t>(VarintBytes(bytes)) - 1;
  if (extra > 0) {
    Reserve(extra, next);
    char* const content = buffer_.data() + before;
    std::memmove(content + extra, content, bytes);
    buffer_.SetEnd(content + extra + bytes);
  }
  WriteVarint(buffer_.data() + before - 1, bytes);
  return next;
}

}  // namespace allmende::policy::view
