#include "heed/datasets/images/sets/fashion_mnist.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/datasets/images/sets/registry.h"

namespace heed::fashion_mnist_test {
namespace {

TEST(FashionMnist, OfficialFilesAreReadWhole) {
    const char* folder = "/usr/share/datasets/fashion-mnist";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
    }
    const ImageDataSet& set = image_data_set("fashion_mnist");
    const auto options = set.make_options();
    options->root = folder;
    const ImageData data = set.open(*options);
    EXPECT_EQ(data.train.source->size(), set.facts->train_images);
    EXPECT_EQ(data.test.source->size(), set.facts->test_images);
    EXPECT_EQ(data.shape(), set.facts->shape);
    EXPECT_EQ(data.train.source->classes(), set.facts->classes);
    EXPECT_EQ(data.train.size(), 54000);
    EXPECT_EQ(data.validation.size(), 6000);
    std::vector<int64_t> counts = class_counts(data.train);
    const std::vector<int64_t> validation = class_counts(data.validation);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        EXPECT_EQ(counts[i] + validation[i], 6000);
    }
    EXPECT_EQ(class_counts(data.test), std::vector<int64_t>(10, 1000));
    EXPECT_EQ(data.class_names()[static_cast<std::size_t>(data.train.source->label(0))], "Ankle boot");

    // The default normalisation is that of the training set.
    double sum = 0;
    double squares = 0;
    std::vector<uint8_t> pixels(28 * 28);
    for (int64_t index = 0; index < data.train.source->size(); ++index) {
        data.train.source->read_image(index, pixels);
        for (const uint8_t byte : pixels) {
            sum += byte / 255.0;
            squares += byte / 255.0 * (byte / 255.0);
        }
    }
    const double count = 60000.0 * 28 * 28;
    const double mean = sum / count;
    EXPECT_NEAR(mean, options->mean[0], 1e-4);
    EXPECT_NEAR(std::sqrt(squares / count - mean * mean), options->deviation[0], 1e-4);
}

}  // namespace
}  // namespace heed::fashion_mnist_test
