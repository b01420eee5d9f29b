#include "sdk/http/testing/fetch.h"

#include <httplib.h>
#include <sys/socket.h>

namespace allmende::http {
namespace {

Fetched Convert(const httplib::Result& result) {
  if (!result) return {};
  return {result->status, result->get_header_value("Content-Type"), result->body};
}

}  // namespace

Fetched FetchHttps(int port, const std::string& path, const std::string& authority, const pki::PairFiles& files) {
  httplib::SSLClient client("127.0.0.1", port, files.certificate, files.key);
  client.set_ca_cert_path(authority.c_str());
  client.enable_server_certificate_verification(true);
  return Convert(client.Get(path));
}

Fetched FetchPlain(int port, const std::string& path) {
  httplib::Client client("127.0.0.1", port);
  return Convert(client.Get(path));
}

Fetched FetchLocal(const std::string& socket, const std::string& path) {
  httplib::Client client(socket);
  client.set_address_family(AF_UNIX);
  return Convert(client.Get(path));
}

}  // namespace allmende::http
