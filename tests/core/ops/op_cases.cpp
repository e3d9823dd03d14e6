#include "heed/tests/core/ops/op_cases.h"

namespace heed::test {

std::vector<OpCase> core_op_cases() {
    std::vector<OpCase> all;
    for (auto* part : {elementwise_cases, product_cases, row_cases, token_cases}) {
        for (OpCase& op_case : part()) all.push_back(std::move(op_case));
    }
    return all;
}

}  // namespace heed::test
