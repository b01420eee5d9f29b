// Whether somebody who may see everything of a record but one field can find that field's value by trying. The field
// has a million possible values; the attacker has the batch's statement, which stays public for ever.
//
// Each attack is also run where it must succeed, so that an attack which finds nothing says something.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sdk/crypto/random.h"
#include "sdk/format/batch.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/delivery.h"
#include "sdk/format/erase.h"
#include "sdk/format/example_batches.h"
#include "sdk/format/merkle.h"

namespace allmende::format {
namespace {

constexpr uint32_t kPossibleValues = 1'000'000;
constexpr uint32_t kHiddenValue = 271'828;
constexpr std::string_view kKnownKey = "meter-17";
constexpr int64_t kKnownTimeUs = 1'719'792'000'000'000;

// The payload as everybody knows it, with one value for the hidden field.
std::string PayloadWith(uint32_t value) {
  std::string payload = "\x0a\x08meter-17\x10";
  for (; value >= 0x80; value >>= 7) {
    payload.push_back(static_cast<char>(value | 0x80));
  }
  payload.push_back(static_cast<char>(value));
  return payload;
}

// What a leaf is computed over, without salt, as it stands in docs/formats.md.
std::string UnsaltedLeafData(const std::string& payload) {
  std::string record;
  AppendRecord({.event_time_us = kKnownTimeUs, .key = kKnownKey, .payload = payload}, crypto::Salt{}, record);
  return record.substr(4, 12) + record.substr(34);
}

std::string BatchWithHiddenValue() {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  const std::string payload = PayloadWith(kHiddenValue);
  EXPECT_TRUE(builder.Add({.event_time_us = kKnownTimeUs, .key = kKnownKey, .payload = payload}).ok());
  return *Seal(*builder.Finish(), ExamplePlace());
}

// Tries all values: those for which `guess` computes `digest`.
std::vector<uint32_t> ValuesThatFit(const crypto::Digest& digest,
                                    const std::function<crypto::Digest(crypto::Sha256&, const std::string&)>& guess) {
  crypto::Sha256 hasher;
  std::vector<uint32_t> matches;
  for (uint32_t value = 0; value < kPossibleValues; ++value) {
    if (guess(hasher, PayloadWith(value)) == digest) {
      matches.push_back(value);
    }
  }
  return matches;
}

// The attack on a root over one record, which is the record's leaf. `salt` is what the attacker takes it to be.
std::vector<uint32_t> AttackLeaf(const crypto::Digest& root, const std::string& salt) {
  return ValuesThatFit(root, [&salt](crypto::Sha256& hasher, const std::string& payload) {
    return HashLeaf(hasher, salt + UnsaltedLeafData(payload));
  });
}

TEST(DictionaryAttack, StatementOfASaltedBatchTellsNothing) {
  const std::string batch = BatchWithHiddenValue();
  const crypto::Digest root = BatchView::Parse(batch)->statement().root;
  EXPECT_TRUE(AttackLeaf(root, "").empty()) << "found as if there were no salt";
  EXPECT_TRUE(AttackLeaf(root, std::string(16, '\0')).empty()) << "found with a salt of zeros";
}

TEST(DictionaryAttack, WithoutSaltsTheSameAttackFindsTheValue) {
  crypto::Sha256 hasher;
  const crypto::Digest unsalted_root = HashLeaf(hasher, UnsaltedLeafData(PayloadWith(kHiddenValue)));
  EXPECT_EQ(AttackLeaf(unsalted_root, ""), std::vector<uint32_t>{kHiddenValue});
}

TEST(DictionaryAttack, SaltIsWhatProtectsAndErasingTakesItAway) {
  const std::string batch = BatchWithHiddenValue();
  const BatchView view = *BatchView::Parse(batch);
  const std::string salt(view.records().begin()->salt);
  EXPECT_EQ(AttackLeaf(view.statement().root, salt), std::vector<uint32_t>{kHiddenValue})
      << "the attack is right about everything but the salt";
  const std::string erased = *Erase(batch, std::vector<uint32_t>{0});
  EXPECT_EQ(erased.find(salt), std::string::npos);
}

// An attestation without its delivery, as an audit keeps it.
std::vector<uint32_t> AttackContent(const crypto::Digest& content_hash, const std::string& salt) {
  return ValuesThatFit(content_hash, [&salt](crypto::Sha256& hasher, const std::string& payload) {
    std::string entry;
    AppendEntry({.event_time_us = kKnownTimeUs, .key = kKnownKey, .payload = payload}, entry);
    return hasher.Update(salt).Update(entry).Finish();
  });
}

TEST(DictionaryAttack, AttestationWithoutItsDeliveryTellsNothing) {
  crypto::SaltPool salts;
  DeliveryBuilder builder(salts);
  const std::string payload = PayloadWith(kHiddenValue);
  ASSERT_TRUE(builder.Add({.event_time_us = kKnownTimeUs, .key = kKnownKey, .payload = payload}).ok());
  Attestation attestation;
  attestation.dataset = ExamplePlace().dataset;
  attestation.first_sequence = 1;
  const std::string delivery = *builder.Finish(attestation);
  const crypto::Digest content_hash = *DeliveryView::Parse(delivery)->attestation().content_hash;
  EXPECT_TRUE(AttackContent(content_hash, "").empty());
  const std::string salt = delivery.substr(kAttestationBytes + kSignatureAreaBytes, 16);
  EXPECT_EQ(AttackContent(content_hash, salt), std::vector<uint32_t>{kHiddenValue});
}

}  // namespace
}  // namespace allmende::format
