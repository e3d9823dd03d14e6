#include "heed/trainers/loop/stop_request.h"

#include <atomic>

namespace heed {

namespace {

std::atomic<bool> stop_requested{false};

}  // namespace

Stopped::Stopped() : std::runtime_error("the work has been asked to end") {}

void request_stop() {
    stop_requested = true;
}

void withdraw_stop() {
    stop_requested = false;
}

void stop_point() {
    if (stop_requested) throw Stopped();
}

}  // namespace heed
