#include "heed/tests/cuda_emulation/thread_order.h"

#include <atomic>

namespace cuda_emulation {

namespace {
std::atomic<ThreadOrder> current_order{ThreadOrder::forward};
}

const char* name_of(ThreadOrder order) {
    return order == ThreadOrder::forward ? "forward" : order == ThreadOrder::reverse ? "reverse" : "shuffled";
}

void set_thread_order(ThreadOrder order) {
    current_order = order;
}

ThreadOrder thread_order() {
    return current_order;
}

}  // namespace cuda_emulation
