#include "sdk/format/delivery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"
#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

constexpr std::string_view kMagic("ALMTRA\0\1", 8);
constexpr uint8_t kHashNone = 0;
constexpr uint8_t kHashSha256 = 1;
constexpr uint16_t kFlagSnapshot = 1;

constexpr size_t kDatasetOffset = 8;
constexpr size_t kFirstSequenceOffset = 24;
constexpr size_t kLastSequenceOffset = 32;
constexpr size_t kReleaseOffset = 40;
constexpr size_t kRegimeOffset = 48;
constexpr size_t kEntryCountOffset = 56;
constexpr size_t kHashOffset = 60;
constexpr size_t kReservedOffset = 61;
constexpr size_t kFlagsOffset = 62;
constexpr size_t kViewIdOffset = 64;
constexpr size_t kSourceHashOffset = 96;
constexpr size_t kContentHashOffset = 128;
constexpr size_t kSaltOffset = kAttestationBytes + kSignatureAreaBytes;
constexpr size_t kBodyBytesOffset = kSaltOffset + sizeof(crypto::Salt);

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed delivery: ", why));
}

crypto::Digest DigestAt(std::string_view bytes, size_t offset) {
  crypto::Digest digest;
  std::copy_n(bytes.begin() + offset, digest.size(), digest.begin());
  return digest;
}

uint64_t Uint64At(std::string_view bytes, size_t offset) {
  return LoadBigEndian<uint64_t>(bytes.data() + offset);
}

absl::Status CheckPlace(const Attestation& attestation, uint64_t sequences) {
  if (attestation.dataset.is_zero()) {
    return Malformed("the dataset id is all zeros");
  }
  if (attestation.first_sequence < 1 || attestation.first_sequence > kSequenceMax ||
      sequences > kSequenceMax - attestation.first_sequence + 1) {
    return Malformed(
        absl::StrCat("the first sequence is ", attestation.first_sequence, "; sequences go from 1 to ", kSequenceMax));
  }
  return absl::OkStatus();
}

absl::Status CheckKnown(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size() - 1) != kMagic.substr(0, kMagic.size() - 1)) {
    return Malformed("it does not begin with `ALMTRA`");
  }
  if (bytes.size() < kDeliveryHeaderBytes) {
    return Malformed(absl::StrCat("cut off after ", bytes.size(), " bytes, before its entries"));
  }
  if (bytes[kMagic.size() - 1] != kMagic.back() || static_cast<uint8_t>(bytes[kHashOffset]) > kHashSha256 ||
      bytes[kReservedOffset] != 0 || (LoadBigEndian<uint16_t>(bytes.data() + kFlagsOffset) & ~kFlagSnapshot) != 0) {
    return absl::UnimplementedError(
        "the delivery has a version, hash or flag that this program does not know: a newer release may read it");
  }
  return absl::OkStatus();
}

// Where there is no hash, nothing stands in its place, and nobody signs.
absl::Status CheckHashArea(std::string_view bytes, const SignatureArea& signature) {
  if (bytes[kHashOffset] != kHashNone) {
    return absl::OkStatus();
  }
  const auto all_zeros = [&bytes](size_t offset, size_t size) {
    return bytes.substr(offset, size).find_first_not_of('\0') == std::string_view::npos;
  };
  if (signature.algorithm() != SignatureAlgorithm::kNone || !all_zeros(kContentHashOffset, sizeof(crypto::Digest)) ||
      !all_zeros(kSaltOffset, sizeof(crypto::Salt))) {
    return Malformed("it says that it has no content hash, but has one, a salt or a signature");
  }
  return absl::OkStatus();
}

Attestation ReadAttestation(std::string_view bytes) {
  Attestation attestation;
  // All zeros stays the default, which CheckPlace refuses.
  if (absl::StatusOr<DatasetId> id = DatasetId::FromBytes(bytes.substr(kDatasetOffset, kDatasetIdBytes)); id.ok()) {
    attestation.dataset = *id;
  }
  attestation.first_sequence = Uint64At(bytes, kFirstSequenceOffset);
  attestation.last_sequence = Uint64At(bytes, kLastSequenceOffset);
  attestation.release = Uint64At(bytes, kReleaseOffset);
  attestation.regime = Uint64At(bytes, kRegimeOffset);
  attestation.snapshot = LoadBigEndian<uint16_t>(bytes.data() + kFlagsOffset) == kFlagSnapshot;
  attestation.view_id = DigestAt(bytes, kViewIdOffset);
  attestation.source_hash = DigestAt(bytes, kSourceHashOffset);
  if (bytes[kHashOffset] != kHashNone) {
    attestation.content_hash = DigestAt(bytes, kContentHashOffset);
  }
  return attestation;
}

void AppendAttestation(const Attestation& attestation, uint32_t entry_count, std::string& out) {
  out.append(kMagic);
  out.append(attestation.dataset.bytes());
  AppendBigEndian(attestation.first_sequence, out);
  AppendBigEndian(attestation.last_sequence, out);
  AppendBigEndian(attestation.release, out);
  AppendBigEndian(attestation.regime, out);
  AppendBigEndian(entry_count, out);
  AppendBigEndian(attestation.content_hash ? kHashSha256 : kHashNone, out);
  AppendBigEndian(uint8_t{0}, out);  // reserved
  AppendBigEndian(attestation.snapshot ? kFlagSnapshot : uint16_t{0}, out);
  out.append(crypto::AsBytes(attestation.view_id));
  out.append(crypto::AsBytes(attestation.source_hash));
  out.append(crypto::AsBytes(attestation.content_hash.value_or(crypto::Digest{})));
}

struct EntriesSummary {
  uint32_t entries = 0;
  uint64_t sequences = 0;
};

absl::StatusOr<EntriesSummary> CheckEntries(std::string_view body, bool snapshot) {
  EntriesSummary summary;
  for (std::string_view rest = body; !rest.empty();) {
    const absl::StatusOr<DeliveryEntry> entry = TakeEntry(rest);
    if (!entry.ok()) {
      return Malformed(absl::StrCat("entry ", summary.entries, ": ", std::string(entry.status().message())));
    }
    if (entry->kind == EntryKind::kSuperseded && !snapshot) {
      return Malformed("superseded records outside a snapshot");
    }
    if (summary.entries == kDeliveryEntriesMax || entry->count > kSequenceMax - summary.sequences) {
      return Malformed("it has too many entries or sequences");
    }
    ++summary.entries;
    summary.sequences += entry->count;
  }
  return summary;
}

}  // namespace

absl::Status DeliveryBuilder::Add(const DeliveryEntry& entry) {
  if (absl::Status valid = CheckEntry(entry); !valid.ok()) {
    return valid;
  }
  const size_t entry_bytes = EncodedBytes(entry);
  if (entry_bytes > kDeliveryBodyBytesMax) {
    return Malformed(
        absl::StrCat("an entry has ", entry_bytes, " bytes; at most ", kDeliveryBodyBytesMax, " fit into a delivery"));
  }
  if (entry_count_ == kDeliveryEntriesMax || body_bytes() + entry_bytes > kDeliveryBodyBytesMax ||
      entry.count > kSequenceMax - sequences_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the delivery is full with ", entry_count_, " entries; the entry goes into the next one"));
  }
  if (bytes_.empty()) {
    bytes_.resize(kDeliveryHeaderBytes);
  }
  AppendEntry(entry, bytes_);
  has_superseded_ |= entry.kind == EntryKind::kSuperseded;
  sequences_ += entry.count;
  ++entry_count_;
  return absl::OkStatus();
}

absl::Status DeliveryBuilder::CheckFinished(const Attestation& attestation) const {
  if (empty()) {
    return absl::FailedPreconditionError("a delivery needs at least one entry");
  }
  if (has_superseded_ && !attestation.snapshot) {
    return Malformed("superseded records outside a snapshot");
  }
  return CheckPlace(attestation, sequences_);
}

std::string DeliveryBuilder::Assemble(Attestation attestation, const crypto::Salt& salt,
                                      const crypto::Ed25519PrivateKey* signer) {
  attestation.last_sequence = attestation.first_sequence + sequences_ - 1;
  std::string header;
  header.reserve(kDeliveryHeaderBytes);
  AppendAttestation(attestation, entry_count_, header);
  AppendSignatureArea(std::string_view(header).substr(0, kAttestationBytes), signer, header);
  header.append(crypto::AsBytes(salt));
  AppendBigEndian(static_cast<uint32_t>(body_bytes()), header);
  header.copy(bytes_.data(), kDeliveryHeaderBytes);
  entry_count_ = 0;
  sequences_ = 0;
  has_superseded_ = false;
  return std::exchange(bytes_, {});
}

absl::StatusOr<std::string> DeliveryBuilder::Finish(const Attestation& attestation,
                                                    const crypto::Ed25519PrivateKey* signer) {
  if (absl::Status valid = CheckFinished(attestation); !valid.ok()) {
    return valid;
  }
  const crypto::Salt salt = salts_.Next();
  Attestation complete = attestation;
  complete.content_hash =
      crypto::Sha256Of(crypto::AsBytes(salt), std::string_view(bytes_).substr(kDeliveryHeaderBytes));
  return Assemble(complete, salt, signer);
}

absl::StatusOr<std::string> DeliveryBuilder::FinishWithoutHash(const Attestation& attestation) {
  if (absl::Status valid = CheckFinished(attestation); !valid.ok()) {
    return valid;
  }
  Attestation complete = attestation;
  complete.content_hash.reset();
  return Assemble(complete, crypto::Salt{}, nullptr);
}

absl::StatusOr<DeliveryView> DeliveryView::Parse(std::string_view bytes) {
  if (absl::Status known = CheckKnown(bytes); !known.ok()) {
    return known;
  }
  const SignatureArea signature(bytes.substr(kAttestationBytes, kSignatureAreaBytes));
  if (absl::Status valid = signature.Check(); !valid.ok()) {
    return valid;
  }
  if (absl::Status valid = CheckHashArea(bytes, signature); !valid.ok()) {
    return valid;
  }
  const std::string_view body = bytes.substr(kDeliveryHeaderBytes);
  const auto body_bytes = LoadBigEndian<uint32_t>(bytes.data() + kBodyBytesOffset);
  if (body_bytes != body.size() || body_bytes > kDeliveryBodyBytesMax) {
    return Malformed(absl::StrCat("it says that its entries have ", body_bytes, " bytes; ", body.size(),
                                  " follow, at most ", kDeliveryBodyBytesMax, " are allowed"));
  }
  DeliveryView view;
  view.bytes_ = bytes;
  view.attestation_ = ReadAttestation(bytes);
  view.entry_count_ = LoadBigEndian<uint32_t>(bytes.data() + kEntryCountOffset);
  const absl::StatusOr<EntriesSummary> summary = CheckEntries(body, view.attestation_.snapshot);
  if (!summary.ok()) {
    return summary.status();
  }
  if (summary->entries == 0 || summary->entries != view.entry_count_) {
    return Malformed(
        absl::StrCat("it says that it has ", view.entry_count_, " entries, but ", summary->entries, " follow"));
  }
  if (absl::Status valid = CheckPlace(view.attestation_, summary->sequences); !valid.ok()) {
    return valid;
  }
  if (view.attestation_.last_sequence != view.attestation_.first_sequence + summary->sequences - 1) {
    return Malformed("its entries do not account for the sequences that it says it covers");
  }
  return view;
}

absl::Status DeliveryView::CheckContent() const {
  if (!attestation_.content_hash.has_value()) {
    return absl::FailedPreconditionError("the delivery has no content hash to check its entries against");
  }
  const std::string_view salt = bytes_.substr(kSaltOffset, sizeof(crypto::Salt));
  if (crypto::Sha256Of(salt, bytes_.substr(kDeliveryHeaderBytes)) != attestation_.content_hash) {
    return absl::DataLossError(absl::StrCat("the entries of the delivery from sequence ", attestation_.first_sequence,
                                            " are not those that its attestation is about"));
  }
  return absl::OkStatus();
}

absl::Status DeliveryView::CheckSignature(const crypto::Ed25519PublicKey& key) const {
  return SignatureArea(bytes_.substr(kAttestationBytes, kSignatureAreaBytes))
      .Verify(bytes_.substr(0, kAttestationBytes), key);
}

}  // namespace allmende::format
