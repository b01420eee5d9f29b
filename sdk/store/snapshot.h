// What a database lends out: its state at one moment, and single values.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

namespace allmende::store {

// Destroy it before its database.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

 protected:
  Snapshot() = default;
};

// A value in the database's own memory.
class PinnedValue {
 public:
  struct Pin {
    virtual ~Pin() = default;
  };
  PinnedValue(std::unique_ptr<Pin> pin, std::string_view value) : pin_(std::move(pin)), value_(value) {}

  // Valid while this object, or what it was moved to, lives.
  std::string_view value() const { return value_; }

 private:
  std::unique_ptr<Pin> pin_;
  std::string_view value_;
};

}  // namespace allmende::store
