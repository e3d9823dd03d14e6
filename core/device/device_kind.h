#pragma once

#include <cstdint>

namespace heed {

/// The devices that Heed knows, in the order of the tables of kernels and of the registry of devices.
enum class DeviceKind : uint8_t { cpu, reference, shapes, cuda };

inline constexpr int device_kinds = 4;

}  // namespace heed
