// Where a person's profiles are, and which one counts. A profile is a file NAME.yaml or a folder NAME with profile.yaml
// in `$XDG_CONFIG_HOME/allmende/profiles` (else `~/.config/...`); mostly a link to the folder that the city handed out,
// so that a renewed certificate counts at once. What a profile holds: sdk/pki/profile.h.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

inline constexpr char kDefaultProfile[] = "default";

// kFailedPrecondition: neither XDG_CONFIG_HOME nor HOME is set.
absl::StatusOr<std::string> ProfilesDirectory(const Context& context);

// The file or folder that `name` means: a path where it has a `/` or ends in `.yaml`, otherwise a profile of the
// person.
//   kNotFound  no such profile; the hint names those that there are
absl::StatusOr<std::string> FindProfile(const Context& context, const std::string& name);

// The one that counts for this command: `--profile`, else ALLMENDE_PROFILE, else `default`.
//   kNotFound  as above, or none was ever chosen; says how
absl::StatusOr<std::string> ChosenProfile(const Context& context);

// Names of the person's profiles, in order.
absl::StatusOr<std::vector<std::string>> ProfileNames(const Context& context);

// 1 to 63 of a-z, A-Z, 0-9, `.`, `_` and `-`, beginning with a letter or digit. kInvalidArgument.
absl::Status CheckProfileName(const std::string& name);

}  // namespace allmende::cli
