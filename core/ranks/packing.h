#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "heed/core/error.h"

namespace heed {

/// Puts numbers and arrays of them one behind the other, for ranks of one program to exchange.
class Packer {
public:
    template <class T>
    void add(const T& value) {
        static_assert(std::is_arithmetic_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    template <class T>
    void add_all(std::span<const T> values) {
        static_assert(std::is_arithmetic_v<T>);
        add(static_cast<int64_t>(values.size()));
        bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }

    const std::string& bytes() const { return bytes_; }
    void clear() { bytes_.clear(); }

private:
    std::string bytes_;
};

/// Takes them out again in the same order. Throws Error past the end.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

    template <class T>
    T take() {
        T value;
        copy(&value, sizeof value);
        return value;
    }
    template <class T>
    std::vector<T> take_all() {
        std::vector<T> values(static_cast<size_t>(take<int64_t>()));
        copy(values.data(), values.size() * sizeof(T));
        return values;
    }

private:
    void copy(void* to, size_t count) {
        if (count > bytes_.size()) throw Error("less was packed than is taken out");
        if (count > 0) std::memcpy(to, bytes_.data(), count);
        bytes_.remove_prefix(count);
    }

    std::string_view bytes_;
};

}  // namespace heed
