#include "sdk/tabular/reader/utf8.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace allmende::tabular {
namespace {

struct Case {
  std::string_view text;
  size_t valid_bytes;
  bool cut;
};

TEST(Utf8Test, FindsTheFirstByteThatIsNoCharacter) {
  const Case cases[] = {
      {"", 0, false},
      {"plain ascii text", 16, false},
      {"Grüße", 7, false},
      {"12345678ü", 10, false},
      {"€", 3, false},
      {"\xF0\x9F\x8C\xA7", 4, false},
      {"ab\xFF", 2, false},
      {"ab\x80", 2, false},
      {"\xC0\x80", 0, false},          // overlong
      {"\xE0\x80\x80", 0, false},      // overlong
      {"\xED\xA0\x80", 0, false},      // surrogate
      {"\xF4\x90\x80\x80", 0, false},  // above U+10FFFF
      {"\xF5\x80\x80\x80", 0, false},
      {"a\xC3", 1, true},
      {"a\xE2\x82", 1, true},
      {"a\xF0\x9F\x8C", 1, true},
      {"a\xE2(", 1, false},
      {"a\xC3(", 1, false},
  };
  for (const Case& test : cases) {
    const Utf8Check check = CheckUtf8(test.text);
    EXPECT_EQ(check.valid_bytes, test.valid_bytes) << test.text;
    EXPECT_EQ(check.cut, test.cut) << test.text;
  }
}

// Decodes by the definition, one character at a time.
size_t PlainValidBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const size_t length = byte(0) < 0x80   ? 1
                          : byte(0) < 0xC0 ? 0
                          : byte(0) < 0xE0 ? 2
                          : byte(0) < 0xF0 ? 3
                          : byte(0) < 0xF8 ? 4
                                           : 0;
    if (length == 0 || at + length > text.size()) break;
    uint32_t code = length == 1 ? byte(0) : byte(0) & (0x7F >> length);
    bool good = true;
    for (size_t i = 1; i < length; ++i) {
      good = good && (byte(i) & 0xC0) == 0x80;
      code = code << 6 | (byte(i) & 0x3F);
    }
    static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (!good || code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) break;
    at += length;
  }
  return at;
}

TEST(Utf8Test, AgreesWithAPlainDecoderOnRandomBytes) {
  constexpr unsigned kSeed = 20240101;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  static constexpr unsigned char kBytes[] = {'a',  'z',  0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xC3,
                                             0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    const size_t size = random() % 14;
    for (size_t i = 0; i < size; ++i) {
      text.push_back(static_cast<char>(kBytes[random() % std::size(kBytes)]));
    }
    ASSERT_EQ(CheckUtf8(text).valid_bytes, PlainValidBytes(text));
  }
}

TEST(Windows1252Test, BecomesUtf8) {
  std::string out;
  EXPECT_EQ(AppendWindows1252("Stra\xDF"
                              "e \x80 5 \x84quoted\x93",
                              out),
            19u);
  EXPECT_EQ(out, "Straße € 5 „quoted“");
}

TEST(Windows1252Test, StopsAtAByteWithoutMeaning) {
  for (const char byte : {'\x81', '\x8D', '\x8F', '\x90', '\x9D'}) {
    std::string out;
    EXPECT_EQ(AppendWindows1252(std::string("ab") + byte + "c", out), 2u);
    EXPECT_EQ(out, "ab");
  }
}

TEST(Windows1252Test, EveryAssignedByteGivesValidUtf8) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string out;
    AppendWindows1252(std::string(1, static_cast<char>(byte)), out);
    EXPECT_EQ(CheckUtf8(out).valid_bytes, out.size());
  }
}

}  // namespace
}  // namespace allmende::tabular
