// Where things are in a city's folder. Pure.
//
//   broker.yaml            the broker's configuration; written last, so it marks a complete city
//   city.yaml              what new profiles say: the city's name and its brokers' endpoints
//   ca/cert.pem key.pem    the city's authority; the broker reads the certificate only, so key.pem may live offline
//   broker/cert.pem key.pem
//   policies/city.baseline.yaml
//   revoked.list           see sdk/pki/revocation.h
//   issued.list            see sdk/pki/city.h
//   data/                  the broker's logs
//   run/                   local sockets
//   participants/<id>/     profile of a participant, see sdk/pki/profile.h
//   members/<id>/<name>/   profile of one of its members
#pragma once

#include <string>
#include <utility>

namespace allmende::pki {

class CityLayout {
 public:
  explicit CityLayout(std::string directory);

  const std::string& directory() const { return directory_; }
  std::string Config() const { return In("broker.yaml"); }
  std::string City() const { return In("city.yaml"); }
  std::string AuthorityDirectory() const { return In("ca"); }
  std::string AuthorityCertificate() const { return In("ca/cert.pem"); }
  std::string AuthorityKey() const { return In("ca/key.pem"); }
  std::string BrokerDirectory() const { return In("broker"); }
  std::string BrokerCertificate() const { return In("broker/cert.pem"); }
  std::string BrokerKey() const { return In("broker/key.pem"); }
  std::string Policies() const { return In("policies"); }
  std::string Baseline() const { return In("policies/city.baseline.yaml"); }
  std::string Revocations() const { return In("revoked.list"); }
  std::string Issued() const { return In("issued.list"); }
  std::string Data() const { return In("data"); }
  std::string Run() const { return In("run"); }
  std::string Lock() const { return In(".lock"); }
  // Where something is prepared before it takes its place; what is left there belongs to nobody.
  std::string Staging() const { return In(".new"); }
  // The folder of a participant's profile, or of its member's when `member` is not empty.
  std::string ProfileDirectory(const std::string& participant, const std::string& member = "") const;

 private:
  std::string In(const std::string& name) const;

  std::string directory_;
};

}  // namespace allmende::pki
