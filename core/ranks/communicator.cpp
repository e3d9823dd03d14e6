#include "heed/core/ranks/communicator.h"

#include <algorithm>
#include <string>
#include <utility>

#include "heed/core/error.h"

namespace heed {

void Communication::wait() {
    if (const std::unique_ptr<UnderWay> operation = std::move(operation_)) operation->wait();
}

RankPart rank_part(int64_t count, int ranks, int rank) {
    constexpr int64_t step = 16;
    const auto cut = [&](int64_t place) {
        return place == ranks ? count : std::min(count, count / step * place / ranks * step);
    };
    return {cut(rank), cut(rank + 1)};
}

void check_exchanged(const Tensor& values, const char* what) {
    if (values.dtype() == DType::f32 || values.dtype() == DType::f64) return;
    throw Error(std::string("expected ") + what + ", which ranks exchange, to be f32 or f64, got " +
                dtype_name(values.dtype()));
}

}  // namespace heed
