// The global id of a dataset: 16 random bytes, drawn once when the dataset is created. It goes into every statement, so
// a batch cannot be passed off as another dataset's.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace allmende::format {

inline constexpr size_t kDatasetIdBytes = 16;

class DatasetId {
 public:
  DatasetId() = default;  // all zeros: no dataset

  static DatasetId Random();
  //   kInvalidArgument  not 16 bytes, or all zeros
  static absl::StatusOr<DatasetId> FromBytes(std::string_view bytes);
  // Reads what ToHex writes.
  static absl::StatusOr<DatasetId> FromHex(std::string_view hex);

  // Valid as long as this object.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  std::string ToHex() const;  // 32 lower-case digits
  bool is_zero() const { return *this == DatasetId(); }

  friend auto operator<=>(const DatasetId&, const DatasetId&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const DatasetId& id) {
    return H::combine(std::move(state), id.bytes_);
  }

 private:
  std::array<uint8_t, kDatasetIdBytes> bytes_{};
};

}  // namespace allmende::format
