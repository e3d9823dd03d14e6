#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/scaled_dot_product.h"

namespace heed {

/// Query, key and value as the backward of an attention op needs them: the tensors that it reads in place, and memory
/// for their gradients. Roles that read different columns of one variable write one gradient; overlapping ones have
/// gradients of their own, which are added.
class HeadGradients {
public:
    explicit HeadGradients(const ScaledDotProduct& attention);

    ConstHeadView query() const { return value_of(0); }
    ConstHeadView key() const { return value_of(1); }
    ConstHeadView value() const { return value_of(2); }

    /// Makes the memory of the gradients; columns that no role reads are zero.
    void allocate();
    HeadView d_query() const { return gradient_of(0); }
    HeadView d_key() const { return gradient_of(1); }
    HeadView d_value() const { return gradient_of(2); }
    /// Adds the gradients to those of the variables.
    void hand_over();

private:
    struct Role {
        Tensor tensor;
        int64_t first_column = 0;
        GradientSlot* slot = nullptr;
        int owner = 0;    ///< the role whose gradient this one writes into
        Tensor gradient;  ///< where the role is its own owner
    };

    ConstHeadView value_of(int role) const;
    HeadView gradient_of(int role) const;
    bool shares_with(int first, int second) const;

    int64_t columns_, head_dim_;
    Role roles_[3];  ///< query, key, value
};

}  // namespace heed
