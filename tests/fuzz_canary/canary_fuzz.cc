// A fuzzer that must fail: it overruns a buffer on inputs which begin with `OBEN`, as a fuzzer with feedback finds in
// a moment. If a run of this one passes, runs of the others prove nothing.
#include <cstddef>
#include <cstdint>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto copy = std::make_unique<uint8_t[]>(size);
  for (size_t i = 0; i < size; ++i) {
    copy[i] = data[i];
  }
  volatile uint8_t sink = 0;
  if (size >= 4 && copy[0] == 'O' && copy[1] == 'B' && copy[2] == 'E' && copy[3] == 'N') {
    sink = copy[size];
  }
  static_cast<void>(sink);
  return 0;
}
