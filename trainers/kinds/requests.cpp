#include "heed/trainers/kinds/requests.h"

namespace heed {

std::vector<int64_t> SampleRequest::samples_of_split(int64_t size) const {
    const int64_t count = count_of(size);
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < count; ++i) samples.push_back((2 * i + 1) * size / (2 * count));
    return samples;
}

}  // namespace heed
