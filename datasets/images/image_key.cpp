#include "heed/datasets/images/image_key.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum.h"

namespace heed {

namespace {

constexpr uint64_t most_whole_bytes = 16384, window_bytes = 4096;

}  // namespace

uint64_t byte_key(std::span<const uint8_t> bytes) {
    // Each step is a bijection of the key for any word, and of the word for any key: two inputs that differ in one word
    // have different keys.
    constexpr uint64_t odd = 0x9e3779b97f4a7c15;
    uint64_t key = bytes.size() * odd;
    for (std::size_t place = 0; place < bytes.size(); place += 8) {
        uint64_t word = 0;
        std::memcpy(&word, bytes.data() + place, std::min<std::size_t>(8, bytes.size() - place));
        key = std::rotl((key ^ word) * odd, 29);
    }
    key = (key ^ key >> 32) * odd;
    return key ^ key >> 29;
}

uint64_t file_key(const std::filesystem::path& file) {
    const auto fail = [&](const std::string& why) {
        throw UserError(fmt::format("cannot read {}: {}", file.string(), why));
    };
    std::error_code error;
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    const uint64_t size = stream ? std::filesystem::file_size(file, error) : 0;
    if (!stream || error) fail(error ? error.message() : std::strerror(errno));
    std::vector<uint8_t> bytes(sizeof size);
    std::memcpy(bytes.data(), &size, sizeof size);
    const auto add = [&](uint64_t start, uint64_t count) {
        const std::size_t before = bytes.size();
        bytes.resize(before + count);
        stream.seekg(static_cast<std::streamoff>(start));
        stream.read(reinterpret_cast<char*>(bytes.data() + before), static_cast<std::streamsize>(count));
        if (!stream) fail(errno != 0 ? std::strerror(errno) : "it ends before its size");
    };
    if (size <= most_whole_bytes) {
        add(0, size);
    } else {
        for (const uint64_t start : {uint64_t{0}, (size - window_bytes) / 2, size - window_bytes}) {
            add(start, window_bytes);
        }
    }
    return byte_key(bytes);
}

std::vector<uint64_t> content_keys(const ImageSplit& split) {
    std::vector<uint64_t> keys;
    keys.reserve(split.indices.size());
    for (const int64_t index : split.indices) keys.push_back(split.source->content_key(index));
    return keys;
}

std::string fingerprint(const ImageSplit& split) {
    Digest digest("sha256");
    const auto add_number = [&](uint64_t number) { digest.update(&number, sizeof number); };
    for (const int64_t index : split.indices) {
        add_number(split.source->content_key(index));
        add_number(static_cast<uint64_t>(split.source->label(index)));
        const std::string_view name = split.source->file_name(index);
        add_number(name.size());
        digest.update(name.data(), name.size());
    }
    return digest.finish().hex;
}

}  // namespace heed
