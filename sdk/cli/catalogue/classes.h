// The classes of the fields in a guessed schema: how sensitive each is, which only a person can say.
#pragma once

#include <string>

#include "sdk/cli/frame/context.h"

namespace allmende::cli {

// How many fields of the text have no class yet.
int OpenClasses(const std::string& proto_text);

// Asks for each on standard error and reads answers from `context.in`: a class, its first letter, or nothing to leave
// it open; `all CLASS` for this one and the rest. Ends with the input. Returns the text with the answers in it.
std::string AskForClasses(Context& context, std::string proto_text);

}  // namespace allmende::cli
