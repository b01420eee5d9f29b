// A profile: everything one participant (or member) needs to reach a city's brokers, in a folder of its own:
//
//   cert.pem key.pem ca.pem profile.yaml
//
// The SDK and the command line read it, so nobody repeats addresses and file names. File names in profile.yaml are
// relative to it, so the folder can be moved or handed over as a whole.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/pki/pair.h"

namespace allmende::pki {

inline constexpr char kProfileFile[] = "profile.yaml";

struct Profile {
  std::string city;
  std::string participant;
  std::string member;                  // empty: the participant itself
  std::vector<std::string> endpoints;  // `host:port`, in the order to try; at least one
  std::string purpose;                 // stated when a call names none; may be empty
  // As written in the file: relative to the profile's folder, or absolute.
  std::string certificate = "cert.pem";
  std::string key = "key.pem";
  std::string authority = "ca.pem";  // who signs the brokers' certificates

  std::string directory;  // where it was loaded from; not part of the file

  // Paths as to open them.
  PairFiles Pair() const;
  std::string AuthorityPath() const;
};

// Loads `path`: a profile file, or a folder that holds `profile.yaml`. Checks the file's words, not the certificates.
//   kNotFound         no such profile
//   kInvalidArgument  unknown or missing keys, each with file:line
absl::StatusOr<Profile> LoadProfile(const std::string& path);

// Writes `profile.directory`/profile.yaml in one step (a reader sees the old file or the new one).
absl::Status SaveProfile(const Profile& profile);

}  // namespace allmende::pki
