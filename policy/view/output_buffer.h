// Memory that a view writes into. Grows, never shrinks, and is not cleared: filling a string would cost as much as the
// view itself. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace allmende::policy {

class OutputBuffer {
 public:
  // Starts anew, with room for `bytes`.
  void Reset(size_t bytes) {
    size_ = 0;
    EnsureRoom(bytes);
  }

  // Makes sure that `bytes` more can be appended.
  void EnsureRoom(size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]] {
      Grow(bytes);
    }
  }

  // Where the next byte goes. Valid until EnsureRoom or Reset.
  char* end() { return data_.get() + size_; }
  // Accepts what was written up to `end`.
  void SetEnd(const char* end) { size_ = static_cast<size_t>(end - data_.get()); }

  // The caller has made room.
  void Append(const char* bytes, size_t count) {
    std::memcpy(end(), bytes, count);
    size_ += count;
  }

  size_t size() const { return size_; }
  char* data() { return data_.get(); }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  void Grow(size_t bytes) {
    const size_t capacity = std::max(capacity_ * 2, size_ + bytes);
    std::unique_ptr<char[]> data(new char[capacity]);
    if (size_ > 0) {
      std::memcpy(data.get(), data_.get(), size_);
    }
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace allmende::policy
