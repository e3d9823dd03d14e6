#include "heed/trainers/loop/task.h"

#include "heed/trainers/distillation/teacher.h"

namespace heed {

const Teacher* Task::teacher_of(const ForwardState& state) const {
    return teacher_ && teacher_->leads(state.step) ? teacher_ : nullptr;
}

const char* split_name(Split split) {
    switch (split) {
        case Split::train:
            return "train";
        case Split::validation:
            return "validation";
        case Split::test:
            return "test";
    }
    return "?";
}

}  // namespace heed
