#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace heed {

/// A whole regular file, mapped read-only into memory. UserError naming the path when there is none, it is not a
/// regular file or may not be read. Files that AtomicFile replaces stay valid while mapped; one that another program
/// shortens in place does not.
class MappedFile {
public:
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace heed
