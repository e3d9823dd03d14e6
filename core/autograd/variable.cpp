#include "heed/core/autograd/variable.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

GradientSlot* Variable::slot() const {
    if (slot_ && generation_ != 0 && generation_ != context().tape().generation()) {
        throw Error("a variable of shape " + shape().to_string() + " is used after its tape was cleared");
    }
    return slot_;
}

}  // namespace heed
