"""The system's libraries, under the names that CMake's packages give them: what to link, what to define."""

_ABSEIL = ["-labsl_" + name for name in [
    "base",
    "bad_optional_access",
    "bad_variant_access",
    "city",
    "civil_time",
    "cord",
    "cord_internal",
    "cordz_functions",
    "cordz_info",
    "hash",
    "int128",
    "low_level_hash",
    "raw_hash_set",
    "raw_logging_internal",
    "spinlock_wait",
    "status",
    "statusor",
    "str_format_internal",
    "strings",
    "strings_internal",
    "synchronization",
    "throw_delegate",
    "time",
    "time_zone",
]]

# name -> (linkopts, defines). Every name that begins with `absl::` is one library here.
SYSTEM = {
    "CLI11::CLI11": ([], []),
    "OpenSSL::Crypto": (["-lcrypto"], []),
    "OpenSSL::SSL": (["-lssl", "-lcrypto"], []),
    "RocksDB::rocksdb-shared": (["-lrocksdb"], []),
    "Threads::Threads": (["-pthread"], []),
    "ZLIB::ZLIB": (["-lz"], []),
    "absl": (_ABSEIL, []),
    "cpp-httplib": (["-lcpp-httplib"], ["CPPHTTPLIB_OPENSSL_SUPPORT"]),
    "gRPC::grpc++": (["-lgrpc++", "-lgrpc", "-lgpr"], []),
    "nlohmann_json::nlohmann_json": ([], []),
    "protobuf::libprotobuf": (["-lprotobuf"], []),
    "yaml-cpp": (["-lyaml-cpp"], []),
}
