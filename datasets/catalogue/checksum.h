#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace heed {

/// The checksum that somebody publishes for a file; `algorithm` is "sha256" or "md5", empty where none is published.
struct Checksum {
    std::string algorithm;
    std::string hex;  ///< lower case

    bool known() const { return !algorithm.empty(); }
    bool operator==(const Checksum&) const = default;
};

/// "sha256 0123...", "none" where there is none.
std::string to_string(const Checksum& checksum);

/// Computes a checksum piece by piece.
class Digest {
public:
    /// UserError for an algorithm other than sha256 and md5; Error where the system's library refuses it.
    explicit Digest(const std::string& algorithm);
    ~Digest();
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void update(const void* data, size_t bytes);
    /// To be called once.
    Checksum finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The checksum of a file's bytes. UserError naming the path where it cannot be read.
Checksum file_checksum(const std::filesystem::path& path, const std::string& algorithm = "sha256");

}  // namespace heed
