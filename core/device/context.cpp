#include "heed/core/device/context.h"

#include "heed/core/cpu/denormals.h"

namespace heed {

Context::Context(std::string_view device, Precision precision)
    : device_(make_device(device)), allocator_(*this, *device_) {
    device_->set_precision(precision);
    tapes_.push_back(std::make_unique<Tape>(*this));
    tape_ = tapes_[0].get();
    flush_denormals();
}

void Context::push_tape() {
    if (++depth_ == tapes_.size()) tapes_.push_back(std::make_unique<Tape>(*this));
    tape_ = tapes_[depth_].get();
}

void Context::pop_tape() {
    tape_->clear();
    tape_ = tapes_[--depth_].get();
}

}  // namespace heed
