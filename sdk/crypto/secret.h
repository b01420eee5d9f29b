// Memory for keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace allmende::crypto {

// Overwrites `bytes` with zeros in a way that the compiler keeps.
void Cleanse(std::span<uint8_t> bytes);

// Whether two byte strings are equal. The time taken depends on their lengths only, not on where they differ.
bool EqualConstantTime(std::string_view a, std::string_view b);

// A key or another secret: a buffer of fixed size that is overwritten with zeros before its memory is given back. Move
// only, so copies are made on purpose (SecretBytes(other.view())). Not thread-safe for writing.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size);  // zeros
  explicit SecretBytes(std::string_view bytes);
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;

  size_t size() const { return size_; }
  std::span<uint8_t> bytes() { return {bytes_.get(), size_}; }
  // Valid until this object is assigned to, moved from or destroyed.
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
};

}  // namespace allmende::crypto
