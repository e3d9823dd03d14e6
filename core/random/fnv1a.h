#pragma once

#include <cstdint>
#include <string_view>

namespace heed {

/// The 64-bit FNV-1a hash of a text: the same everywhere and always, which keys of random numbers and splits rely on.
constexpr uint64_t fnv1a(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    return hash;
}

}  // namespace heed
