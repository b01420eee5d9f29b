// Reads the source files the plainest way there is, with none of Allmende's import code: what the import is compared
// with. Whole files in memory; no error handling beyond "something is wrong".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace allmende::real_data {

using PlainRow = std::map<std::string, std::string>;  // column -> text as it stands

// The file's bytes, unpacked if it is gzip. Empty if it cannot be read.
std::string ReadWhole(const std::string& path);

// CSV with a header, quotes undone. The column without a name is called ``.
std::vector<PlainRow> PlainCsv(const std::string& path, char delimiter);

// One JSON array a line.
std::vector<PlainRow> PlainJsonArrays(const std::string& path, const std::vector<std::string>& columns);

// `2024-01-01`, `01.01.2024`, either with ` HH` or ` HH:MM:SS`, on the clocks of Berlin, as microseconds since 1970
// UTC. Where the clocks show an hour twice, the first one is taken. Years from 1996.
int64_t BerlinTime(const std::string& text);

// `2021-03-18 09:51:34.437255+00`, `2022-05-29T13:00:00.000Z`, `2019-01-01T00:00:00Z`.
int64_t UtcTime(const std::string& text);

}  // namespace allmende::real_data
