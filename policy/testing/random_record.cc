#include <bit>
#include <cmath>
#include <limits>

#include "allmende/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "policy/testing/random.h"

namespace allmende::policy::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int64_t kTimeMinSeconds = -62'135'596'800;
constexpr int64_t kTimeMaxSeconds = 253'402'300'799;

// Small numbers, limits, and anything.
template <typename T>
T Number(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return static_cast<T>(random.Below(5));
    case 1:
      return random.OneIn(2) ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
    default:
      return static_cast<T>(random.Bits() >> random.Below(64));
  }
}

double Floating(Random& random) {
  switch (random.Below(6)) {
    case 0:
      return static_cast<double>(random.Below(7)) - 3;
    case 1:
      return random.OneIn(2) ? std::bit_cast<double>(0x7ff8'0000'0000'0000 | random.Below(1'000))
                             : std::numeric_limits<double>::infinity();
    case 2:
      return -0.0;
    default:
      return (static_cast<double>(random.Below(2'000'001)) - 1'000'000) / 1'000;
  }
}

std::string Text(Random& random) {
  static const auto& pieces = *new std::vector<std::string>{"a", "Spree", "ü", "€", "😀", " ", "0", "\x01"};
  std::string text;
  for (uint64_t i = random.OneIn(20) ? random.Below(200) : random.Below(6); i > 0; --i) {
    text += random.Pick(pieces);
  }
  return text;
}

std::string Bytes(Random& random) {
  std::string bytes;
  for (uint64_t i = random.OneIn(20) ? random.Below(200) : random.Below(9); i > 0; --i) {
    bytes.push_back(static_cast<char>(random.OneIn(4) ? 0 : random.Bits()));
  }
  return bytes;
}

int64_t TimeIn(Random& random, int64_t least, int64_t greatest) {
  switch (random.Below(4)) {
    case 0:
      return 0;
    case 1:
      return random.OneIn(2) ? least : greatest;
    default:
      return least + static_cast<int64_t>(random.Below(static_cast<uint64_t>(greatest - least)));
  }
}

// True if the message has a meaning of its own, and was filled.
bool FillSpecial(Message& message, Random& random) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* first = message.GetDescriptor()->FindFieldByNumber(1);
  const FieldDescriptor* second = message.GetDescriptor()->FindFieldByNumber(2);
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    reflection.SetInt64(&message, first, TimeIn(random, kTimeMinSeconds, kTimeMaxSeconds));
    reflection.SetInt32(&message, second, random.OneIn(3) ? 0 : static_cast<int32_t>(random.Below(1'000'000'000)));
    return true;
  }
  if (message.GetDescriptor()->full_name() == "allmende.v1.Position") {
    const auto degrees = [&](int limit) {
      return random.OneIn(5) ? limit * (static_cast<double>(random.Below(3)) - 1)
                             : limit * (static_cast<double>(random.Below(2'000'001)) / 1'000'000 - 1);
    };
    reflection.SetDouble(&message, first, degrees(90));
    reflection.SetDouble(&message, second, degrees(180));
    return true;
  }
  return false;
}

// Sets a singular field, or adds to a repeated one.
class Setter {
 public:
  Setter(Message& message, const FieldDescriptor& field, Random& random)
      : message_(&message), reflection_(*message.GetReflection()), field_(&field), random_(random) {}

  void Set() {
    const bool many = field_->is_repeated();
    switch (field_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Put(many, &Reflection::SetInt32, &Reflection::AddInt32, Number<int32_t>(random_));
      case FieldDescriptor::CPPTYPE_INT64:
        return Put(many, &Reflection::SetInt64, &Reflection::AddInt64, Number<int64_t>(random_));
      case FieldDescriptor::CPPTYPE_UINT32:
        return Put(many, &Reflection::SetUInt32, &Reflection::AddUInt32, Number<uint32_t>(random_));
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put(many, &Reflection::SetUInt64, &Reflection::AddUInt64, Number<uint64_t>(random_));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Put(many, &Reflection::SetDouble, &Reflection::AddDouble, Floating(random_));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Put(many, &Reflection::SetFloat, &Reflection::AddFloat, static_cast<float>(Floating(random_)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return Put(many, &Reflection::SetBool, &Reflection::AddBool, random_.OneIn(2));
      case FieldDescriptor::CPPTYPE_ENUM:
        return Put(many, &Reflection::SetEnumValue, &Reflection::AddEnumValue,
                   random_.OneIn(3) ? Number<int32_t>(random_) : static_cast<int32_t>(random_.Below(2)));
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = field_->type() == FieldDescriptor::TYPE_STRING ? Text(random_) : Bytes(random_);
        many ? reflection_.AddString(message_, field_, value) : reflection_.SetString(message_, field_, value);
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        FillRandomly(many ? *reflection_.AddMessage(message_, field_) : *reflection_.MutableMessage(message_, field_),
                     random_);
        return;
    }
  }

 private:
  template <typename SetMember, typename AddMember, typename T>
  void Put(bool many, SetMember set, AddMember add, T value) {
    if (many) {
      (reflection_.*add)(message_, field_, value);
    } else {
      (reflection_.*set)(message_, field_, value);
    }
  }

  Message* message_;
  const Reflection& reflection_;
  const FieldDescriptor* field_;
  Random& random_;
};

// An int64 event time must lie in the years 1 to 9999: these do in every unit.
bool IsTimeNumber(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 && field.options().GetExtension(v1::event_time);
}

}  // namespace

void FillRandomly(Message& record, Random& random) {
  if (FillSpecial(record, random)) {
    return;
  }
  const google::protobuf::Descriptor& type = *record.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (random.OneIn(4)) {
      continue;
    }
    if (IsTimeNumber(field)) {
      record.GetReflection()->SetInt64(&record, &field, TimeIn(random, kTimeMinSeconds, kTimeMaxSeconds));
      continue;
    }
    for (uint64_t count = field.is_repeated() ? random.Below(5) : 1; count > 0; --count) {
      Setter(record, field, random).Set();
    }
  }
}

}  // namespace allmende::policy::testing
