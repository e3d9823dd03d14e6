#include "heed/trainers/profile/op_profile.h"

#include <algorithm>

namespace heed {

OpProfile::OpProfile(Context& context) : context_(context) {
    if (!context.device().shares_host_memory()) {
        waited_ = Tensor::zeros(context, {1});
        waited_at_ = waited_.raw();
    }
    context.set_observer(this);
}

std::vector<OpCost> OpProfile::costs() const {
    std::vector<OpCost> costs;
    for (const auto& [key, cost] : costs_) costs.push_back(cost);
    std::stable_sort(costs.begin(), costs.end(),
                     [](const OpCost& a, const OpCost& b) { return a.seconds > b.seconds; });
    return costs;
}

void OpProfile::wait() {
    if (!waited_at_) return;
    float value = 0.0f;
    context_.device().copy_to_host(&value, waited_at_, sizeof value);
}

void OpProfile::charge() {
    wait();
    const Clock::time_point now = Clock::now();
    if (!running_.empty()) running_.back().cost->seconds += std::chrono::duration<double>(now - mark_).count();
    mark_ = now;
}

void OpProfile::begins(const char* op, bool backward) {
    charge();
    OpCost& cost = costs_[{op, backward}];
    cost.op = op;
    cost.backward = backward;
    ++cost.calls;
    running_.push_back({&cost, touches_.size()});
}

void OpProfile::ends() {
    charge();
    const Running ended = running_.back();
    for (size_t i = ended.first_touch; i < touches_.size(); ++i) {
        ended.cost->bytes += static_cast<double>(touches_[i].bytes);
    }
    touches_.resize(ended.first_touch);
    running_.pop_back();
}

void OpProfile::multiplies(int64_t count) {
    if (!running_.empty()) running_.back().cost->multiplies += static_cast<double>(count);
}

void OpProfile::touches(const void* address, size_t bytes) {
    if (running_.empty()) return;
    const auto first = touches_.begin() + static_cast<std::ptrdiff_t>(running_.back().first_touch);
    const auto known = std::find_if(first, touches_.end(), [&](const Touch& each) { return each.address == address; });
    if (known == touches_.end()) {
        touches_.push_back({address, bytes});
    } else {
        known->bytes = std::max(known->bytes, bytes);
    }
}

}  // namespace heed
