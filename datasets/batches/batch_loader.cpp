#include "heed/datasets/batches/batch_loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "heed/core/error.h"

namespace heed {

namespace {

void check_plan(const ImageSplit& split, const BatchPlan& plan) {
    if (split.size() == 0) {
        throw UserError("expected at least one image to load, found an empty split");
    }
    const int64_t parts = plan.ranks * plan.micro_batches;
    if (plan.ranks < 1 || plan.micro_batches < 1 || plan.rank < 0 || plan.rank >= plan.ranks || plan.buffers < 2) {
        throw Error(fmt::format("batch plan out of range: rank {} of {}, {} micro-batches, {} buffers", plan.rank,
                                plan.ranks, plan.micro_batches, plan.buffers));
    }
    if (plan.batch < parts) {
        throw UserError(
            fmt::format("expected data.batch of at least {} (ranks times micro-batches, of train.exact_reduce), got {}",
                        parts, plan.batch));
    }
    const int64_t batches = batches_per_epoch(split.size(), plan.batch);
    if (plan.start.epoch < 0 || plan.start.batch < 0 || plan.start.batch > batches) {
        throw UserError(
            fmt::format("expected a start within the {} batches of an epoch, got batch {} of epoch {}; the "
                        "data or data.batch has changed",
                        batches, plan.start.batch, plan.start.epoch));
    }
}

}  // namespace

BatchLoader::BatchLoader(ImageSplit split, const Normalisation& normalisation, const BatchPlan& plan,
                         const AugmentOptions& augment)
    : split_(std::move(split)),
      plan_(plan),
      augment_(augment),
      augmentation_(augment, normalisation, split_.source->shape(), plan.seed),
      pixels_(static_cast<std::size_t>(split_.source->shape().pixels())),
      scratch_(static_cast<std::size_t>(split_.source->reading_threads())),
      readers_(split_.source->reading_threads()) {
    check_plan(split_, plan_);
    epoch_batches_ = batches_per_epoch(split_.size(), plan_.batch);
    const int64_t parts = plan_.ranks * plan_.micro_batches;
    const auto largest = static_cast<std::size_t>((std::min(plan_.batch, split_.size()) + parts - 1) / parts);
    for (Scratch& scratch : scratch_) {
        scratch.bytes.resize(pixels_);
    }
    ring_.resize(static_cast<std::size_t>(plan_.buffers));
    for (ImageBatch& batch : ring_) {
        batch.images.reserve(largest * pixels_);
        batch.labels.reserve(largest);
        batch.indices.reserve(largest);
        batch.partner_labels.reserve(largest);
    }
    thread_ = std::thread([this] { run(); });
}

BatchLoader::~BatchLoader() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

const ImageBatch* BatchLoader::next() {
    std::unique_lock lock(mutex_);
    if (holding_) {
        holding_ = false;
        ++released_;
        changed_.notify_all();
    }
    const auto available = [&] { return produced_ > released_ || ended_ || failure_ != nullptr; };
    if (!available()) {
        const auto start = std::chrono::steady_clock::now();
        changed_.wait(lock, available);
        waited_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    if (produced_ > released_) {
        holding_ = true;
        return &ring_[static_cast<std::size_t>(released_ % plan_.buffers)];
    }
    if (failure_ != nullptr) {
        std::rethrow_exception(failure_);
    }
    return nullptr;
}

void BatchLoader::run() {
    std::exception_ptr failure;
    try {
        produce();
    } catch (...) {
        failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    ended_ = true;
    changed_.notify_all();
}

void BatchLoader::produce() {
    for (BatchPosition position = plan_.start; position.epoch < plan_.end_epoch; ++position.epoch, position.batch = 0) {
        if (position.batch == epoch_batches_) {
            continue;
        }
        const std::vector<int64_t> order = epoch_order(plan_.shuffle, plan_.seed, position.epoch, split_.size());
        for (; position.batch < epoch_batches_; ++position.batch) {
            for (int64_t micro_batch = 0; micro_batch < plan_.micro_batches; ++micro_batch) {
                ImageBatch* batch = wait_for_free_buffer();
                if (batch == nullptr || !fill(*batch, order, position, micro_batch)) {
                    return;
                }
                const std::lock_guard lock(mutex_);
                ++produced_;
                changed_.notify_all();
            }
        }
    }
}

ImageBatch* BatchLoader::wait_for_free_buffer() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return produced_ - released_ < plan_.buffers || stop_; });
    return stop_ ? nullptr : &ring_[static_cast<std::size_t>(produced_ % plan_.buffers)];
}

/// False where the loader is to stop.
bool BatchLoader::fill(ImageBatch& batch, const std::vector<int64_t>& order, BatchPosition position,
                       int64_t micro_batch) {
    const PositionRange whole = batch_range(split_.size(), plan_.batch, position.batch);
    const PositionRange part =
        part_range(whole, plan_.ranks * plan_.micro_batches, plan_.rank * plan_.micro_batches + micro_batch);
    batch.position = position;
    batch.micro_batch = micro_batch;
    batch.first_sample = part.begin - whole.begin;
    batch.global_size = whole.size();
    batch.images.resize(static_cast<std::size_t>(part.size()) * pixels_);
    batch.labels.clear();
    batch.indices.clear();
    for (int64_t place = part.begin; place < part.end; ++place) {
        batch.indices.push_back(split_.indices[static_cast<std::size_t>(order[static_cast<std::size_t>(place)])]);
        batch.labels.push_back(split_.source->label(batch.indices.back()));
    }
    readers_.for_each(part.size(), [&](int64_t place, int64_t thread) {
        if (!stop_) {
            read(batch.indices[static_cast<std::size_t>(place)], position.epoch, thread, image(batch, place));
        }
    });
    mix(batch, order, whole,
        draw_batch_mix(augment_, split_.source->shape(), plan_.seed, position.epoch, position.batch));
    return !stop_;
}

void BatchLoader::read(int64_t index, int64_t epoch, int64_t thread, std::span<float> values) {
    augmentation_.read(*split_.source, index, epoch, scratch_[static_cast<std::size_t>(thread)].bytes, values);
}

std::span<float> BatchLoader::image(ImageBatch& batch, int64_t place) const {
    return std::span(batch.images).subspan(static_cast<std::size_t>(place) * pixels_, pixels_);
}

void BatchLoader::mix(ImageBatch& batch, const std::vector<int64_t>& order, PositionRange whole, const BatchMix& mix) {
    batch.own_share = mix.own_share;
    batch.partner_labels.clear();
    if (mix.kind == BatchMix::Kind::none) {
        return;
    }
    const auto partner_of = [&](int64_t place) { return BatchMix::partner(batch.first_sample + place, whole.size()); };
    const auto index_of = [&](int64_t partner) {
        return split_.indices[static_cast<std::size_t>(order[static_cast<std::size_t>(whole.begin + partner)])];
    };
    for (int64_t place = 0; place < batch.size(); ++place) {
        batch.partner_labels.push_back(split_.source->label(index_of(partner_of(place))));
    }
    const ImageShape& shape = split_.source->shape();
    readers_.for_each(batch.size(), [&](int64_t place, int64_t thread) {
        const int64_t here = partner_of(place) - batch.first_sample;
        if (stop_) {
            return;
        }
        if (here < 0 || here >= batch.size()) {  // in another micro-batch or on another rank: read once more
            std::vector<float>& partner = scratch_[static_cast<std::size_t>(thread)].partner;
            partner.resize(pixels_);
            read(index_of(partner_of(place)), batch.position.epoch, thread, partner);
            mix_into(mix, shape, image(batch, place), partner);
        } else if (place < here) {
            mix_pair(mix, shape, image(batch, place), image(batch, here));
        }
    });
}

}  // namespace heed
