#include "heed/trainers/ranks/gradient_exchange.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "heed/core/kernels/accumulate.h"

namespace heed {

namespace {

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Tensor view_of(const Tensor& buffer, const GroupRange& range) {
    return buffer.view(range.begin, {range.size()});
}

}  // namespace

GradientExchange::GradientExchange(ParameterStore& store, Communicator& ranks, int64_t micro_batches, bool exact,
                                   bool scatters, int64_t bucket_bytes)
    : store_(store), ranks_(ranks), micro_batches_(micro_batches), exact_(exact), scatters_(scatters) {
    lay_out(bucket_bytes);
    const int levels = exact ? std::countr_zero(static_cast<uint64_t>(micro_batches)) : 0;
    earlier_.resize(static_cast<size_t>(levels));
    for (std::vector<Tensor>& level : earlier_) {
        for (const ParameterGroup& group : store.groups()) {
            level.push_back(group.trainable ? Tensor::zeros(store.context(), group.gradients.shape()) : Tensor());
        }
    }
}

void GradientExchange::lay_out(int64_t bucket_bytes) {
    std::unordered_map<const Parameter*, size_t> places;
    for (size_t place = 0; place < store_.parameters().size(); ++place) places[store_.parameters()[place]] = place;
    for (size_t index = 0; index < store_.groups().size(); ++index) {
        const ParameterGroup& group = store_.groups()[index];
        if (!group.trainable || group.gradients.elements() == 0) continue;
        Bucket bucket;
        bucket.range = {index, 0, 0};
        for (size_t i = 0; i < group.parameters.size(); ++i) {
            const bool is_last = i + 1 == group.parameters.size();
            const size_t place = places.at(group.parameters[i]);
            bucket.first_parameter = bucket.parameters == 0 ? place : std::min(bucket.first_parameter, place);
            ++bucket.parameters;
            bucket.range.end = is_last ? group.gradients.elements() : group.offsets[i + 1];
            if (!is_last && bucket.range.size() * static_cast<int64_t>(sizeof(float)) < bucket_bytes) continue;
            buckets_.push_back(bucket);
            bucket = Bucket();
            bucket.range = {index, buckets_.back().range.end, buckets_.back().range.end};
        }
    }
    std::stable_sort(buckets_.begin(), buckets_.end(),
                     [](const Bucket& a, const Bucket& b) { return a.first_parameter > b.first_parameter; });
    for (size_t number = 0; number < buckets_.size(); ++number) {
        const GroupRange& range = buckets_[number].range;
        const ParameterGroup& group = store_.groups()[range.group];
        for (size_t i = 0; i < group.parameters.size(); ++i) {
            const bool inside = group.offsets[i] >= range.begin && group.offsets[i] < range.end;
            if (inside) bucket_of_[&group.parameters[i]->gradient_slot()] = number;
        }
        const RankPart part =
            scatters_ ? rank_part(range.size(), ranks_.size(), ranks_.rank()) : RankPart{0, range.size()};
        owned_.push_back({range.group, range.begin + part.begin, range.begin + part.end});
    }
}

double GradientExchange::seconds() const {
    return seconds_now() - began_;
}

void GradientExchange::begin_step() {
    store_.begin_step();
    began_ = seconds_now();
    next_bucket_ = 0;
    times_.buckets.clear();
}

void GradientExchange::begin_micro_batch(int64_t number) {
    if (exact_ && number > 0) store_.begin_step();  // a sum of its own
    for (Bucket& bucket : buckets_) bucket.waits_for = bucket.parameters;
}

GradientListener* GradientExchange::listener(int64_t number) {
    return number + 1 == micro_batches_ && ranks_.size() > 1 ? this : nullptr;
}

void GradientExchange::end_micro_batch(int64_t number) {
    if (number + 1 == micro_batches_) {
        times_.backward_ended = seconds();
        return;
    }
    if (!exact_) return;
    store_.finish_gradients();
    keep(number);
}

/// Adds what waits for the gradients of a micro-batch, as the ones in its binary number say: sums of fewer first.
void GradientExchange::add_earlier(const GroupRange& range, int64_t number) {
    for (size_t level = 0; level < earlier_.size() && (number >> level) % 2 == 1; ++level) {
        Tensor sum = view_of(store_.groups()[range.group].gradients, range);
        accumulate(sum, view_of(earlier_[level][range.group], range));
    }
}

void GradientExchange::keep(int64_t number) {
    for (const Bucket& bucket : buckets_) add_earlier(bucket.range, number);
    const auto level = static_cast<size_t>(std::countr_one(static_cast<uint64_t>(number)));
    for (size_t group = 0; group < earlier_[level].size(); ++group) {
        if (earlier_[level][group].defined()) earlier_[level][group].copy_from(store_.groups()[group].gradients);
    }
}

void GradientExchange::gradient_is_final(GradientSlot& slot) {
    if (!slot.defined()) slot.target().tensor.fill_zero();
    --buckets_[bucket_of_.at(&slot)].waits_for;
    start_ready_buckets();
    ranks_.progress();
    note_sums();
}

void GradientExchange::note_sums() {
    for (size_t i = 0; i < under_way_.size(); ++i) {
        if (times_.buckets[i].summed == 0.0 && under_way_[i].complete()) times_.buckets[i].summed = seconds();
    }
}

void GradientExchange::start_ready_buckets() {
    for (; next_bucket_ < buckets_.size() && buckets_[next_bucket_].waits_for == 0; ++next_bucket_) {
        const GroupRange& range = buckets_[next_bucket_].range;
        if (exact_) add_earlier(range, micro_batches_ - 1);
        if (ranks_.size() == 1) continue;
        times_.buckets.push_back({range.size() * static_cast<int64_t>(sizeof(float)), seconds(), 0.0});
        const Tensor gradients = view_of(store_.groups()[range.group].gradients, range);
        under_way_.push_back(scatters_ ? ranks_.reduce_scatter_sum(gradients, "the gradients")
                                       : ranks_.all_reduce_sum(gradients, "the gradients"));
    }
}

void GradientExchange::send_rest() {
    store_.finish_gradients();
    for (Bucket& bucket : buckets_) bucket.waits_for = 0;
    start_ready_buckets();
}

void GradientExchange::finish() {
    for (Communication& each : under_way_) {
        each.wait();
        note_sums();
    }
    under_way_.clear();
    times_.ended = seconds();
}

void GradientExchange::gather_owned(const std::vector<Tensor>& buffers, const char* what) {
    std::vector<Communication> gathered;
    for (const Bucket& bucket : buckets_) {
        const Tensor& buffer = buffers[bucket.range.group];
        if (buffer.defined()) gathered.push_back(ranks_.all_gather(view_of(buffer, bucket.range), what));
    }
    for (Communication& each : gathered) each.wait();
}

}  // namespace heed
