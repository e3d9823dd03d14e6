#include "heed/tests/attack/fuzz/repair.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "heed/trainers/record/event_file.h"

namespace heed::test {
namespace {

uint32_t big_endian(const uint8_t* at) {
    return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

void put_masked_crc(const uint8_t* data, size_t size, uint8_t* at) {
    const uint32_t crc = std::rotr(crc32c({data, size}), 15) + 0xa282ead8U;
    std::memcpy(at, &crc, sizeof crc);
}

}  // namespace

void repair_safetensors(Input& input) {
    // The header ends where its braces do, as long as no name has one.
    int64_t depth = 0;
    for (size_t at = 8; at < input.size(); ++at) {
        if (input[at] == '{') ++depth;
        if (input[at] == '}' && --depth == 0) {
            const uint64_t length = at + 1 - 8;
            std::memcpy(input.data(), &length, sizeof length);
            return;
        }
    }
}

void repair_png(Input& input) {
    for (size_t at = 8; input.size() >= 12 && at <= input.size() - 12;) {
        const uint32_t length = big_endian(&input[at]);
        if (length > input.size() - 12 - at) return;
        const auto crc = static_cast<uint32_t>(crc32(0, &input[at + 4], length + 4));
        for (size_t i = 0; i < 4; ++i) input[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

void repair_tar(Input& input) {
    constexpr size_t block = 512, sum_at = 148;
    for (size_t at = 0; at + block <= input.size(); at += block) {
        if (std::memcmp(&input[at + 257], "ustar", 5) != 0) continue;
        std::fill_n(&input[at + sum_at], 8, ' ');
        unsigned sum = 0;
        for (size_t i = 0; i < block; ++i) sum += input[at + i];
        char text[8];
        std::snprintf(text, sizeof text, "%06o", sum);
        std::memcpy(&input[at + sum_at], text, 7);
    }
}

void repair_curves(Input& input) {
    for (size_t at = 0; at + 16 <= input.size();) {
        uint64_t length = 0;
        std::memcpy(&length, &input[at], sizeof length);
        put_masked_crc(&input[at], 8, &input[at + 8]);
        if (length > input.size() - at - 16) return;
        put_masked_crc(&input[at + 12], length, &input[at + 12 + length]);
        at += 16 + length;
    }
}

}  // namespace heed::test
