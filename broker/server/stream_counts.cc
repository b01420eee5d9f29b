#include "broker/server/stream_counts.h"

#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>

#include "grpc/grpc.h"
#include "grpc/support/alloc.h"

namespace allmende::broker {
namespace {

// gRPC answers in JSON, numbers as texts: `"socketId":"7"`. What is zero is left out.
constexpr std::string_view kServerId = "\"serverId\":\"";
constexpr std::string_view kSocketId = "\"socketId\":\"";
constexpr std::string_view kName = "\"name\":\"";
constexpr std::string_view kStarted = "\"streamsStarted\":\"";
constexpr std::string_view kSucceeded = "\"streamsSucceeded\":\"";
constexpr std::string_view kLastPage = "\"end\":true";

std::string Take(char* json) {
  const std::unique_ptr<char, decltype(&gpr_free)> owned(json, gpr_free);
  return json == nullptr ? std::string() : std::string(json);
}

int64_t NumberAfter(const std::string& json, std::string_view key, size_t from = 0) {
  const size_t at = json.find(key, from);
  return at == std::string::npos ? 0 : std::atoll(json.c_str() + at + key.size());
}

// Calls `visit` with the id that stands behind each `key` and the place behind it.
int64_t ForEachId(const std::string& json, std::string_view key, const std::function<void(int64_t, size_t)>& visit) {
  int64_t last = -1;
  for (size_t at = json.find(key); at != std::string::npos; at = json.find(key, at + 1)) {
    last = NumberAfter(json, key, at);
    visit(last, at);
  }
  return last;
}

// Sockets of one server by name, which ends with the peer's.
void AddSockets(int64_t server, std::unordered_map<std::string, int64_t>& sockets) {
  int64_t next = 0;
  bool more = true;
  while (more) {
    const std::string page = Take(grpc_channelz_get_server_sockets(server, next, 0));
    const int64_t last = ForEachId(page, kSocketId, [&](int64_t socket, size_t at) {
      const size_t begin = page.rfind('{', at);
      const std::string entry = page.substr(begin, page.find('}', at) - begin);
      if (size_t name = entry.find(kName); name != std::string::npos) {
        name += kName.size();
        const std::string value = entry.substr(name, entry.find('"', name) - name);
        sockets[value.substr(value.rfind(' ') + 1)] = socket;
      }
    });
    next = last + 1;
    more = last >= 0 && page.find(kLastPage) == std::string::npos;
  }
}

}  // namespace

std::unordered_map<std::string, int64_t> CountUnfinishedCalls(const std::vector<std::string>& peers) {
  std::unordered_map<std::string, int64_t> sockets;
  ForEachId(Take(grpc_channelz_get_servers(0)), kServerId,
            [&](int64_t server, size_t) { AddSockets(server, sockets); });
  std::unordered_map<std::string, int64_t> counts;
  for (const std::string& peer : peers) {
    if (const auto socket = sockets.find(peer); socket != sockets.end()) {
      const std::string statistics = Take(grpc_channelz_get_socket(socket->second));
      counts[peer] = NumberAfter(statistics, kStarted) - NumberAfter(statistics, kSucceeded);
    }
  }
  return counts;
}

}  // namespace allmende::broker
