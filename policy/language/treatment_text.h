// Treatments in the words of a file.
#pragma once

#include <string>

#include "policy/model/policy.h"

namespace allmende::policy {

// `raster 500 m`, `abrunden 15 Minuten`, `pseudonym je Monat`.
std::string TreatmentText(const Treatment& treatment, Language language);

// `72 Stunden`: the largest unit that gives a whole number.
std::string DurationText(absl::Duration duration, Language language);

}  // namespace allmende::policy
