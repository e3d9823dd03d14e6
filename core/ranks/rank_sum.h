#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heed {

/// Adds arrays of `count` numbers up in the order of all sums over ranks (Communicator): neighbours first, then pairs
/// of neighbours, and so on; who has no neighbour waits for the next round. The sum is in `parts[0]`, the others are
/// spoilt.
template <class T>
void add_neighbours(const std::vector<T*>& parts, int64_t count) {
    for (size_t step = 1; step < parts.size(); step *= 2) {
        for (size_t first = 0; first + step < parts.size(); first += 2 * step) {
            T* sum = parts[first];
            const T* other = parts[first + step];
            for (int64_t i = 0; i < count; ++i) sum[i] += other[i];
        }
    }
}

}  // namespace heed
