#pragma once

#include "heed/core/device/context.h"

namespace heed {

/// Tells the observer of the context, if there is one, that an op runs while this lives. The first line of every op:
/// what computes outside of any is the "rest" of a profile.
class OpScope {
public:
    OpScope(Context& context, const char* op, bool backward = false) : observer_(context.observer()) {
        if (observer_) observer_->begins(op, backward);
    }
    ~OpScope() {
        if (observer_) observer_->ends();
    }
    OpScope(const OpScope&) = delete;
    OpScope& operator=(const OpScope&) = delete;

private:
    OpObserver* observer_;
};

/// To be told by ops whose own kernels compute products.
inline void count_multiplies(Context& context, int64_t count) {
    if (OpObserver* observer = context.observer()) observer->multiplies(count);
}

/// The product, counted.
inline void multiply(Context& context, const MatrixProduct& product) {
    count_multiplies(context, product.batch * product.rows * product.columns * product.inner);
    context.device().matrix_product(product);
}

}  // namespace heed
