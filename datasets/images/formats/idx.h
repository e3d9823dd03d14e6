#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "heed/datasets/files/byte_reader.h"

namespace heed {

/// The unsigned bytes of an idx file (the format of MNIST) with their shape, row-major.
struct IdxArray {
    std::vector<int64_t> shape;
    std::vector<uint8_t> values;
};

/// Reads a whole idx file of unsigned bytes with `dimensions` dimensions, plain or gzip. UserError, naming the file,
/// what was expected and what was found, where the header is not such a header, a dimension is zero, or the data is
/// shorter or longer than the header says. The declared sizes are held against the file before memory is taken.
IdxArray read_idx(const std::filesystem::path& file, int64_t dimensions);

/// The same from an open reader.
IdxArray read_idx(ByteReader& reader, int64_t dimensions);

}  // namespace heed
