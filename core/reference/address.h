#pragma once

#include <cstdint>

namespace heed {

/// Memory of the device `reference` is handed out under a shifted address, in a range that a 64-bit x86 process cannot
/// read, so that code that takes it for CPU memory faults at once instead of working by accident. Bit 62 makes
/// the address non-canonical; alignment and order are kept.
inline constexpr uintptr_t reference_address_bit = uintptr_t{1} << 62;

/// The readable address behind an address of the device `reference`; null stays null.
template <class T>
inline T* reference_address(T* p) {
    return p == nullptr ? nullptr : reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) & ~reference_address_bit);
}

/// The address under which the device `reference` hands out the readable address `p`; null stays null.
template <class T>
inline T* to_reference_address(T* p) {
    return p == nullptr ? nullptr : reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) | reference_address_bit);
}

}  // namespace heed
