#pragma once

#include "heed/core/module/module.h"

namespace heed {

/// Word dropout (Iyyer et al., ACL 2015, section 3.1): while training, whole tokens are set to 0 with this probability
/// and the others divided by 1 - probability. Has no parameters; its name keys its random numbers.
class TokenDropout : public Module {
public:
    explicit TokenDropout(double probability) : probability_(static_cast<float>(probability)) {}

    /// x [batch, tokens, dim]
    Variable forward(const Variable& x, const ForwardState& state) const;

private:
    float probability_;
};

}  // namespace heed
