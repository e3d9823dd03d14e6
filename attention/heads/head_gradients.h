#pragma once

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/scaled_dot_product.h"

namespace heed {

/// Query, key and value as the backward of an attention op needs them: the tensors that it reads in place, and memory
/// for their gradients, of the same type. Roles that read different columns of one variable write one gradient;
/// overlapping ones have gradients of their own, which are added.
class HeadGradients {
public:
    explicit HeadGradients(const ScaledDotProduct& attention);

    template <class Element = float>
    BasicHeadView<const Element> query() const {
        return value_of<Element>(0);
    }
    template <class Element = float>
    BasicHeadView<const Element> key() const {
        return value_of<Element>(1);
    }
    template <class Element = float>
    BasicHeadView<const Element> value() const {
        return value_of<Element>(2);
    }

    /// Makes the memory of the gradients; columns that no role reads are zero.
    void allocate();
    template <class Element = float>
    BasicHeadView<Element> d_query() const {
        return gradient_of<Element>(0);
    }
    template <class Element = float>
    BasicHeadView<Element> d_key() const {
        return gradient_of<Element>(1);
    }
    template <class Element = float>
    BasicHeadView<Element> d_value() const {
        return gradient_of<Element>(2);
    }
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

    template <class Element>
    BasicHeadView<const Element> value_of(int role) const {
        return as_const(head_view<Element>(roles_[role].tensor, roles_[role].first_column, head_dim_));
    }
    template <class Element>
    BasicHeadView<Element> gradient_of(int role) const {
        return head_view<Element>(roles_[roles_[role].owner].gradient, roles_[role].first_column, head_dim_);
    }
    bool shares_with(int first, int second) const;

    int64_t columns_, head_dim_;
    Role roles_[3];  ///< query, key, value
};

}  // namespace heed
