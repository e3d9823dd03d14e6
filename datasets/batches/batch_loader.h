#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "heed/datasets/batches/batch_order.h"
#include "heed/datasets/files/reading_threads.h"
#include "heed/datasets/images/augmentation/augmentation.h"
#include "heed/datasets/images/augmentation/batch_mix.h"
#include "heed/datasets/images/image_data.h"

namespace heed {

/// Place in the stream of optimizer batches: batch number `batch` (from 0) of epoch `epoch` (from 0).
struct BatchPosition {
    int64_t epoch = 0;
    int64_t batch = 0;
    bool operator==(const BatchPosition&) const = default;
};

/// What a BatchLoader delivers.
struct BatchPlan {
    int64_t batch = 128;       ///< samples in an optimizer batch, over all ranks and micro-batches
    bool shuffle = false;      ///< else the order of the split
    uint64_t seed = 0;         ///< of the order and of the augmentation
    BatchPosition start = {};  ///< where to begin; `batch` may be one past the last
    int64_t end_epoch = std::numeric_limits<int64_t>::max();  ///< first epoch that is not delivered
    int64_t micro_batches = 1;  ///< parts of an optimizer batch that one rank takes one after the other
    int64_t rank = 0;
    int64_t ranks = 1;
    int64_t buffers = 3;  ///< micro-batches in memory, the one in use included (2 or more)
};

/// One micro-batch of one rank: samples `first_sample` .. `first_sample + size() - 1` of the optimizer batch
/// `position`.
struct ImageBatch {
    std::vector<float> images;     ///< normalised, [size, C, H, W]
    std::vector<int32_t> labels;   ///< [size]
    std::vector<int64_t> indices;  ///< [size], positions in the split's source
    BatchPosition position;
    int64_t micro_batch = 0;
    int64_t first_sample = 0;
    int64_t global_size = 0;  ///< samples in the whole optimizer batch

    /// Where images are mixed (mixup, cutmix): the labels of the other images, [size], and the weight of `labels`
    /// beside theirs. Else empty and 1.
    std::vector<int32_t> partner_labels;
    float own_share = 1;

    /// 0 is possible where the last optimizer batch of an epoch has fewer samples than there are ranks and
    /// micro-batches.
    int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

/// Prepares the next batches in a thread of its own (and more, where the source asks for it) while the current one is
/// used. What it delivers is a pure function
/// of the split, the plan and the augmentation: it can start at any position without replaying, and the parts of all
/// ranks and micro-batches tile each optimizer batch. The last, smaller batch of an epoch is delivered too. Batches
/// live in buffers that are used again: after the first round nothing is allocated but the order of a new epoch.
class BatchLoader {
public:
    /// UserError where the split is empty, the start lies outside of an epoch, or `batch` has fewer samples than parts.
    BatchLoader(ImageSplit split, const Normalisation& normalisation, const BatchPlan& plan,
                const AugmentOptions& augment = {});

    /// Stops at once, whatever the thread is doing between two images.
    ~BatchLoader();

    BatchLoader(const BatchLoader&) = delete;
    BatchLoader& operator=(const BatchLoader&) = delete;

    /// The next micro-batch, which stays valid until the next call; null after the last of epoch `end_epoch - 1`. What
    /// the source throws comes out here, in its place in the order, now and at every later call.
    const ImageBatch* next();

    /// Optimizer batches in an epoch.
    int64_t epoch_batches() const { return epoch_batches_; }

    /// Samples in an epoch, over all ranks.
    int64_t samples() const { return split_.size(); }

    /// Seconds that `next` has waited for the thread so far (the `data_wait` of a run).
    double waited_seconds() const { return waited_seconds_; }

private:
    void run();
    void produce();
    ImageBatch* wait_for_free_buffer();
    bool fill(ImageBatch& batch, const std::vector<int64_t>& order, BatchPosition position, int64_t micro_batch);
    void read(int64_t index, int64_t epoch, int64_t thread, std::span<float> values);
    std::span<float> image(ImageBatch& batch, int64_t place) const;
    void mix(ImageBatch& batch, const std::vector<int64_t>& order, PositionRange whole, const BatchMix& mix);

    ImageSplit split_;
    BatchPlan plan_;
    AugmentOptions augment_;
    Augmentation augmentation_;
    int64_t epoch_batches_ = 0;
    double waited_seconds_ = 0;
    std::size_t pixels_ = 0;  // of an image

    /// What a reading thread needs for itself.
    struct Scratch {
        std::vector<uint8_t> bytes;
        std::vector<float> partner;
    };
    std::vector<Scratch> scratch_;
    ReadingThreads readers_;

    // The ring: the thread writes buffer produced_ % size, the caller holds buffer released_ % size while holding_.
    std::vector<ImageBatch> ring_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int64_t produced_ = 0;
    int64_t released_ = 0;
    bool holding_ = false;
    bool ended_ = false;
    std::atomic<bool> stop_ = false;
    std::exception_ptr failure_;

    std::thread thread_;  // last, so that all else is ready when it starts
};

}  // namespace heed
