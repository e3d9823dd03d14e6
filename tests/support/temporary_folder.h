#pragma once

#include <cstddef>
#include <string>

namespace heed::test {

/// A new empty folder that goes away, with what is in it, at the end of the scope.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

    /// Number of files and folders directly in it.
    std::size_t entries() const;

private:
    std::string path_;
};

}  // namespace heed::test
