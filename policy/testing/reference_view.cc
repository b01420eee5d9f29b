#include "policy/testing/reference_view.h"

#include <cmath>
#include <ctime>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace allmende::policy::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using v1::FieldInstruction;

std::string BigEndian(uint64_t value, int bytes) {
  std::string result;
  for (int i = bytes - 1; i >= 0; --i) {
    result.push_back(static_cast<char>(value >> (8 * i)));
  }
  return result;
}

// Division that rounds down, on numbers too wide to overflow.
int64_t Floor(int64_t value, int64_t step, int64_t least) {
  const __int128 wide = value;
  __int128 quotient = wide / step;
  if (quotient * step > wide) {
    quotient -= 1;
  }
  return static_cast<int64_t>(std::max<__int128>(quotient * step, least));
}

int64_t UnitUs(const FieldDescriptor& field) {
  const std::string unit = field.options().GetExtension(v1::unit);
  return unit == "s" ? 1'000'000 : unit == "ms" ? 1'000 : 1;
}

constexpr int64_t kLeastUs = -62'135'596'800'000'000;

struct Time {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

Time TimeOf(const Message& timestamp) {
  const google::protobuf::Descriptor& type = *timestamp.GetDescriptor();
  const Reflection& reflection = *timestamp.GetReflection();
  return {reflection.GetInt64(timestamp, type.FindFieldByNumber(1)),
          reflection.GetInt32(timestamp, type.FindFieldByNumber(2))};
}

int64_t Microseconds(const Message& timestamp) {
  const Time time = TimeOf(timestamp);
  return time.seconds * 1'000'000 + time.nanos / 1'000;
}

void RoundTimestamp(int64_t step_us, Message& timestamp) {
  const int64_t rounded = Floor(Microseconds(timestamp), step_us, kLeastUs);
  const int64_t seconds = Floor(rounded, 1'000'000, std::numeric_limits<int64_t>::min()) / 1'000'000;
  const google::protobuf::Descriptor& type = *timestamp.GetDescriptor();
  timestamp.GetReflection()->SetInt64(&timestamp, type.FindFieldByNumber(1), seconds);
  timestamp.GetReflection()->SetInt32(&timestamp, type.FindFieldByNumber(2),
                                      static_cast<int32_t>((rounded - seconds * 1'000'000) * 1'000));
}

void MoveToGrid(uint32_t metres, Message& position) {
  const google::protobuf::Descriptor& type = *position.GetDescriptor();
  const Reflection& reflection = *position.GetReflection();
  const double s = metres / 111320.0;
  const double r = std::floor(reflection.GetDouble(position, type.FindFieldByNumber(1)) / s);
  const double c = std::min(90.0, std::max(-90.0, (r + 0.5) * s));
  const double n = std::max(1.0, std::floor(360.0 * std::cos(c * (M_PI / 180.0)) / s));
  const double k =
      std::min(n - 1, std::floor((reflection.GetDouble(position, type.FindFieldByNumber(2)) + 180.0) * n / 360.0));
  const auto rounded = [](double degrees) { return static_cast<double>(std::llround(degrees * 1e7)) / 1e7; };
  reflection.SetDouble(&position, type.FindFieldByNumber(1), rounded(c));
  reflection.SetDouble(&position, type.FindFieldByNumber(2), rounded(-180.0 + (k + 0.5) * 360.0 / n));
}

// The bucket of a value: how many bounds are not above it.
template <typename T>
T Bucketed(const FieldInstruction::Bucket& bucket, T value) {
  if (value != value) {
    return std::numeric_limits<T>::quiet_NaN();
  }
  int index = 0;
  while (index < bucket.bounds_size() && static_cast<T>(bucket.bounds(index)) <= value) {
    ++index;
  }
  if (bucket.index()) {
    return static_cast<T>(index);
  }
  if (index > 0) {
    return static_cast<T>(bucket.bounds(index - 1));
  }
  if (bucket.has_below()) {
    return static_cast<T>(bucket.below());
  }
  if (bucket.bounds(0) > 0 || std::numeric_limits<T>::lowest() == 0) {
    return 0;
  }
  return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
}

// A field's value number `index`, or its only one where that is -1.
class Value {
 public:
  Value(const Message& from, Message& to, const FieldDescriptor& field, int index)
      : from_(from), to_(&to), field_(&field), index_(index) {}

  template <typename T, typename Change>
  void Copy(T (Reflection::*get)(const Message&, const FieldDescriptor*) const,
            T (Reflection::*get_one)(const Message&, const FieldDescriptor*, int) const,
            void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
            void (Reflection::*add)(Message*, const FieldDescriptor*, T) const, Change change) {
    const Reflection& reflection = *from_.GetReflection();
    if (index_ < 0) {
      (reflection.*set)(to_, field_, change((reflection.*get)(from_, field_)));
    } else {
      (reflection.*add)(to_, field_, change((reflection.*get_one)(from_, field_, index_)));
    }
  }

  std::string Text() const {
    const Reflection& reflection = *from_.GetReflection();
    return index_ < 0 ? reflection.GetString(from_, field_) : reflection.GetRepeatedString(from_, field_, index_);
  }
  void SetText(const std::string& text) {
    const Reflection& reflection = *from_.GetReflection();
    index_ < 0 ? reflection.SetString(to_, field_, text) : reflection.AddString(to_, field_, text);
  }
  const Message& Inner() const {
    const Reflection& reflection = *from_.GetReflection();
    return index_ < 0 ? reflection.GetMessage(from_, field_) : reflection.GetRepeatedMessage(from_, field_, index_);
  }
  Message& NewInner() {
    const Reflection& reflection = *from_.GetReflection();
    return index_ < 0 ? *reflection.MutableMessage(to_, field_) : *reflection.AddMessage(to_, field_);
  }

  // Copies a value of any type but message; numbers through `number`.
  template <typename NumberChange>
  void CopyWith(NumberChange number) {
    const auto same = [](auto value) { return value; };
    switch (field_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Copy<int32_t>(&Reflection::GetInt32, &Reflection::GetRepeatedInt32, &Reflection::SetInt32,
                             &Reflection::AddInt32, number);
      case FieldDescriptor::CPPTYPE_INT64:
        return Copy<int64_t>(&Reflection::GetInt64, &Reflection::GetRepeatedInt64, &Reflection::SetInt64,
                             &Reflection::AddInt64, number);
      case FieldDescriptor::CPPTYPE_UINT32:
        return Copy<uint32_t>(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32, &Reflection::SetUInt32,
                              &Reflection::AddUInt32, number);
      case FieldDescriptor::CPPTYPE_UINT64:
        return Copy<uint64_t>(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64, &Reflection::SetUInt64,
                              &Reflection::AddUInt64, number);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Copy<double>(&Reflection::GetDouble, &Reflection::GetRepeatedDouble, &Reflection::SetDouble,
                            &Reflection::AddDouble, number);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Copy<float>(&Reflection::GetFloat, &Reflection::GetRepeatedFloat, &Reflection::SetFloat,
                           &Reflection::AddFloat, number);
      case FieldDescriptor::CPPTYPE_BOOL:
        return Copy<bool>(&Reflection::GetBool, &Reflection::GetRepeatedBool, &Reflection::SetBool,
                          &Reflection::AddBool, same);
      case FieldDescriptor::CPPTYPE_ENUM:
        return Copy<int>(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue, &Reflection::SetEnumValue,
                         &Reflection::AddEnumValue, same);
      case FieldDescriptor::CPPTYPE_STRING:
        return SetText(Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return NewInner().CopyFrom(Inner());
    }
  }

 private:
  const Message& from_;
  Message* to_;
  const FieldDescriptor* field_;
  int index_;
};

template <typename T>
std::optional<bool> Compared(const v1::RowComparison& compare, const T& value, const T& constant) {
  if (value != value) {
    return std::nullopt;
  }
  switch (compare.operator_()) {
    case v1::RowComparison::EQUAL:
      return value == constant;
    case v1::RowComparison::NOT_EQUAL:
      return !(value == constant);
    case v1::RowComparison::LESS:
      return value < constant;
    case v1::RowComparison::LESS_OR_EQUAL:
      return !(constant < value);
    case v1::RowComparison::GREATER:
      return constant < value;
    case v1::RowComparison::GREATER_OR_EQUAL:
      return !(value < constant);
    default:
      return std::nullopt;
  }
}

std::optional<bool> Compare(const v1::RowComparison& compare, const Message& record) {
  const Message* message = &record;
  const FieldDescriptor* field = nullptr;
  for (int i = 0; i < compare.field_size(); ++i) {
    if (field != nullptr) {
      message = &message->GetReflection()->GetMessage(*message, field);
    }
    field = message->GetDescriptor()->FindFieldByNumber(static_cast<int>(compare.field(i)));
    if (field->has_presence() && !message->GetReflection()->HasField(*message, field)) {
      return std::nullopt;
    }
  }
  const Reflection& reflection = *message->GetReflection();
  const v1::RowConstant& constant = compare.value();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Compared<int64_t>(compare, reflection.GetInt32(*message, field), constant.integer());
    case FieldDescriptor::CPPTYPE_INT64:
      return Compared<int64_t>(compare, reflection.GetInt64(*message, field), constant.integer());
    case FieldDescriptor::CPPTYPE_ENUM:
      return Compared<int64_t>(compare, reflection.GetEnumValue(*message, field), constant.integer());
    case FieldDescriptor::CPPTYPE_UINT32:
      return Compared<uint64_t>(compare, reflection.GetUInt32(*message, field), constant.natural());
    case FieldDescriptor::CPPTYPE_UINT64:
      return Compared<uint64_t>(compare, reflection.GetUInt64(*message, field), constant.natural());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Compared<double>(compare, reflection.GetDouble(*message, field), constant.number());
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Compared<double>(compare, reflection.GetFloat(*message, field), constant.number());
    case FieldDescriptor::CPPTYPE_BOOL:
      return Compared<bool>(compare, reflection.GetBool(*message, field), constant.truth());
    case FieldDescriptor::CPPTYPE_STRING:
      return Compared<std::string>(compare, reflection.GetString(*message, field),
                                   field->type() == FieldDescriptor::TYPE_STRING ? constant.text() : constant.data());
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Compared<int64_t>(compare, Microseconds(reflection.GetMessage(*message, field)), constant.time_us());
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> ReferenceFilter(const v1::RowFilter& filter, const Message& record) {
  switch (filter.condition_case()) {
    case v1::RowFilter::kAll:
    case v1::RowFilter::kAny: {
      bool unknown = false;
      const bool all = filter.has_all();
      for (const v1::RowFilter& part : all ? filter.all().of() : filter.any().of()) {
        const std::optional<bool> truth = ReferenceFilter(part, record);
        if (truth.has_value() && *truth != all) {
          return *truth;
        }
        unknown |= !truth.has_value();
      }
      return unknown ? std::nullopt : std::optional<bool>(all);
    }
    case v1::RowFilter::kNegated: {
      const std::optional<bool> truth = ReferenceFilter(filter.negated(), record);
      return truth.has_value() ? std::optional<bool>(!*truth) : std::nullopt;
    }
    case v1::RowFilter::kCompare:
      return Compare(filter.compare(), record);
    case v1::RowFilter::kMember: {
      v1::RowFilter any;
      for (const v1::RowConstant& value : filter.member().values()) {
        v1::RowComparison& compare = *any.mutable_any()->add_of()->mutable_compare();
        *compare.mutable_field() = filter.member().field();
        compare.set_operator_(v1::RowComparison::EQUAL);
        *compare.mutable_value() = value;
      }
      return ReferenceFilter(any, record);
    }
    case v1::RowFilter::CONDITION_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string ReferenceView::Pseudonym(char kind, FieldInstruction::Pseudonym::Period period,
                                     std::optional<int64_t> event_time_us, const std::string& behind) const {
  int64_t number = 0;
  if (period != FieldInstruction::Pseudonym::AGREEMENT) {
    number = std::numeric_limits<int64_t>::min();
    if (event_time_us.has_value()) {
      const int64_t days = Floor(*event_time_us, 86'400'000'000, std::numeric_limits<int64_t>::min()) / 86'400'000'000;
      const std::time_t seconds = days * 86'400;
      std::tm civil{};
      gmtime_r(&seconds, &civil);
      const int64_t year = civil.tm_year + 1900;
      number = period == FieldInstruction::Pseudonym::DAY     ? days
               : period == FieldInstruction::Pseudonym::MONTH ? year * 12 + civil.tm_mon
                                                              : year;
    }
  }
  std::string message("allmende pseudonym v1");
  message.push_back('\0');
  message += program_.dataset_id();
  message.push_back(kind);
  message.push_back(static_cast<char>(period));
  message += BigEndian(static_cast<uint64_t>(number), 8);
  message += behind;
  uint8_t code[kMacBytes];
  const std::string_view whole = message;
  mac_.Compute(std::span(&whole, 1), code);
  return std::string(reinterpret_cast<const char*>(code), 16);
}

void ReferenceView::Fields(const Message& from, const Instructions& instructions, const std::string& path,
                           std::optional<int64_t> event_time_us, Message& to) const {
  const Reflection& reflection = *from.GetReflection();
  for (const FieldInstruction& instruction : instructions) {
    const FieldDescriptor& field = *from.GetDescriptor()->FindFieldByNumber(static_cast<int>(instruction.number()));
    const std::string field_path = path.empty() ? field.name() : path + "." + field.name();
    if (!field.is_repeated() && field.has_presence() && !reflection.HasField(from, &field)) {
      continue;
    }
    const int count = field.is_repeated() ? reflection.FieldSize(from, &field) : 1;
    for (int i = 0; i < count; ++i) {
      Value value(from, to, field, field.is_repeated() ? i : -1);
      const bool stays_empty = !field.has_presence() && !field.is_repeated();
      switch (instruction.action_case()) {
        case FieldInstruction::kKeep:
          value.CopyWith([](auto number) { return number; });
          break;
        case FieldInstruction::kBucket:
          value.CopyWith([&](auto number) { return Bucketed(instruction.bucket(), number); });
          break;
        case FieldInstruction::kRoundTime:
          if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            Message& inner = value.NewInner();
            inner.CopyFrom(value.Inner());
            RoundTimestamp(instruction.round_time().step_us(), inner);
          } else {
            const int64_t unit = UnitUs(field);
            value.CopyWith([&](auto number) {
              return static_cast<decltype(number)>(
                  Floor(static_cast<int64_t>(number), instruction.round_time().step_us() / unit, kLeastUs / unit));
            });
          }
          break;
        case FieldInstruction::kGrid: {
          Message& inner = value.NewInner();
          inner.CopyFrom(value.Inner());
          MoveToGrid(instruction.grid().metres(), inner);
          break;
        }
        case FieldInstruction::kMask:
          value.SetText(stays_empty && value.Text().empty() ? "" : instruction.mask().text());
          break;
        case FieldInstruction::kPseudonym: {
          const std::string domain =
              instruction.pseudonym().domain().empty() ? field_path : instruction.pseudonym().domain();
          const std::string code = Pseudonym(1, instruction.pseudonym().period(), event_time_us,
                                             BigEndian(domain.size(), 4) + domain + value.Text());
          value.SetText(stays_empty && value.Text().empty()            ? ""
                        : field.type() == FieldDescriptor::TYPE_STRING ? absl::BytesToHexString(code)
                                                                       : code);
          break;
        }
        case FieldInstruction::kNested:
          Fields(value.Inner(), instruction.nested().fields(), field_path, event_time_us, value.NewInner());
          break;
        case FieldInstruction::ACTION_NOT_SET:
          break;
      }
    }
  }
}

std::optional<ReferenceRecord> ReferenceView::Apply(const Message& record, const std::string& key,
                                                    std::optional<int64_t> event_time_us) const {
  if (program_.has_rows() && ReferenceFilter(program_.rows(), record) != true) {
    return std::nullopt;
  }
  ReferenceRecord result;
  bool keeps_key = true;
  auto key_period = FieldInstruction::Pseudonym::AGREEMENT;
  for (const FieldInfo* field : table_.key_fields()) {
    bool keeps_field = false;
    for (const FieldInstruction& instruction : program_.fields()) {
      if (instruction.number() == field->number) {
        keeps_field = instruction.has_keep();
        if (instruction.has_pseudonym()) {
          key_period = std::max(key_period, instruction.pseudonym().period());
        }
      }
    }
    keeps_key &= keeps_field;
  }
  if (!table_.key_fields().empty()) {
    result.key_is_pseudonym = !keeps_key;
    result.key = keeps_key ? key : Pseudonym(2, key_period, event_time_us, key);
  }
  for (const FieldInstruction& instruction : program_.fields()) {
    const FieldInfo* field = table_.event_time_field();
    if (field != nullptr && field->number == instruction.number() && event_time_us.has_value()) {
      if (instruction.has_keep()) {
        result.event_time_us = event_time_us;
      } else if (instruction.has_round_time()) {
        result.event_time_us = Floor(*event_time_us, instruction.round_time().step_us(), kLeastUs);
      }
    }
  }
  result.message.reset(record.New());
  Fields(record, program_.fields(), "", event_time_us, *result.message);
  return result;
}

}  // namespace allmende::policy::testing
