#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// Reads a file of outside data from front to back, unpacking it where its content says that it is gzip or xz (the name
/// does not matter). Errors name the file and are UserErrors; a failing disk is an Error.
class ByteReader {
public:
    /// Opens `file`. UserError where it is missing, not a regular file or not readable.
    explicit ByteReader(const std::filesystem::path& file);

    /// Reads from `stream`, which holds `size` bytes; `name` stands in the errors.
    ByteReader(std::unique_ptr<std::istream> stream, uint64_t size, std::string name);

    ~ByteReader();
    ByteReader(const ByteReader&) = delete;
    ByteReader& operator=(const ByteReader&) = delete;

    const std::string& name() const { return name_; }
    bool compressed() const { return unpacker_ != nullptr; }

    /// Unpacked bytes handed out so far.
    uint64_t position() const { return position_; }

    /// Fills `target` as far as the data goes and returns the number of bytes read; less than asked only at the end.
    /// UserError where compressed data is corrupt or cut short.
    std::size_t read(std::span<uint8_t> target);

    /// Replaces `values` by the next `count` bytes, fewer at the end of the data, and returns how many came. Memory
    /// grows with the data that really comes, so that a forged `count` costs nothing.
    uint64_t read_into(std::vector<uint8_t>& values, uint64_t count);

    /// The most unpacked bytes that the whole file can hold: exact for a plain file, an upper bound for a compressed
    /// one.
    uint64_t largest_size() const;

    /// True where no byte is left; consumes one where there is. Checks the checksum of compressed data.
    bool at_end();

private:
    class GzipUnpacker;
    class XzUnpacker;
    class Unpacker;

    void detect_compression();
    std::size_t fill();
    std::size_t read_plain(std::span<uint8_t> target);
    std::size_t read_compressed(std::span<uint8_t> target);
    [[noreturn]] void fail_compressed(const std::string& reason) const;

    std::string name_;
    uint64_t size_ = 0;
    uint64_t position_ = 0;
    std::unique_ptr<std::istream> stream_;
    std::vector<uint8_t> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::unique_ptr<Unpacker> unpacker_;
};

}  // namespace heed
