// Problems found in a policy file: where, what, and how to mend it, in German or English.
#pragma once

#include <string>
#include <vector>

#include "policy/language/messages.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// One problem. Holds no prose: `Message` and `Hint` make it from the code and the arguments.
struct Diagnostic {
  DiagnosticCode code;
  Severity severity = Severity::kError;
  std::string file;
  int line = 0;             // from 1; 0: the file as a whole
  int column = 0;           // from 1, in characters
  int length = 1;           // characters to underline, at least 1
  std::string source_line;  // cut around the column where it is long
  int source_column = 1;    // where the column stands in `source_line`
  std::vector<std::string> arguments;
  std::string suggestion;  // a word that may have been meant; may be empty
};

// The message is one lower-case sentence without a full stop.
std::string Message(const Diagnostic& diagnostic, Language language);

// What to do about it; may be empty.
std::string Hint(const Diagnostic& diagnostic, Language language);

// As a compiler shows it, without a line feed at the end:
//   pegel.policy.yaml:31:5: error: unknown key `zwek` [AP0201]
//      31 |     zwek: verkehrslenkung
//         |     ^~~~
//      hint: did you mean `zweck`?
std::string RenderDiagnostic(const Diagnostic& diagnostic, Language language);

bool HasErrors(const std::vector<Diagnostic>& diagnostics);

// Ordered by place, so that reading a file from its top meets them in order.
void SortDiagnostics(std::vector<Diagnostic>& diagnostics);

}  // namespace allmende::policy
