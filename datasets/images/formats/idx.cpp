#include "heed/datasets/images/formats/idx.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr uint8_t unsigned_byte_type = 0x08;

std::string type_name(uint8_t type) {
    switch (type) {
        case 0x08:
            return "unsigned bytes";
        case 0x09:
            return "signed bytes";
        case 0x0b:
            return "16-bit integers";
        case 0x0c:
            return "32-bit integers";
        case 0x0d:
            return "32-bit floats";
        case 0x0e:
            return "64-bit floats";
        default:
            return fmt::format("the unknown type 0x{:02x}", type);
    }
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t extent : shape) {
        text += (text.empty() ? "" : "x") + std::to_string(extent);
    }
    return text;
}

std::array<uint8_t, 4> read_word(ByteReader& reader, const std::string& what) {
    std::array<uint8_t, 4> bytes{};
    const std::size_t got = reader.read(bytes);
    if (got < bytes.size()) {
        throw UserError(fmt::format("expected an idx file in '{}', found the end of the data in {}, after {} bytes",
                                    reader.name(), what, reader.position()));
    }
    return bytes;
}

int64_t read_extent(ByteReader& reader, int64_t dimension) {
    const auto bytes = read_word(reader, fmt::format("the size of dimension {}", dimension + 1));
    int64_t extent = 0;
    for (const uint8_t byte : bytes) {
        extent = extent * 256 + byte;
    }
    return extent;
}

void check_magic(const ByteReader& reader, const std::array<uint8_t, 4>& magic, int64_t dimensions) {
    if (magic[0] != 0 || magic[1] != 0) {
        throw UserError(
            fmt::format("expected an idx file in '{}', which begins with the bytes 00 00 {:02x} {:02x}, found {:02x} "
                        "{:02x} {:02x} {:02x}",
                        reader.name(), unsigned_byte_type, dimensions, magic[0], magic[1], magic[2], magic[3]));
    }
    if (magic[2] != unsigned_byte_type) {
        throw UserError(fmt::format("expected an idx file of unsigned bytes in '{}', found one of {}", reader.name(),
                                    type_name(magic[2])));
    }
    if (magic[3] != dimensions) {
        throw UserError(fmt::format("expected an idx file with {} dimension{} in '{}', found {}", dimensions,
                                    dimensions == 1 ? "" : "s", reader.name(), magic[3]));
    }
}

/// Number of values of `shape`; UserError where it is zero or cannot be counted in 64 bits.
uint64_t count_values(const ByteReader& reader, const std::vector<int64_t>& shape) {
    uint64_t count = 1;
    for (const int64_t extent : shape) {
        if (extent == 0) {
            throw UserError(fmt::format("expected at least one value in the idx file '{}', found the shape {}",
                                        reader.name(), shape_text(shape)));
        }
        if (__builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count)) {
            return std::numeric_limits<uint64_t>::max();
        }
    }
    return count;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& file, int64_t dimensions) {
    ByteReader reader(file);
    return read_idx(reader, dimensions);
}

IdxArray read_idx(ByteReader& reader, int64_t dimensions) {
    check_magic(reader, read_word(reader, "the first four bytes"), dimensions);
    IdxArray array;
    for (int64_t dimension = 0; dimension < dimensions; ++dimension) {
        array.shape.push_back(read_extent(reader, dimension));
    }
    const uint64_t count = count_values(reader, array.shape);
    const uint64_t header = reader.position();
    const uint64_t room = reader.largest_size() - std::min(header, reader.largest_size());
    if (count > room) {
        throw UserError(fmt::format(
            "expected {} of data in '{}' (shape {}), found a file that holds {} {} bytes of it",
            count == std::numeric_limits<uint64_t>::max() ? "more than 2^64 bytes" : fmt::format("{} bytes", count),
            reader.name(), shape_text(array.shape), reader.compressed() ? "at most" : "only", room));
    }
    const uint64_t got = reader.read_into(array.values, count);
    if (got < count) {
        throw UserError(fmt::format("expected {} bytes of data in '{}' (shape {}), found only {}", count, reader.name(),
                                    shape_text(array.shape), got));
    }
    if (!reader.at_end()) {
        throw UserError(fmt::format("expected the data of '{}' to end after {} bytes (shape {}), found more",
                                    reader.name(), reader.position() - 1, shape_text(array.shape)));
    }
    return array;
}

}  // namespace heed
