#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heed/core/tensor/dtype.h"

namespace heed {

/// Bytes [begin, end) of the data part that hold one tensor.
struct SafetensorsRange {
    std::string name;
    DType dtype = DType::f32;
    std::vector<int64_t> shape;
    uint64_t begin = 0;
    uint64_t end = 0;
};

/// The JSON header of a safetensors file, ranges in the order of their bytes.
struct SafetensorsHeader {
    std::vector<SafetensorsRange> tensors;
    std::map<std::string, std::string> metadata;

    uint64_t data_bytes() const { return tensors.empty() ? 0 : tensors.back().end; }
};

/// Bytes that a tensor needs; false when the number does not fit in 63 bits or a size is negative.
bool stored_bytes(DType dtype, const std::vector<int64_t>& shape, uint64_t& bytes);

/// Parses and validates: known keys only, each once; every range as long as its shape says; ranges without gap or
/// overlap from 0 on. UserError beginning with `path`.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& path);

/// The header's text, metadata first, padded with spaces to a multiple of 8 bytes. Error when a text is not UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header, const std::string& path);

}  // namespace heed
