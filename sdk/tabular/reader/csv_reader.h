#pragma once

#include <memory>
#include <string>

#include "sdk/tabular/reader/row_reader.h"
#include "sdk/tabular/reader/text_stream.h"

namespace allmende::tabular {

// RowReader over CSV. The stream must not have been consumed yet.
std::unique_ptr<RowReader> NewCsvReader(std::unique_ptr<TextStream> text, std::string name,
                                        const ReaderOptions& options);

}  // namespace allmende::tabular
