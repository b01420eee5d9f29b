// Reads what all policy files begin with: language, publisher, validity.
#pragma once

#include <string_view>

#include "policy/language/reader.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// The language that the file says; where it says none, that of most of its keys, and the problem is reported.
Language ReadLanguage(Report& report, const Node& root);

Validity ReadValidity(Reader& reader, Section& top);

ParticipantId ReadPublisher(Reader& reader, Section& top);

// The text without a byte order mark.
std::string_view WithoutByteOrderMark(std::string_view text);

}  // namespace allmende::policy
