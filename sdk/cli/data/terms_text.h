// Terms of delivery, for people.
#pragma once

#include <string>

#include "allmende/v1/exchange.pb.h"

namespace allmende::cli {

// One line a point: fields, licence, lines to show with the data, duties. Ends with a line break.
std::string TermsText(const v1::Terms& terms);

}  // namespace allmende::cli
