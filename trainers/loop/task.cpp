#include "heed/trainers/loop/task.h"

namespace heed {

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
