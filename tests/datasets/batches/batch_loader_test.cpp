#include "heed/datasets/batches/batch_loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "heed/core/error.h"
#include "heed/datasets/batches/batch_order.h"
#include "heed/tests/support/message_of.h"

namespace heed::batch_loader_test {
namespace {

using std::chrono::milliseconds;
using test::message_of;

/// Image i is 1x1x2 with the bytes i and 255 - i, and has the label i % 3. May be slow, and damaged from one image on.
class CountedImages final : public ImageSource {
public:
    explicit CountedImages(int64_t size) : size_(size) {}

    int64_t size() const override { return size_; }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return class_names_; }
    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        ++reads;
        if (delay.count() > 0) {
            std::this_thread::sleep_for(delay);
        }
        if (index == damaged) {
            throw UserError("image " + std::to_string(index) + " is damaged");
        }
        pixels[0] = static_cast<uint8_t>(index);
        pixels[1] = static_cast<uint8_t>(255 - index);
    }
    int32_t label(int64_t index) const override { return static_cast<int32_t>(index % 3); }

    mutable std::atomic<int64_t> reads = 0;
    int64_t damaged = -1;
    milliseconds delay{0};

private:
    int64_t size_;
    ImageShape shape_{1, 1, 2};
    std::vector<std::string> class_names_ = {"a", "b", "c"};
};

const Normalisation plain{{0.0}, {1.0}};

/// Every image of the source but the first two.
ImageSplit split_of(std::shared_ptr<const ImageSource> source) {
    ImageSplit split{std::move(source), {}};
    split.indices.resize(static_cast<std::size_t>(split.source->size() - 2));
    std::iota(split.indices.begin(), split.indices.end(), int64_t{2});
    return split;
}

ImageSplit split_of_size(int64_t size) {
    return split_of(std::make_shared<CountedImages>(size + 2));
}

using Record = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t>;  // epoch, batch, place in batch, index, label

/// The records of one micro-batch; checks that its images are those of its indices.
std::vector<Record> records(const ImageBatch& batch) {
    std::vector<Record> result;
    EXPECT_EQ(batch.images.size(), batch.labels.size() * 2);
    EXPECT_EQ(batch.indices.size(), batch.labels.size());
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
        EXPECT_EQ(batch.images[2 * i], static_cast<float>(batch.indices[i]) / 255.0F);
        EXPECT_EQ(batch.images[2 * i + 1], static_cast<float>(255 - batch.indices[i]) / 255.0F);
        result.emplace_back(batch.position.epoch, batch.position.batch, batch.first_sample + static_cast<int64_t>(i),
                            batch.indices[i], batch.labels[i]);
    }
    return result;
}

std::vector<Record> all_records(BatchLoader& loader) {
    std::vector<Record> result;
    while (const ImageBatch* batch = loader.next()) {
        const std::vector<Record> some = records(*batch);
        result.insert(result.end(), some.begin(), some.end());
    }
    return result;
}

/// What a loader must deliver, from the definition.
std::vector<Record> expected_records(const ImageSplit& split, const BatchPlan& plan) {
    std::vector<Record> result;
    for (int64_t epoch = 0; epoch < plan.end_epoch; ++epoch) {
        const std::vector<int64_t> order = epoch_order(plan.shuffle, plan.seed, epoch, split.size());
        for (int64_t place = 0; place < split.size(); ++place) {
            const int64_t index = split.indices[static_cast<std::size_t>(order[static_cast<std::size_t>(place)])];
            result.emplace_back(epoch, place / plan.batch, place % plan.batch, index, index % 3);
        }
    }
    return result;
}

TEST(BatchLoader, SequentialOrderWithSmallerLastBatch) {
    BatchLoader loader(split_of_size(10), plain, {.batch = 4, .end_epoch = 1});
    EXPECT_EQ(loader.epoch_batches(), 3);
    EXPECT_EQ(loader.samples(), 10);
    for (const auto& [position, indices] :
         std::vector<std::pair<int64_t, std::vector<int64_t>>>{{0, {2, 3, 4, 5}}, {1, {6, 7, 8, 9}}, {2, {10, 11}}}) {
        const ImageBatch* batch = loader.next();
        ASSERT_NE(batch, nullptr);
        EXPECT_EQ(batch->position, (BatchPosition{0, position}));
        EXPECT_EQ(batch->indices, indices);
        EXPECT_EQ(batch->global_size, static_cast<int64_t>(indices.size()));
        EXPECT_EQ(batch->first_sample, 0);
        records(*batch);
    }
    EXPECT_EQ(loader.next(), nullptr);
    EXPECT_EQ(loader.next(), nullptr);
}

TEST(BatchLoader, OrderIsThePureFunctionOfSeedAndEpoch) {
    const ImageSplit split = split_of_size(101);
    const BatchPlan plan{.batch = 8, .shuffle = true, .seed = 42, .end_epoch = 3};
    BatchLoader loader(split, plain, plan);
    EXPECT_EQ(all_records(loader), expected_records(split, plan));
}

TEST(BatchLoader, StartsAnywhereWithoutReplaying) {
    const auto source = std::make_shared<CountedImages>(32);
    const ImageSplit split = split_of(source);
    const BatchPlan whole{.batch = 8, .shuffle = true, .seed = 9, .end_epoch = 3};
    const std::vector<Record> expected = expected_records(split, whole);
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
        for (int64_t batch = 0; batch <= 4; ++batch) {
            BatchPlan plan = whole;
            plan.start = {epoch, batch};
            source->reads = 0;
            BatchLoader loader(split, plain, plan);
            const auto skipped = epoch * 30 + std::min<int64_t>(30, batch * 8);
            EXPECT_EQ(all_records(loader), std::vector<Record>(expected.begin() + skipped, expected.end()));
            EXPECT_EQ(source->reads, 90 - skipped);
        }
    }
}

TEST(BatchLoader, RanksAndMicroBatchesTileTheOptimizerBatch) {
    const ImageSplit split = split_of_size(53);
    const BatchPlan whole{.batch = 12, .shuffle = true, .seed = 1, .end_epoch = 2};
    std::vector<Record> expected = expected_records(split, whole);
    for (const auto& [ranks, micro_batches] : {std::pair{1, 3}, std::pair{2, 1}, std::pair{2, 3}, std::pair{3, 4}}) {
        std::vector<Record> got;
        for (int64_t rank = 0; rank < ranks; ++rank) {
            BatchPlan plan = whole;
            plan.ranks = ranks;
            plan.rank = rank;
            plan.micro_batches = micro_batches;
            BatchLoader loader(split, plain, plan);
            int64_t count = 0;
            while (const ImageBatch* batch = loader.next()) {
                EXPECT_EQ(batch->micro_batch, count % micro_batches);
                EXPECT_EQ(batch->position, (BatchPosition{count / micro_batches / 5, count / micro_batches % 5}));
                EXPECT_EQ(batch->global_size, batch->position.batch == 4 ? 5 : 12);
                if (batch->global_size == 12) {
                    EXPECT_EQ(batch->size(), 12 / (ranks * micro_batches));
                }
                const std::vector<Record> some = records(*batch);
                got.insert(got.end(), some.begin(), some.end());
                ++count;
            }
            EXPECT_EQ(count, 2 * 5 * micro_batches) << "every rank sees every micro-batch, empty ones too";
        }
        std::sort(got.begin(), got.end());
        EXPECT_EQ(got, expected) << ranks << " ranks, " << micro_batches << " micro-batches";
    }
}

TEST(BatchLoader, BuffersAreUsedAgainAndNeverUnderTheCaller) {
    BatchLoader loader(split_of_size(64), plain, {.batch = 4, .shuffle = true, .seed = 3, .end_epoch = 4});
    std::set<const float*> buffers;
    while (const ImageBatch* batch = loader.next()) {
        buffers.insert(batch->images.data());
        const std::vector<Record> before = records(*batch);
        std::this_thread::sleep_for(milliseconds(1));
        EXPECT_EQ(records(*batch), before);
    }
    EXPECT_EQ(buffers.size(), 3U);
}

TEST(BatchLoader, RunsAheadNoFurtherThanItsBuffers) {
    const auto source = std::make_shared<CountedImages>(1000);
    BatchLoader loader(split_of(source), plain, {.batch = 2, .buffers = 4});
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_LE(source->reads, 8);
    loader.next();
    loader.next();
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_LE(source->reads, 10);
}

TEST(BatchLoader, GoesOnOverEpochsWithoutEnd) {
    BatchLoader loader(split_of_size(3), plain, {.batch = 2, .shuffle = true});
    const ImageBatch* batch = nullptr;
    for (int i = 0; i < 101; ++i) {
        batch = loader.next();
    }
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->position, (BatchPosition{50, 0}));
}

TEST(BatchLoader, StopsAtAnyMoment) {
    for (int taken = 0; taken < 6; ++taken) {
        for (const int delay : {0, 1}) {
            const auto source = std::make_shared<CountedImages>(60);
            source->delay = milliseconds(delay);
            BatchLoader loader(split_of(source), plain, {.batch = 5});
            for (int i = 0; i < taken; ++i) {
                loader.next();
            }
        }
    }
}

TEST(BatchLoader, StopsBetweenTwoImagesOfALongBatch) {
    const auto source = std::make_shared<CountedImages>(100'000);
    source->delay = milliseconds(1);
    { const BatchLoader loader(split_of(source), plain, {.batch = 50'000}); }
    EXPECT_LT(source->reads, 10'000);
}

TEST(BatchLoader, ErrorOfTheSourceComesOutInItsPlaceAndStays) {
    const auto source = std::make_shared<CountedImages>(20);
    source->damaged = 9;
    BatchLoader loader(split_of(source), plain, {.batch = 3});
    for (int i = 0; i < 2; ++i) {
        const ImageBatch* batch = loader.next();
        ASSERT_NE(batch, nullptr);
        EXPECT_EQ(batch->position.batch, i);
    }
    EXPECT_EQ(message_of<UserError>([&] { loader.next(); }), "image 9 is damaged");
    EXPECT_EQ(message_of<UserError>([&] { loader.next(); }), "image 9 is damaged");
}

TEST(BatchLoader, MeasuresTheTimeThatTheCallerWaits) {
    const auto source = std::make_shared<CountedImages>(4);
    source->delay = milliseconds(100);
    BatchLoader loader(split_of(source), plain, {.batch = 2, .end_epoch = 1});
    EXPECT_EQ(loader.waited_seconds(), 0);
    loader.next();
    EXPECT_GT(loader.waited_seconds(), 0);
    EXPECT_LT(loader.waited_seconds(), 30);
}

TEST(BatchLoader, RefusesPlansThatCannotBe) {
    const ImageSplit split = split_of_size(10);
    const auto refusal = [&](const BatchPlan& plan) {
        return message_of<UserError>([&] { BatchLoader(split, plain, plan); });
    };
    EXPECT_EQ(message_of<UserError>([&] {
                  BatchLoader({split.source, {}}, plain, {});
              }),
              "expected at least one image to load, found an empty split");
    EXPECT_EQ(refusal({.batch = 3, .micro_batches = 2, .ranks = 2}),
              "expected data.batch of at least 4 (ranks times micro-batches, of train.exact_reduce), got 3");
    EXPECT_EQ(refusal({.batch = 4, .start = {1, 4}}),
              "expected a start within the 3 batches of an epoch, got batch 4 of epoch 1; the data or data.batch has "
              "changed");
    EXPECT_EQ(message_of<Error>([&] { BatchLoader(split, plain, {.rank = 2, .ranks = 2}); }),
              "batch plan out of range: rank 2 of 2, 1 micro-batches, 3 buffers");
}

}  // namespace
}  // namespace heed::batch_loader_test
