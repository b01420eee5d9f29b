// How many calls came on each connection, from the statistics that gRPC keeps of its sockets (channelz). Calls that
// their client breaks off at once reach no handler; here they show.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace allmende::broker {

// Of the connections of `peers`, as gRPC names them: calls begun and not brought to an end in order, those that are
// open included. Connections without a finished handshake have none. Thread-safe.
std::unordered_map<std::string, int64_t> CountUnfinishedCalls(const std::vector<std::string>& peers);

}  // namespace allmende::broker
