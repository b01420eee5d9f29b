// Makes the published vectors of tests/vectors byte for byte. They were made by another implementation, from
// docs/formats.md alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "policy/key/key.h"
#include "sdk/format/batch.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/chain.h"
#include "sdk/format/delivery.h"
#include "sdk/format/erase.h"

namespace allmende::format {
namespace {

using nlohmann::json;

std::string Bytes(const json& hex) {
  return absl::HexStringToBytes(hex.get<std::string>());
}
std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(std::string(bytes));
}

template <typename Integer>
Integer Number(const json& decimal) {
  Integer number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(decimal.get<std::string>(), &number)) << decimal;
  return number;
}

template <typename Array>
Array Fixed(const json& hex) {
  const std::string bytes = Bytes(hex);
  Array array{};
  EXPECT_EQ(bytes.size(), array.size());
  std::copy_n(bytes.begin(), array.size(), array.begin());
  return array;
}

json ReadVectors(const std::string& name) {
  std::ifstream stream(ALLMENDE_SOURCE_DIR "/tests/vectors/" + name);
  json vectors = json::parse(stream);
  EXPECT_FALSE(vectors.at("cases").empty());
  return vectors;
}

// Hands out the salts of a case.
class GivenSalts final : public crypto::SaltSource {
 public:
  explicit GivenSalts(std::vector<crypto::Salt> salts) : salts_(std::move(salts)) {}
  crypto::Salt Next() override { return salts_.at(next_++); }

 private:
  std::vector<crypto::Salt> salts_;
  size_t next_ = 0;
};

TEST(Vectors, CanonicalKeys) {
  const json vectors = ReadVectors("keys.json");
  for (const json& example : vectors.at("cases")) {
    policy::KeyWriter writer;
    for (const json& field : example.at("fields")) {
      const std::string type = field.at("type");
      const json& value = field.at("value");
      if (type == "string") {
        writer.AddBytes(value.get<std::string>());
      } else if (type == "bytes") {
        writer.AddBytes(Bytes(value));
      } else if (type == "bool") {
        writer.AddBool(value.get<bool>());
      } else if (type[0] == 'u' || type.starts_with("fixed")) {
        writer.AddUnsigned(Number<uint64_t>(value));
      } else {
        writer.AddSigned(Number<int64_t>(value));
      }
    }
    EXPECT_EQ(Hex(writer.bytes()), example.at("expected").at("key")) << example.at("name");
  }
}

// Owns what a RecordContent borrows.
struct GivenRecord {
  explicit GivenRecord(const json& record)
      : operation(record.at("operation") == "delete" ? Operation::kDelete : Operation::kUpsert),
        key(Bytes(record.value("key", json("")))),
        payload(Bytes(record.value("payload", json("")))) {
    if (record.contains("event_time_us")) {
      event_time_us = Number<int64_t>(record.at("event_time_us"));
    }
  }

  Operation operation;
  std::optional<int64_t> event_time_us;
  std::string key;
  std::string payload;
};

std::string MakeBatch(const json& example, const crypto::Ed25519PrivateKey& key) {
  std::vector<crypto::Salt> given;
  for (const json& record : example.at("records")) {
    given.push_back(Fixed<crypto::Salt>(record.at("salt")));
  }
  GivenSalts salts(std::move(given));
  BatchBuilder builder(salts);
  for (const json& item : example.at("records")) {
    const GivenRecord record(item);
    EXPECT_TRUE(builder.Add({record.operation, record.event_time_us, record.key, record.payload}).ok());
  }
  const json& place = example.at("place");
  return *Seal(*builder.Finish(),
               {.dataset = *DatasetId::FromBytes(Bytes(place.at("dataset_id"))),
                .epoch = Number<uint64_t>(place.at("epoch")),
                .first_sequence = Number<uint64_t>(place.at("first_sequence")),
                .created_us = Number<int64_t>(place.at("created_us")),
                .schema_hash = Fixed<crypto::Digest>(place.at("schema_hash")),
                .previous_hash = Fixed<crypto::Digest>(place.at("previous_hash"))},
               example.at("signed").get<bool>() ? &key : nullptr);
}

std::string Replace(std::string batch, const json& example) {
  for (const json& replaced : example.value("replaced", json::array())) {
    const std::vector<uint32_t> indexes = {replaced.at("index").get<uint32_t>()};
    batch = replaced.at("operation") == "erased" ? *Erase(batch, indexes) : *Withhold(batch, indexes);
  }
  return batch;
}

TEST(Vectors, Batches) {
  const json vectors = ReadVectors("batches.json");
  const crypto::Ed25519PrivateKey key = *crypto::Ed25519PrivateKey::FromSeed(Bytes(vectors.at("ed25519_seed")));
  for (const json& example : vectors.at("cases")) {
    SCOPED_TRACE(example.at("name"));
    const json& expected = example.at("expected");
    const std::string batch = Replace(MakeBatch(example, key), example);
    EXPECT_EQ(Hex(batch), expected.at("batch"));

    const absl::StatusOr<BatchView> view = BatchView::Parse(batch);
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_TRUE(view->CheckRoot().ok());
    EXPECT_EQ(view->CheckSignature(key.public_key()).ok(), example.at("signed").get<bool>());
    EXPECT_EQ(Hex(crypto::AsBytes(view->statement().root)), expected.at("root"));
    EXPECT_EQ(Hex(crypto::AsBytes(view->StatementHash())), expected.at("statement_hash"));
    crypto::Sha256 hasher;
    size_t index = 0;
    for (const RecordView& record : view->records()) {
      EXPECT_EQ(Hex(crypto::AsBytes(LeafOf(record, hasher))), expected.at("leaves").at(index++));
    }
  }
}

absl::Status AddEntry(const json& item, DeliveryBuilder& builder) {
  if (item.contains("count")) {
    const std::string operation = item.at("operation");
    return builder.Add({.kind = operation == "withheld" ? EntryKind::kWithheld
                                : operation == "erased" ? EntryKind::kErased
                                                        : EntryKind::kSuperseded,
                        .count = Number<uint64_t>(item.at("count"))});
  }
  const GivenRecord record(item);
  return builder.Add({.kind = static_cast<EntryKind>(record.operation),
                      .key_is_pseudonym = item.value("key_is_pseudonym", false),
                      .event_time_us = record.event_time_us,
                      .key = record.key,
                      .payload = record.payload});
}

TEST(Vectors, Deliveries) {
  const json vectors = ReadVectors("deliveries.json");
  const crypto::Ed25519PrivateKey key = *crypto::Ed25519PrivateKey::FromSeed(Bytes(vectors.at("ed25519_seed")));
  for (const json& example : vectors.at("cases")) {
    SCOPED_TRACE(example.at("name"));
    const bool hashed = example.contains("salt");
    GivenSalts salts(hashed ? std::vector{Fixed<crypto::Salt>(example.at("salt"))} : std::vector<crypto::Salt>());
    DeliveryBuilder builder(salts);
    for (const json& item : example.at("entries")) {
      EXPECT_TRUE(AddEntry(item, builder).ok()) << item;
    }
    const json& facts = example.at("attestation");
    Attestation attestation;
    attestation.dataset = *DatasetId::FromBytes(Bytes(facts.at("dataset_id")));
    attestation.first_sequence = Number<uint64_t>(facts.at("first_sequence"));
    attestation.release = Number<uint64_t>(facts.at("release"));
    attestation.regime = Number<uint64_t>(facts.at("regime"));
    attestation.snapshot = facts.at("snapshot");
    attestation.view_id = Fixed<crypto::Digest>(facts.at("view_id"));
    attestation.source_hash = Fixed<crypto::Digest>(facts.at("source_hash"));
    const std::string delivery = hashed
                                     ? *builder.Finish(attestation, example.at("signed").get<bool>() ? &key : nullptr)
                                     : *builder.FinishWithoutHash(attestation);
    EXPECT_EQ(Hex(delivery), example.at("expected").at("delivery"));
    EXPECT_EQ(DeliveryView::Parse(delivery)->CheckContent().ok(), hashed);
  }
}

// Where a reader stops: `form`, `root`, `content`, `signature`, `chain`, or `accepted`.
std::string BatchRefusedAt(const std::string& bytes, const crypto::Ed25519PublicKey& key, const std::string& behind) {
  const absl::StatusOr<BatchView> view = BatchView::Parse(bytes);
  if (!view.ok()) {
    return "form";
  }
  if (!view->CheckRoot().ok()) {
    return "root";
  }
  if (!view->CheckSignature(key).ok()) {
    return "signature";
  }
  if (!behind.empty()) {
    const BatchView before = *BatchView::Parse(behind);
    if (!CheckFollows(HeadAfter(before.statement(), before.statement_bytes()), view->statement()).ok()) {
      return "chain";
    }
  }
  return "accepted";
}

std::string DeliveryRefusedAt(const std::string& bytes, const crypto::Ed25519PublicKey& key) {
  const absl::StatusOr<DeliveryView> view = DeliveryView::Parse(bytes);
  if (!view.ok()) {
    return "form";
  }
  if (!view->CheckContent().ok()) {
    return "content";
  }
  return view->CheckSignature(key).ok() ? "accepted" : "signature";
}

TEST(Vectors, DamagedBytesAreRefusedAtTheRightCheck) {
  const json vectors = ReadVectors("refused.json");
  const crypto::Ed25519PublicKey key =
      crypto::Ed25519PrivateKey::FromSeed(Bytes(vectors.at("ed25519_seed")))->public_key();
  for (const json& example : vectors.at("cases")) {
    const std::string bytes = Bytes(example.at("bytes"));
    const std::string refused_at = example.at("format") == "batch"
                                       ? BatchRefusedAt(bytes, key, Bytes(example.value("behind", json(""))))
                                       : DeliveryRefusedAt(bytes, key);
    EXPECT_EQ(refused_at, example.at("refused_at")) << example.at("format") << ": " << example.at("name");
  }
}

}  // namespace
}  // namespace allmende::format
