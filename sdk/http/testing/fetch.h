// For tests: asks an HTTP server for a page, as a monitoring system would.
#pragma once

#include <string>

#include "sdk/pki/pair.h"

namespace allmende::http {

struct Fetched {
  int status = 0;  // 0: there was no answer
  std::string content_type;
  std::string body;
};

// From `https://127.0.0.1:port`, which must present a certificate of `authority` (a path). An empty `files` shows none.
Fetched FetchHttps(int port, const std::string& path, const std::string& authority, const pki::PairFiles& files);

// From `http://127.0.0.1:port`, without TLS.
Fetched FetchPlain(int port, const std::string& path);

// Over the Unix socket `socket`.
Fetched FetchLocal(const std::string& socket, const std::string& path);

}  // namespace allmende::http
