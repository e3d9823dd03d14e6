#include "heed/core/module/parameter.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

Variable Parameter::variable() {
    if (!value_.defined())
        throw Error("a parameter of shape " + shape_.to_string() + " is used before its model was laid out");
    if (!trainable_) return Variable(value_);
    value_.context().outer_tape().note_use(slot_);
    return Variable(value_, slot_, 0);
}

Tensor Parameter::part_value(const ParameterPart& part) const {
    return value_.slice(part.first_row, part.rows);
}

}  // namespace heed
