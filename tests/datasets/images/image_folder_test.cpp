// ctest: processors 2
#include "heed/datasets/images/sets/image_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "heed/core/error.h"
#include "heed/datasets/batches/batch_loader.h"
#include "heed/datasets/images/image_key.h"
#include "heed/tests/datasets/images/image_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"

namespace heed::image_folder_test {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::message_of;

class ImageFolder : public testing::Test {
protected:
    /// Folders of so many small images; sizes differ from class to class.
    void write(const std::string& place, const std::vector<std::pair<std::string, int64_t>>& classes) {
        int64_t number = 0;
        for (const auto& [name, count] : classes) {
            test::write_jpegs(folder_ / (place + name), count, {3, 20 + number % 5, 24}, number);
            number += count;
        }
    }

    ImageData open(const std::map<std::string, std::string>& settings = {}) const {
        const ImageDataSet set = image_folder();
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        options->root = folder_ / "root";
        fields.find("size")->set_from_text("16");
        for (const auto& [key, value] : settings) {
            EXPECT_EQ(fields.find(key)->set_from_text(value), "") << key;
        }
        return set.open(*options);
    }

    std::string refusal(const std::map<std::string, std::string>& settings = {}) const {
        return message_of<UserError>([&] { open(settings); });
    }

    std::string place(const std::string& name) const { return folder_ / ("root" + name); }

    test::TemporaryFolder folder_;
};

/// What a loader delivers in two epochs.
std::vector<float> delivered(const ImageSplit& split, const Normalisation& normalisation,
                             const AugmentOptions& augment) {
    BatchLoader loader(split, normalisation, {.batch = 7, .shuffle = true, .seed = 3, .end_epoch = 2}, augment);
    std::vector<float> values;
    while (const ImageBatch* batch = loader.next()) {
        values.insert(values.end(), batch->images.begin(), batch->images.end());
        values.insert(values.end(), batch->labels.begin(), batch->labels.end());
    }
    return values;
}

TEST_F(ImageFolder, ClassesAreTheSortedSubfolders) {
    write("root/train/", {{"zebra", 4}, {"Ant", 6}, {"bee", 10}});
    write("root/test/", {{"bee", 2}, {"zebra", 3}});
    const ImageData data = open();
    EXPECT_EQ(data.class_names(), (std::vector<std::string>{"Ant", "bee", "zebra"}));
    EXPECT_EQ(data.test.source->class_names(), data.class_names());
    EXPECT_EQ(data.train.size() + data.validation.size(), 20);
    EXPECT_GE(data.validation.size(), 1);
    EXPECT_LE(data.validation.size(), 6);
    EXPECT_EQ(data.shape(), (ImageShape{3, 16, 16}));
    EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{0, 2, 3}));
    EXPECT_EQ(class_counts({data.train.source, {0, 5, 6, 15, 16, 19}}), (std::vector<int64_t>{2, 2, 2}));
    EXPECT_EQ(open({{"grey", "true"}}).shape(), (ImageShape{1, 16, 16}));
}

TEST_F(ImageFolder, ValTestsAloneAndValidatesBesideTest) {
    write("root/train/", {{"a", 10}, {"b", 10}});
    write("root/val/", {{"a", 3}});
    EXPECT_EQ(open().test.size(), 3);
    EXPECT_GE(open().validation.size(), 1);
    write("root/test/", {{"b", 4}});
    const ImageData data = open();
    EXPECT_EQ(data.train.size(), 20);
    EXPECT_EQ(class_counts(data.validation), (std::vector<int64_t>{3, 0}));
    EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{0, 4}));
}

/// The files of a split.
std::set<std::string> files_of(const ImageSplit& split) {
    std::set<std::string> names;
    for (const int64_t index : split.indices) names.emplace(split.source->file_name(index));
    return names;
}

TEST_F(ImageFolder, WithoutTrainAShareTests) {
    write("root/", {{"a", 150}, {"b", 150}});
    const ImageData data = open({{"test", "0.25"}, {"validation", "0.1"}});
    // about the shares: images come in groups of equal ones
    EXPECT_NEAR(static_cast<double>(data.test.size()), 75, 45);
    EXPECT_NEAR(static_cast<double>(data.validation.size()), 22, 20);
    EXPECT_EQ(data.train.size() + data.validation.size() + data.test.size(), 300);
    EXPECT_EQ(delivered(open().test, {}, {}), delivered(open().test, {}, {})) << "the same split each time";
    std::map<uint64_t, std::set<int>> sides;
    int side = 0;
    for (const ImageSplit* split : {&data.train, &data.validation, &data.test}) {
        for (const uint64_t key : content_keys(*split)) sides[key].insert(side);
        ++side;
    }
    EXPECT_GT(sides.size(), 20U);
    EXPECT_LT(sides.size(), 300U) << "there are equal images";
    for (const auto& [key, of_key] : sides) EXPECT_EQ(of_key.size(), 1U) << "equal images are on one side";
    EXPECT_TRUE(data.remarks.empty());
}

TEST_F(ImageFolder, OtherFilesChangeNoSide) {
    write("root/", {{"a", 30}, {"b", 29}});
    const ImageData before = open();
    fs::rename(place("/a/7.jpg"), place("/a/00.jpg"));
    test::write_jpegs(place("/c"), 25, {3, 33, 24}, 0);
    const ImageData after = open();
    const auto renamed = [](std::set<std::string> names) {
        if (names.erase("a/7.jpg") > 0) names.insert("a/00.jpg");
        return names;
    };
    for (const auto& [old_split, new_split] : {std::pair{&before.train, &after.train},
                                               {&before.validation, &after.validation},
                                               {&before.test, &after.test}}) {
        const std::set<std::string> old_files = renamed(files_of(*old_split)), new_files = files_of(*new_split);
        EXPECT_TRUE(std::includes(new_files.begin(), new_files.end(), old_files.begin(), old_files.end()));
    }
}

TEST_F(ImageFolder, FingerprintsFollowNamesContentAndSplit) {
    write("root/train/", {{"a", 20}, {"b", 20}});
    write("root/val/", {{"a", 3}, {"b", 3}});
    write("root/test/", {{"a", 3}, {"b", 3}});
    std::set<std::string> trained, validated, tested;
    const auto look = [&](const std::map<std::string, std::string>& settings = {}) {
        const ImageData data = open(settings);
        trained.insert(fingerprint(data.train));
        validated.insert(fingerprint(data.validation));
        tested.insert(fingerprint(data.test));
    };
    look();
    look({{"size", "24"}, {"workers", "3"}});
    EXPECT_EQ(trained.size(), 1U);
    EXPECT_EQ(validated.size(), 1U);
    EXPECT_EQ(tested.size(), 1U);
    fs::rename(place("/train/b/3.jpg"), place("/train/b/333.jpg"));
    look();
    EXPECT_EQ(trained.size(), 2U);
    test::write_bytes(place("/train/b/333.jpg"), test::jpeg_bytes({3, 20, 24}, test::smooth_pixels({3, 20, 24}, 29)));
    look();
    EXPECT_EQ(trained.size(), 3U);
    look({{"limit", "30"}});
    EXPECT_EQ(trained.size(), 4U);
    EXPECT_EQ(tested.size(), 1U);
    fs::rename(place("/test/b/1.jpg"), place("/test/a/1_.jpg"));
    look();
    EXPECT_EQ(tested.size(), 2U);
    EXPECT_EQ(validated.size(), 1U);
    fs::remove(place("/val/b/1.jpg"));
    look();
    EXPECT_EQ(validated.size(), 2U);
    EXPECT_EQ(tested.size(), 2U);
    EXPECT_EQ(trained.size(), 4U);
}

TEST_F(ImageFolder, ImagesInTwoSplitsAreCounted) {
    write("root/train/", {{"a", 20}, {"b", 20}});
    test::write_jpegs(place("/test/a"), 3, {3, 50, 24}, 0);
    EXPECT_TRUE(open().remarks.empty());
    fs::copy(place("/train/b/4.jpg"), place("/test/a/copy.jpg"));
    const std::vector<std::string> remarks = open({{"validation", "0"}}).remarks;
    ASSERT_EQ(remarks.size(), 1U);
    EXPECT_TRUE(contains(remarks[0], "1 of the 4 test images stands among the training images as well"));
}

TEST_F(ImageFolder, ALimitKeepsAFixedPartOfTheTrainingImages) {
    write("root/", {{"a", 30}, {"b", 30}});
    const ImageData all = open();
    const ImageData few = open({{"limit", "12"}}), more = open({{"limit", "20"}});
    EXPECT_EQ(few.train.size(), 12);
    EXPECT_EQ(few.test.size(), all.test.size());
    EXPECT_EQ(few.validation.size(), all.validation.size());
    const std::set<std::string> few_files = files_of(few.train), more_files = files_of(more.train),
                                all_files = files_of(all.train);
    EXPECT_TRUE(std::includes(more_files.begin(), more_files.end(), few_files.begin(), few_files.end()));
    EXPECT_TRUE(std::includes(all_files.begin(), all_files.end(), more_files.begin(), more_files.end()));
    EXPECT_GT(class_counts(few.train)[0], 0) << "not the first of the list";
    EXPECT_GT(class_counts(few.train)[1], 0);
    EXPECT_NE(files_of(open({{"limit", "12"}, {"split_seed", "1"}, {"validation", "0"}}).train),
              files_of(open({{"limit", "12"}, {"split_seed", "2"}, {"validation", "0"}}).train));
    EXPECT_EQ(open({{"limit", "1000"}}).train.size(), all.train.size());
}

TEST_F(ImageFolder, DamagedImagesAreLeftOutByChoice) {
    write("root/", {{"a", 29}, {"b", 29}});
    const ImageData whole = open();
    std::set<std::string> damaged;
    for (const char* name : {"b/3.jpg", "b/7.jpg", "a/1.jpg", "a/2.jpg", "a/4.jpg", "a/28.jpg"}) {
        damaged.insert(name);
        fs::resize_file(place("/") + name, fs::file_size(place("/") + name) - 3);
    }
    for (const char* cache : {"0", "1"}) {
        const ImageData data = open({{"on_error", "skip"}, {"cache", cache}});
        EXPECT_EQ(data.train.size() + data.validation.size() + data.test.size(), 52);
        for (const auto& [now, before] :
             {std::pair{&data.train, &whole.train}, {&data.validation, &whole.validation}, {&data.test, &whole.test}}) {
            std::set<std::string> expected;
            for (const std::string& name : files_of(*before)) {
                if (!damaged.contains(name)) expected.insert(name);
            }
            EXPECT_EQ(files_of(*now), expected) << "no sound image changes its side";
        }
        ASSERT_EQ(data.remarks.size(), 1U);
        EXPECT_TRUE(contains(data.remarks[0],
                             "warning: 6 of 58 images cannot be read and are left out (data.on_error=skip): "));
        EXPECT_TRUE(contains(data.remarks[0], place("/a/1.jpg")));
        EXPECT_TRUE(contains(data.remarks[0], "; and 1 more"));
        delivered(data.train, data.normalisation, {});
        delivered(data.test, data.normalisation, {});
    }
}

TEST_F(ImageFolder, DeliversTheSameForAnyNumberOfThreadsAndAnyCache) {
    write("root/", {{"a", 25}, {"b", 20}});
    AugmentOptions crop;
    crop.flip = true;
    crop.resized_crop = 0.3;
    AugmentOptions mix;
    mix.crop = 2;
    mix.mixup = 0.5;
    for (const AugmentOptions& augment : {AugmentOptions(), crop, mix}) {
        const ImageData plain = open({{"workers", "1"}, {"cache", "0"}});
        const std::vector<float> expected = delivered(plain.train, plain.normalisation, augment);
        for (const char* workers : {"1", "2", "5"}) {
            for (const char* cache : {"0", "1"}) {
                const ImageData data = open({{"workers", workers}, {"cache", cache}});
                EXPECT_EQ(delivered(data.train, data.normalisation, augment), expected) << workers << " " << cache;
            }
        }
    }
}

TEST_F(ImageFolder, CacheReadsEachFileOnceAndOnlyWhereAllFit) {
    write("root/", {{"a", 40}, {"b", 41}});  // 81 images of 3 x 64 x 64 bytes are just less than one MiB; of 72, more
    for (const auto& [size, keeps] : {std::pair{"64", true}, std::pair{"72", false}}) {
        const ImageData data = open({{"cache", "1"}, {"size", size}});
        std::vector<uint8_t> pixels(static_cast<std::size_t>(data.shape().pixels())), again = pixels;
        const fs::path first = place("/a/0.jpg");
        for (const int64_t index : {0, 1}) data.train.source->read_image(index, pixels);
        data.train.source->read_image(0, pixels);
        const int64_t index = data.train.source->size() - 1;
        data.train.source->read_image(index, pixels);
        fs::rename(place(""), folder_ / "away");
        if (keeps) {
            data.train.source->read_image(index, again);
            EXPECT_EQ(again, pixels);
        } else {
            EXPECT_THROW(data.train.source->read_image(index, again), UserError);
        }
        fs::rename(folder_ / "away", place(""));
    }
}

TEST_F(ImageFolder, ADamagedImageStopsTheLoaderWithItsName) {
    write("root/", {{"a", 20}, {"b", 20}});
    const fs::path file = place("/b/7.jpg");
    fs::resize_file(file, fs::file_size(file) / 2);
    for (const char* workers : {"1", "3"}) {
        const ImageData data = open({{"workers", workers}, {"validation", "0"}, {"test", "0.001"}});
        const std::string message = message_of<UserError>([&] {
            delivered(data.train, data.normalisation, {});
            delivered(data.test, data.normalisation, {});
        });
        EXPECT_TRUE(contains(message, "cannot read the image " + file.string() + ": Premature end of JPEG file"));
    }
}

TEST_F(ImageFolder, RefusesFoldersThatAreNoDataSet) {
    EXPECT_TRUE(contains(refusal({{"root", ""}}), "data.root is missing: the data set image_folder expects it"));
    EXPECT_TRUE(contains(refusal(), "expected a folder of images at data.root '" + place("") + "', found none"));
    fs::create_directories(place(""));
    EXPECT_EQ(refusal(), "expected at least two subfolders, one a class, in '" + place("") + "', found none");
    write("root/", {{"cat", 3}});
    EXPECT_EQ(refusal(), "expected at least two subfolders, one a class, in '" + place("") + "', found only 'cat'");
    fs::create_directories(place("/dog"));
    EXPECT_EQ(refusal(), "expected images of the class 'dog' in '" + place("/dog") + "', found none");
    write("root/", {{"dog", 3}});
    std::ofstream(place("/dog/.hidden")) << "left out";
    EXPECT_EQ(open().class_names().size(), 2U);
    std::ofstream(place("/dog/notes.txt")) << "no image";
    EXPECT_EQ(refusal(), "expected only images (.png, .jpg, .jpeg) in '" + place("/dog") + "', found 'notes.txt'");
    fs::remove(place("/dog/notes.txt"));
    fs::create_directories(place("/dog/puppies.jpg"));
    EXPECT_EQ(refusal(), "expected only images (.png, .jpg, .jpeg) in '" + place("/dog") + "', found 'puppies.jpg'");
    fs::remove(place("/dog/puppies.jpg"));
    std::ofstream(place("/LICENSE")) << "no class";
    EXPECT_EQ(refusal(), "expected one subfolder a class in '" + place("") + "', found the file 'LICENSE'");
    fs::remove(place("/LICENSE"));
    fs::create_directories(place("/\xff\xfe"));
    EXPECT_TRUE(contains(refusal(), "expected names of classes in UTF-8 without control characters"));
}

TEST_F(ImageFolder, RefusesATestSetThatDoesNotFit) {
    write("root/train/", {{"cat", 3}, {"dog", 3}});
    EXPECT_EQ(refusal(), "expected a folder 'test' or 'val' beside '" + place("/train") + "', found none");
    write("root/test/", {{"cat", 1}, {"dgo", 1}});
    EXPECT_EQ(refusal(), "expected the classes of the training images in '" + place("/test") +
                             "', found 'dgo' (did you mean dog?)");
    fs::remove_all(place("/test"));
    fs::create_directories(place("/test"));
    EXPECT_EQ(refusal(), "expected one subfolder a class in '" + place("/test") + "', found none");
}

}  // namespace
}  // namespace heed::image_folder_test
