#include "heed/datasets/images/sets/cifar.h"

#include <gtest/gtest.h>
#include <lzma.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "heed/core/error.h"
#include "heed/datasets/images/formats/cifar_images.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::cifar_test {
namespace {

namespace fs = std::filesystem;
using test::begins_with;
using test::Bytes;
using test::contains;
using test::message_of;

uint8_t pixel(int64_t record, int64_t i) {
    return static_cast<uint8_t>(record * 31 + i * 7 + i / 1024);
}

/// Records whose labels count up; `label_bytes` of 2 puts label / 5 in front.
Bytes records(int64_t count, int64_t label_bytes, int64_t classes, int64_t first = 0) {
    Bytes bytes;
    bytes.reserve(static_cast<std::size_t>(count * (label_bytes + 3072)));
    for (int64_t record = first; record < first + count; ++record) {
        const int64_t label = record % classes;
        if (label_bytes == 2) bytes.push_back(static_cast<uint8_t>(label / 5));
        bytes.push_back(static_cast<uint8_t>(label));
        for (int64_t i = 0; i < 3072; ++i) bytes.push_back(pixel(record, i));
    }
    return bytes;
}

Bytes xz_bytes(const Bytes& bytes) {
    Bytes packed(lzma_stream_buffer_bound(bytes.size()));
    std::size_t size = 0;
    EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, bytes.data(), bytes.size(), packed.data(), &size,
                                      packed.size()),
              LZMA_OK);
    packed.resize(size);
    return packed;
}

class Cifar : public testing::Test {
protected:
    std::string write(const std::string& name, const Bytes& bytes) {
        fs::create_directories(fs::path(folder_ / name).parent_path());
        test::write_bytes(folder_ / name, bytes);
        return folder_ / name;
    }

    ImageData open(const ImageDataSet& set, const std::map<std::string, std::string>& settings = {}) const {
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        options->root = folder_.path();
        for (const auto& [key, value] : settings) EXPECT_EQ(fields.find(key)->set_from_text(value), "") << key;
        return set.open(*options);
    }

    std::string refusal(const CifarFormat& format, const std::string& file, int64_t count) const {
        return message_of<UserError>([&] { open_cifar_images(format, {file}, count); });
    }

    test::TemporaryFolder folder_;
    CifarFormat ten_{1, 0, std::vector<std::string>(10, "x")};
};

TEST_F(Cifar, ReadsLabelsAndPlanesOfSeveralFiles) {
    const auto source =
        open_cifar_images(ten_, {write("a.bin", records(3, 1, 10)), write("b.bin", records(3, 1, 10, 3))}, 3);
    EXPECT_EQ(source->size(), 6);
    EXPECT_EQ(source->shape(), (ImageShape{3, 32, 32}));
    Bytes pixels(3072);
    for (int64_t record = 0; record < 6; ++record) {
        EXPECT_EQ(source->label(record), record);
        source->read_image(record, pixels);
        for (int64_t i = 0; i < 3072; ++i) ASSERT_EQ(pixels[static_cast<std::size_t>(i)], pixel(record, i));
    }
}

TEST_F(Cifar, ReadsGzipAndXzByTheirContent) {
    const Bytes plain = records(3, 1, 10);
    for (const Bytes& packed : {test::gzip_bytes(plain), xz_bytes(plain)}) {
        const auto source = open_cifar_images(ten_, {write("packed.bin", packed)}, 3);
        Bytes pixels(3072);
        source->read_image(2, pixels);
        EXPECT_EQ(pixels[100], pixel(2, 100));
    }
    Bytes two = xz_bytes(records(2, 1, 10));
    const Bytes more = xz_bytes(records(1, 1, 10, 2));
    two.insert(two.end(), more.begin(), more.end());
    EXPECT_EQ(open_cifar_images(ten_, {write("two.bin", two)}, 3)->label(2), 2);
}

TEST_F(Cifar, DamagedXzIsRefused) {
    const Bytes whole = xz_bytes(records(3, 1, 10));
    for (std::size_t size = 6; size < whole.size(); size += 97) {
        const std::string file =
            write("cut.xz", Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        EXPECT_TRUE(contains(refusal(ten_, file, 3), "expected intact xz data in '" + file + "'")) << size;
    }
    for (std::size_t place = 6; place < whole.size(); place += 61) {
        Bytes changed = whole;
        changed[place] ^= 0x20;
        const std::string file = write("changed.xz", changed);
        EXPECT_TRUE(contains(refusal(ten_, file, 3), "'" + file + "'")) << place;
    }
    Bytes tail = whole;
    tail.insert(tail.end(), {'x', 'y', 'z', 'x', 'y', 'z', 'x', 'y', 'z', 'x', 'y', 'z'});
    EXPECT_TRUE(contains(refusal(ten_, write("tail.xz", tail), 3), "tail.xz"));
}

TEST_F(Cifar, WrongSizesAndLabelsNameTheFile) {
    const std::string file = write("a.bin", records(3, 1, 10));
    EXPECT_EQ(refusal(ten_, file, 4), "expected 12292 bytes (4 records of 3073) in '" + file + "', found 9219");
    EXPECT_EQ(refusal(ten_, file, 2), "expected 6146 bytes (2 records of 3073) in '" + file + "', found more");
    Bytes cut = records(3, 1, 10);
    cut.pop_back();
    const std::string short_file = write("short.bin", cut);
    EXPECT_EQ(refusal(ten_, short_file, 0),
              "expected 1 to 50000 whole records of 3073 bytes in '" + short_file + "', found 9218 bytes");
    EXPECT_TRUE(contains(refusal(ten_, write("empty.bin", {}), 0), "found 0 bytes"));
    Bytes wrong = records(3, 1, 10);
    wrong[3073] = 10;
    const std::string wrong_file = write("wrong.bin", wrong);
    EXPECT_EQ(refusal(ten_, wrong_file, 3),
              "expected labels from 0 to 9 in '" + wrong_file + "', found 10 at record 1");
    EXPECT_TRUE(contains(refusal(ten_, folder_ / "none.bin", 3), "none.bin"));
}

TEST_F(Cifar, PartsOfCifar10AreTakenOnlyWhenAsked) {
    write("cifar-10-batches-bin/data_batch_1.bin", records(100, 1, 10));
    const std::string message = message_of<UserError>([&] { open(cifar10()); });
    EXPECT_TRUE(begins_with(message, "expected data_batch_2.bin, data_batch_2.bin.gz or data_batch_2.bin.xz in '"));
    EXPECT_TRUE(contains(message, "data.partial=true"));
    ImageData data = open(cifar10(), {{"partial", "true"}});
    EXPECT_EQ(data.class_names(), (std::vector<std::string>{"airplane", "automobile", "bird", "cat", "deer", "dog",
                                                            "frog", "horse", "ship", "truck"}));
    EXPECT_EQ(data.test.size(), 10);
    EXPECT_EQ(data.train.size() + data.validation.size(), 90);
    EXPECT_EQ(data.normalisation.mean, (std::vector<double>{0.4914, 0.4822, 0.4465}));
    write("cifar-10-batches-bin/test_batch.bin", records(30, 1, 10));
    write("cifar-10-batches-bin/data_batch_3.bin", records(50, 1, 10));
    data = open(cifar10(), {{"partial", "true"}, {"validation", "0"}});
    EXPECT_EQ(data.test.size(), 30);
    EXPECT_EQ(data.train.size(), 150);
}

TEST_F(Cifar, WholeCifar10) {
    const std::string first = write("data_batch_1.bin", records(10000, 1, 10));
    for (const char* name : {"data_batch_2", "data_batch_3", "data_batch_5", "test_batch"}) {
        fs::create_hard_link(first, folder_ / (std::string(name) + ".bin"));
    }
    fs::copy(first, folder_ / "data_batch_4.bin");
    ImageData data = open(cifar10());
    EXPECT_EQ(data.train.size(), 45000);
    EXPECT_EQ(data.test.size(), 10000);
    fs::resize_file(folder_ / "data_batch_4.bin", 30'729'999);
    EXPECT_EQ(
        message_of<UserError>([&] { open(cifar10()); }),
        "expected 30730000 bytes (10000 records of 3073) in '" + (folder_ / "data_batch_4.bin") + "', found 30729999");
}

TEST_F(Cifar, LabelsOfCifar100AreFineOrCoarse) {
    write("train.bin", records(200, 2, 100));
    write("test.bin", records(100, 2, 100));
    const ImageData fine = open(cifar100(), {{"partial", "true"}});
    EXPECT_EQ(fine.class_names().size(), 100U);
    EXPECT_EQ(fine.class_names()[99], "worm");
    EXPECT_EQ(fine.test.source->label(42), 42);
    const ImageData coarse = open(cifar100(), {{"partial", "true"}, {"labels", "coarse"}});
    EXPECT_EQ(coarse.class_names().size(), 20U);
    EXPECT_EQ(coarse.class_names()[14], "people");
    EXPECT_EQ(coarse.test.source->label(42), 8);
}

TEST_F(Cifar, ImagesAreResized) {
    write("train.bin", records(20, 2, 100));
    write("test.bin", records(10, 2, 100));
    const std::map<std::string, std::string> settings = {{"partial", "true"}, {"size", "72"}, {"labels", "coarse"}};
    const ImageData data = open(cifar100(), settings);
    EXPECT_EQ(data.shape(), (ImageShape{3, 72, 72}));
    Bytes pixels(3 * 72 * 72);
    data.train.source->read_image(3, pixels);
    EXPECT_EQ(pixels[0], pixel(3, 0));  // the corner is half a target pixel from the edge
    const auto options = cifar100().make_options();
    Fields fields;
    options->describe(fields);
    for (const auto& [key, value] : settings) fields.find(key)->set_from_text(value);
    const auto facts = cifar100().facts_with(*options);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->shape, data.shape());
    EXPECT_EQ(facts->classes, 20);
}

/// Skips where the environment variable HEED_DATA does not lead to the real files.
TEST(CifarRealData, Cifar100IsTheOfficialSet) {
    const ImageDataSet set = cifar100();
    const auto options = set.make_options();
    ImageData data;
    try {
        data = set.open(*options);
    } catch (const UserError& error) {
        GTEST_SKIP() << "CIFAR-100 is not on this machine";
    }
    EXPECT_EQ(data.train.source->size(), 50000);
    EXPECT_EQ(class_counts(data.test), std::vector<int64_t>(100, 100));
    double sum[3] = {0, 0, 0};
    Bytes pixels(3072);
    for (int64_t index = 0; index < 50000; ++index) {
        data.train.source->read_image(index, pixels);
        for (std::size_t i = 0; i < 3072; ++i) sum[i / 1024] += pixels[i];
    }
    constexpr double mean[3] = {0.50707516, 0.48654887, 0.44091784};  // as others publish it
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(sum[c] / 255 / 1024 / 50000, mean[c], 1e-7);
}

}  // namespace
}  // namespace heed::cifar_test
