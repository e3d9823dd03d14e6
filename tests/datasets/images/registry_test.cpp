#include "heed/datasets/images/sets/registry.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>
#include <string>

#include "heed/core/error.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::registry_test {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TinyImages;
using test::write_text;
using test::write_tiny_images;

/// Runs in a scratch folder with HEED_DATA unset.
class Registry : public testing::Test {
protected:
    Registry() {
        fs::current_path(scratch_.path());
        unsetenv("HEED_DATA");
    }
    ~Registry() override {
        fs::current_path(home_);
        unsetenv("HEED_DATA");
    }

    static ImageData open(const std::string& name, const std::string& root = "") {
        const ImageDataSet& set = image_data_set(name);
        const auto options = set.make_options();
        options->root = root;
        options->validate();
        return set.open(*options);
    }

    fs::path home_ = fs::current_path();
    test::TemporaryFolder scratch_;
};

TEST_F(Registry, EveryEntryIsComplete) {
    std::set<std::string> names;
    for (const ImageDataSet& set : image_data_sets()) {
        EXPECT_TRUE(names.insert(set.name).second) << set.name;
        EXPECT_FALSE(set.summary.empty()) << set.name;
        EXPECT_FALSE(set.how_to_get.empty()) << set.name;
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        for (const char* key : {"root", "batch", "validation", "split_seed", "mean", "std"}) {
            EXPECT_NE(fields.find(key), nullptr) << set.name << " " << key;
        }
        EXPECT_EQ(options->batch, 128);
        EXPECT_EQ(options->validation, 0.1);
    }
    EXPECT_EQ(names, (std::set<std::string>{"fashion_mnist", "mnist", "cifar10", "cifar100", "image_folder", "idx"}));
}

TEST_F(Registry, UnknownNameIsAnsweredWithTheNearest) {
    EXPECT_EQ(message_of<UserError>([] { image_data_set("fashion-mnits"); }),
              "data.name expects fashion_mnist, mnist, cifar10, cifar100, image_folder or idx, got \"fashion-mnits\" "
              "(did you mean fashion_mnist?)");
}

TEST_F(Registry, OpensTinyDataInParts) {
    write_tiny_images("data/mnist", {.train = 40, .test = 20, .gzip = true});
    const ImageData data = open("mnist");
    EXPECT_EQ(data.folder, "data/mnist");
    EXPECT_EQ(data.train.size(), 36);
    EXPECT_EQ(data.validation.size(), 4);
    EXPECT_EQ(data.test.size(), 20);
    EXPECT_EQ(data.shape(), (ImageShape{1, 28, 28}));
    EXPECT_EQ(data.class_names()[9], "9");
    EXPECT_EQ(data.normalisation.mean, std::vector<double>{0.1307});
    EXPECT_EQ(data.train.source, data.validation.source);
    EXPECT_NE(data.train.source, data.test.source);
    EXPECT_EQ(class_counts(data.test), std::vector<int64_t>(10, 2));
}

TEST_F(Registry, RootIsTheFolderOrItsParentAndNothingElse) {
    write_tiny_images(scratch_ / "here", {});
    write_tiny_images(scratch_ / "parent/fashion-mnist", {});
    write_tiny_images("data/fashion_mnist", {});
    EXPECT_EQ(open("fashion_mnist", scratch_ / "here").folder, scratch_ / "here");
    EXPECT_EQ(open("fashion_mnist", scratch_ / "parent").folder, scratch_ / "parent/fashion-mnist");
    EXPECT_EQ(open("fashion_mnist").folder, "data/fashion_mnist");
    EXPECT_EQ(message_of<UserError>([&] { open("fashion_mnist", "none"); }).substr(0, 68),
              "expected the folder of fashion_mnist at data.root 'none', found none");
    fs::create_directory("empty");
    const std::string message = message_of<UserError>([&] { open("fashion_mnist", "empty"); });
    EXPECT_EQ(message.substr(0, message.find(';')),
              "the data set fashion_mnist was not found in 'empty', 'empty/fashion_mnist', 'empty/fashion-mnist', "
              "'empty/FashionMNIST' or 'empty/FashionMNIST/raw'");
}

TEST_F(Registry, HeedDataIsSearchedInItsOrder) {
    write_tiny_images("second/mnist", {});
    write_tiny_images("third/mnist", {});
    write_tiny_images("data/mnist", {});
    setenv("HEED_DATA", "first::second:third/mnist/", 1);
    EXPECT_EQ(open("mnist").folder, "second/mnist");
    setenv("HEED_DATA", "first:third/mnist/:second", 1);
    EXPECT_EQ(open("mnist").folder, "third/mnist/");
    setenv("HEED_DATA", "first", 1);
    EXPECT_EQ(open("mnist").folder, "data/mnist");
}

TEST_F(Registry, NamedFilesAreFoundHereOrInTheDataPlaces) {
    std::filesystem::create_directories("data/a");
    std::filesystem::create_directories("a");
    write_text("data/a/one.txt", "");
    EXPECT_EQ(find_named_file("", "a/one.txt"), "data/a/one.txt");
    EXPECT_EQ(find_named_file("root", "a/one.txt"), "root/a/one.txt") << "a root is never passed over";
    EXPECT_EQ(find_named_file("", "a/two.txt"), "a/two.txt") << "so that an error names what was asked for";
    write_text("a/one.txt", "");
    EXPECT_EQ(find_named_file("", "a/one.txt"), "a/one.txt");
}

TEST_F(Registry, FolderOfAnotherDataSetIsNotTaken) {
    write_tiny_images("mnist", {});
    setenv("HEED_DATA", "mnist", 1);
    EXPECT_EQ(open("mnist").folder, "mnist");
    write_tiny_images("data/fashion_mnist", {});
    EXPECT_EQ(open("fashion_mnist").folder, "data/fashion_mnist");
}

TEST_F(Registry, MissingDataIsAnsweredWithPlacesAndRemedy) {
    setenv("HEED_DATA", "/nowhere", 1);
    const std::string message = message_of<UserError>([] { open("mnist"); });
    EXPECT_EQ(
        message.substr(0, message.find(';')),
        "the data set mnist was not found in '/nowhere/mnist', '/nowhere/MNIST', '/nowhere/MNIST/raw', "
        "'data/mnist', 'data/MNIST', 'data/MNIST/raw', '/usr/share/datasets/mnist', '/usr/share/datasets/MNIST' or "
        "'/usr/share/datasets/MNIST/raw'");
    EXPECT_NE(message.find("; get it with 'heed data get mnist', or put "), std::string::npos) << message;
    EXPECT_EQ(message.find("http"), std::string::npos) << message;  // addresses stand in the catalogue alone
    EXPECT_NE(image_data_set("fashion_mnist").how_to_get.find("apt-get install dataset-fashion-mnist"),
              std::string::npos);
}

TEST_F(Registry, MissingPartIsNamed) {
    write_tiny_images("data/mnist", {});
    fs::remove("data/mnist/t10k-labels-idx1-ubyte");
    EXPECT_EQ(message_of<UserError>([] { open("mnist"); }),
              "expected t10k-labels-idx1-ubyte, t10k-labels.idx1-ubyte, t10k-labels-idx1-ubyte.gz or "
              "t10k-labels.idx1-ubyte.gz in 'data/mnist', found none");
}

TEST_F(Registry, OtherImageSizeIsRefused) {
    write_tiny_images("data/mnist", {.height = 14, .width = 28});
    EXPECT_EQ(message_of<UserError>([] { open("mnist"); }),
              "expected images of 1x28x28 for mnist in 'data/mnist/train-images-idx3-ubyte', found 1x14x28");
}

TEST_F(Registry, OwnIdxTakesAnySizeAndClasses) {
    write_tiny_images("own", {.train = 30, .test = 9, .height = 6, .width = 8, .classes = 3});
    const ImageDataSet& set = image_data_set("idx");
    const auto options = set.make_options();
    Fields fields;
    options->describe(fields);
    EXPECT_NE(message_of<UserError>([&] { set.open(*options); }).find("data.root is missing"), std::string::npos);
    EXPECT_EQ(fields.find("root")->set_from_text("own"), "");
    EXPECT_EQ(fields.find("classes")->set_from_text("3"), "");
    const ImageData data = set.open(*options);
    EXPECT_EQ(data.shape(), (ImageShape{1, 6, 8}));
    EXPECT_EQ(data.class_names(), (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{3, 3, 3}));
    EXPECT_EQ(fields.find("classes")->set_from_text("2"), "");
    EXPECT_EQ(message_of<UserError>([&] { set.open(*options); }),
              "expected labels from 0 to 1 in 'own/train-labels-idx1-ubyte', found 2 at record 2");
}

TEST_F(Registry, TestImagesOfAnotherShapeAreRefused) {
    write_tiny_images("own", {.height = 6, .width = 6});
    write_tiny_images("other", {.height = 7, .width = 6});
    fs::copy("other/t10k-images-idx3-ubyte", "own/t10k-images-idx3-ubyte", fs::copy_options::overwrite_existing);
    EXPECT_EQ(message_of<UserError>([] { open("idx", "own"); }),
              "expected test images of the shape 1x6x6 of the training images in 'own', found 1x7x6");
}

TEST_F(Registry, NormalisationMustFitTheChannels) {
    write_tiny_images("data/mnist", {});
    const ImageDataSet& set = image_data_set("mnist");
    const auto options = set.make_options();
    options->mean = {0.1, 0.2, 0.3};
    EXPECT_EQ(message_of<UserError>([&] { set.open(*options); }),
              "data.mean expects one value, or one for each of the 1 channels, got 3");
    options->mean = {};
    EXPECT_EQ(message_of<UserError>([&] { options->validate(); }),
              "data.mean expects at least one value, got an empty list");
}

TEST_F(Registry, DescribesWhatIsThere) {
    write_tiny_images("own", {.train = 4, .test = 2, .height = 2, .width = 2, .classes = 2});
    const ImageDataSet& set = image_data_set("idx");
    const auto options = set.make_options();
    Fields fields;
    options->describe(fields);
    fields.find("classes")->set_from_text("2");
    options->root = "own";
    options->validation = 0;
    EXPECT_EQ(describe(set.open(*options)),
              "idx: 2 classes, images of 1x2x2 (channels, height, width)\n"
              "folder      own\n"
              "normalised  mean 0.5, std 0.5\n"
              "\n"
              "class     train  validation      test\n"
              "0             2           0         1\n"
              "1             2           0         1\n"
              "all           4           0         2\n");
}

}  // namespace
}  // namespace heed::registry_test
