// The participants, each a process of its own. They take commands as reports on standard input and tell on standard
// output what they did and saw. Written against the public SDK alone, as an agency or an operator would.
#pragma once

#include <string>

namespace heavy_rain {

struct RoleOptions {
  std::string participant;
  std::string purpose;
  std::string profile;    // folder, as the command line makes it
  std::string directory;  // for outboxes or replicas
  std::string data;       // of a recorded night; empty: the simulated one
  std::string fault;      // see kFaults
};

// Faults that an agency can make on purpose, once, so that the proof can be seen to fail: one record is never handed
// in; one is handed in twice; one shows in a public field what must not be seen.
inline constexpr const char* kFaults[] = {"lose", "duplicate", "leak"};

// Commands: step number= | store_all seconds= | read_back | finish
// Reports:  ready | published dataset= number= payload= | appended dataset= count= | stepped number= unsent= connected=
// |
//           all_stored error= | head dataset= sequence= | stored dataset= sequence= payload= | read_back_done
int RunAgency(const RoleOptions& options);

// Commands: wait dataset= sequence= seconds= | start_reading | ask dataset= | copies | finish
// Reports:  ready | terms dataset= release= regime= fields= | delivery dataset= first= last= bytes= |
//           record dataset= sequence= payload= | reads ok= failed= offline= oldest_us= error= sample= sample_age_us= |
//           reached dataset= error= | refused code= rule= file= line= missing= | allowed |
//           copy dataset= sequence= payload= key= | copies_done
int RunReader(const RoleOptions& options);

}  // namespace heavy_rain
