#include "sdk/format/dataset_id.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sdk/crypto/random.h"

namespace allmende::format {

DatasetId DatasetId::Random() {
  DatasetId id;
  while (id.is_zero()) {
    crypto::FillRandom(id.bytes_);
  }
  return id;
}

absl::StatusOr<DatasetId> DatasetId::FromBytes(std::string_view bytes) {
  if (bytes.size() != kDatasetIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the dataset id has ", bytes.size(), " bytes instead of ", kDatasetIdBytes));
  }
  DatasetId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
  if (id.is_zero()) {
    return absl::InvalidArgumentError("the dataset id is all zeros");
  }
  return id;
}

absl::StatusOr<DatasetId> DatasetId::FromHex(std::string_view hex) {
  const bool digits = std::all_of(hex.begin(), hex.end(),
                                  [](unsigned char c) { return absl::ascii_isxdigit(c) && !absl::ascii_isupper(c); });
  if (hex.size() != 2 * kDatasetIdBytes || !digits) {
    return absl::InvalidArgumentError(absl::StrCat("the dataset id `", std::string(hex.substr(0, 64)), "` is not ",
                                                   2 * kDatasetIdBytes, " lower-case hexadecimal digits"));
  }
  return FromBytes(absl::HexStringToBytes(std::string(hex)));
}

std::string DatasetId::ToHex() const {
  return absl::BytesToHexString(std::string(bytes()));
}

}  // namespace allmende::format
