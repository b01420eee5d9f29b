// What the program's exit codes say. Documented by `allmende help exit-codes`; scripts rely on the numbers.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace allmende::cli {

enum class ExitCode : int {
  kOk = 0,
  kProblemsFound = 1,  // the command did its work, and what it looked at is not in order
  kUsage = 2,          // the command line is wrong
  kBadInput = 3,       // a file or a value cannot be used
  kNotFound = 4,       // no such file, dataset, profile, ...
  kNotAllowed = 5,     // the certificate or its roles do not permit the call
  kRefused = 6,        // the policy does not permit it
  kWrongState = 7,     // it exists already, it was changed meanwhile, something must come first
  kTryAgain = 8,       // no broker could be reached, or it did not answer in time
  kLimitReached = 9,   // a bound was reached: disk, quota, queue
  kDataDamaged = 10,   // damage was found in stored data
  kInternal = 11,      // a fault in the program
  kInterrupted = 130,  // by Ctrl-C
};

// The code of an error; kOk for OK. Errors made with UsageError are kUsage.
ExitCode ExitCodeOf(const absl::Status& status);

// The word for a code in JSON: `not-found`.
std::string ExitCodeName(ExitCode code);

// The page of `allmende help exit-codes`.
std::string ExitCodeHelp();

}  // namespace allmende::cli
