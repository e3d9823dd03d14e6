#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "heed/core/tensor/bf16.h"
#include "heed/core/tensor/dtype.h"

namespace heed {

/// Where numbers of f32 or of bf16 begin, and which of both they are: what a kernel or a product is given that can work
/// on both. `Void` is void, or const void for what is only read. Made of a pointer to either type. All is inlined, as
/// this is part of files for one instruction set.
template <class Void>
class BasicElements {
    template <class T>
    using Like = std::conditional_t<std::is_const_v<Void>, const T, T>;

public:
    constexpr BasicElements() = default;
    [[gnu::always_inline]] constexpr BasicElements(std::nullptr_t) {}
    [[gnu::always_inline]] constexpr BasicElements(Like<float>* address) : address_(address) {}
    [[gnu::always_inline]] constexpr BasicElements(Like<Bf16>* address) : address_(address), is_bf16_(true) {}
    /// From what may be written.
    template <class Other>
    requires(std::is_const_v<Void>&& std::is_same_v<Other, void>)
        [[gnu::always_inline]] constexpr BasicElements(const BasicElements<Other>& other)
        : address_(other.address()), is_bf16_(other.is_bf16()) {}

    [[gnu::always_inline]] constexpr bool is_bf16() const { return is_bf16_; }
    [[gnu::always_inline]] constexpr DType dtype() const { return is_bf16_ ? DType::bf16 : DType::f32; }
    [[gnu::always_inline]] constexpr Void* address() const { return address_; }
    /// To be asked for as what they are alone.
    [[gnu::always_inline]] constexpr Like<float>* f32() const { return static_cast<Like<float>*>(address_); }
    [[gnu::always_inline]] constexpr Like<Bf16>* bf16() const { return static_cast<Like<Bf16>*>(address_); }

    [[gnu::always_inline]] constexpr explicit operator bool() const { return address_ != nullptr; }
    constexpr bool operator==(const BasicElements&) const = default;
    /// Those from the element number `count` on.
    [[gnu::always_inline]] constexpr BasicElements operator+(int64_t count) const {
        return is_bf16_ ? BasicElements(bf16() + count) : BasicElements(f32() + count);
    }
    [[gnu::always_inline]] constexpr BasicElements& operator+=(int64_t count) { return *this = *this + count; }

private:
    Void* address_ = nullptr;
    bool is_bf16_ = false;
};

using Elements = BasicElements<void>;
using ConstElements = BasicElements<const void>;

/// Calls body with the pointers of elements that are all of one type: to float, or to Bf16.
template <class Body, class First, class... Others>
[[gnu::always_inline]] constexpr void with_pointers(const Body& body, First first, Others... others) {
    if (first.is_bf16()) {
        body(first.bf16(), others.bf16()...);
    } else {
        body(first.f32(), others.f32()...);
    }
}

}  // namespace heed
