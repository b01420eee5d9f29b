#include "sdk/crypto/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sdk/crypto/x509_internal.h"

namespace allmende::crypto {
namespace {

struct FreeOpenssl {
  void operator()(void* pointer) const { OPENSSL_free(pointer); }
};

}  // namespace

absl::StatusOr<std::vector<PemBlock>> DecodePem(std::string_view text) {
  internal::BioPtr bio = internal::ReadBio(text);
  std::vector<PemBlock> blocks;
  ERR_clear_error();
  while (true) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1) break;
    const std::unique_ptr<char, FreeOpenssl> label_owner(label);
    const std::unique_ptr<char, FreeOpenssl> header_owner(header);
    const std::unique_ptr<unsigned char, FreeOpenssl> data_owner(data);
    if (absl::StrContains(header, "ENCRYPTED") || absl::StartsWith(label, "ENCRYPTED")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the PEM block `", label, "` is protected by a passphrase; decrypt it with `openssl pkey` first"));
    }
    blocks.push_back({label, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(size))});
    OPENSSL_cleanse(data, static_cast<size_t>(size));
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return absl::InvalidArgumentError(absl::StrCat("PEM block ", blocks.size() + 1, " is damaged or cut off"));
  }
  if (blocks.empty()) {
    return absl::InvalidArgumentError("there is no PEM block (`-----BEGIN …-----`) in it");
  }
  return blocks;
}

std::string EncodePem(std::string_view label, std::string_view der) {
  const internal::BioPtr bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio(bio.get(), std::string(label).c_str(), "", reinterpret_cast<const unsigned char*>(der.data()),
                static_cast<long>(der.size()));
  return internal::TakeBio(bio.get());
}

absl::StatusOr<std::vector<std::string>> SplitCertificates(std::string_view text) {
  absl::StatusOr<std::vector<PemBlock>> blocks = DecodePem(text);
  if (!blocks.ok()) return std::move(blocks).status();
  std::vector<std::string> certificates;
  for (const PemBlock& block : *blocks) {
    if (block.label == kPemCertificate) certificates.push_back(EncodePem(block.label, block.der));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no certificate in it, only a block `", blocks->front().label, "`"));
  }
  return certificates;
}

}  // namespace allmende::crypto
