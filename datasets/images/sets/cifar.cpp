#include "heed/datasets/images/sets/cifar.h"

#include <fmt/core.h>

#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/datasets/files/data_search.h"
#include "heed/datasets/images/formats/cifar_images.h"
#include "heed/datasets/images/image_views.h"
#include "heed/datasets/split.h"

namespace heed {

namespace {

const std::vector<std::string> cifar10_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};

const std::vector<std::string> fine_names = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",       "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",    "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",    "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",      "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",    "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",      "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple",     "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak",        "orange",      "orchid",    "otter",
    "palm",       "pear",          "pickup_truck", "pine",       "plain",       "plate",     "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",      "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",     "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower", "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",   "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow",    "wolf",
    "woman",      "worm"};

const std::vector<std::string> coarse_names = {"aquatic_mammals",
                                               "fish",
                                               "flowers",
                                               "food_containers",
                                               "fruit_and_vegetables",
                                               "household_electrical_devices",
                                               "household_furniture",
                                               "insects",
                                               "large_carnivores",
                                               "large_man-made_outdoor_things",
                                               "large_natural_outdoor_scenes",
                                               "large_omnivores_and_herbivores",
                                               "medium_mammals",
                                               "non-insect_invertebrates",
                                               "people",
                                               "reptiles",
                                               "small_mammals",
                                               "trees",
                                               "vehicles_1",
                                               "vehicles_2"};

/// What tells CIFAR-10 and CIFAR-100 apart on the disk.
struct CifarFiles {
    std::string name;
    std::vector<std::string> folders;
    std::vector<std::string> train;
    std::string test;
    int64_t train_records;  ///< in each file
    int64_t test_records;
    std::string how_to_get;
};

const CifarFiles cifar10_files = {
    "cifar10",
    {"cifar-10-batches-bin", "cifar10", "cifar-10", "CIFAR10"},
    {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
    "test_batch",
    10000,
    10000,
    "unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html into data, or name the folder "
    "cifar-10-batches-bin by data.root or HEED_DATA"};

const CifarFiles cifar100_files = {
    "cifar100",
    {"cifar-100-binary", "cifar100", "cifar-100", "CIFAR100"},
    {"train"},
    "test",
    50000,
    10000,
    "unpack cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html into data, or name the folder "
    "cifar-100-binary by data.root or HEED_DATA"};

struct CifarOptions : ImageDataOptions {
    int64_t size = 0;
    bool partial = false;

    void describe(Fields& fields) override {
        ImageDataOptions::describe(fields);
        fields.add("size", size, "side that the images of 32x32 are resized to (bilinear); 0: as they are")
            .range(0, 4096)
            .unit("pixels");
        fields.add("partial", partial,
                   "be content with the files that are there, of any length; without test images, a tenth of the "
                   "training images tests");
    }
};

struct Cifar100Options final : CifarOptions {
    std::string labels = "fine";

    void describe(Fields& fields) override {
        CifarOptions::describe(fields);
        fields.add("labels", labels, "the 100 classes or their 20 groups").choices({"fine", "coarse"});
    }
};

std::vector<std::string> cifar_file_names(const std::string& part) {
    return {part + ".bin", part + ".bin.gz", part + ".bin.xz"};
}

std::vector<std::string> all_cifar_file_names(const CifarFiles& files) {
    std::vector<std::string> names = cifar_file_names(files.test);
    for (const std::string& part : files.train) {
        for (const std::string& name : cifar_file_names(part)) names.push_back(name);
    }
    return names;
}

DataSearch cifar_search(const CifarFiles& files) {
    return {files.name, files.folders, all_cifar_file_names(files), files.how_to_get};
}

/// The files of these parts; those that are missing are an error, or left out where `partial`.
std::vector<std::filesystem::path> find_parts(const std::filesystem::path& folder,
                                              const std::vector<std::string>& parts, bool partial) {
    std::vector<std::filesystem::path> found;
    for (const std::string& part : parts) {
        try {
            found.push_back(find_data_file(folder, cifar_file_names(part)));
        } catch (const UserError& error) {
            if (!partial) throw UserError(std::string(error.what()) + " (data.partial=true trains on what is there)");
        }
    }
    return found;
}

ImageData open_cifar(const CifarFiles& files, const CifarFormat& format, const CifarOptions& options) {
    const std::filesystem::path folder = find_data_folder(cifar_search(files), options.root);
    const std::vector<std::filesystem::path> train_files = find_parts(folder, files.train, options.partial);
    const std::vector<std::filesystem::path> test_files = find_parts(folder, {files.test}, options.partial);
    if (train_files.empty()) {
        throw UserError(fmt::format("expected training images of {} in '{}', found none", files.name, folder.string()));
    }
    const auto records = [&](int64_t official) { return options.partial ? 0 : official; };
    auto train = open_cifar_images(format, train_files, records(files.train_records));
    std::shared_ptr<const ImageSource> test;
    if (test_files.empty()) {
        TrainValidation split = split_train_validation(0, train->size(), 0.1);
        test = selected_images(train, std::move(split.validation));
        train = selected_images(train, std::move(split.train));
    } else {
        test = open_cifar_images(format, test_files, records(files.test_records));
    }
    if (options.size > 0 && options.size != 32) {
        train = resized_images(std::move(train), options.size);
        test = resized_images(std::move(test), options.size);
    }
    return make_image_data(files.name, folder, {std::move(train), nullptr, std::move(test)}, options);
}

template <class OptionsType>
std::unique_ptr<ImageDataOptions> cifar_options(const Normalisation& normalisation) {
    auto options = std::make_unique<OptionsType>();
    options->mean = normalisation.mean;
    options->deviation = normalisation.deviation;
    return options;
}

void adapt_shape(ImageFacts& facts, const CifarOptions& options) {
    if (options.size > 0) facts.shape = {3, options.size, options.size};
}

}  // namespace

ImageDataSet cifar10() {
    ImageDataSet set;
    set.name = cifar10_files.name;
    set.summary = "photographs, 32x32 in colour, 10 classes, 50,000 + 10,000 images";
    set.how_to_get = cifar10_files.how_to_get;
    set.search = cifar_search(cifar10_files);
    set.facts = ImageFacts{{3, 32, 32}, 10, 50000, 10000};
    set.adapt_facts = [](ImageFacts& facts, const ImageDataOptions& options) {
        adapt_shape(facts, dynamic_cast<const CifarOptions&>(options));
    };
    set.make_options = [] { return cifar_options<CifarOptions>({{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}}); };
    set.open = [](const ImageDataOptions& options) {
        return open_cifar(cifar10_files, {1, 0, cifar10_names}, dynamic_cast<const CifarOptions&>(options));
    };
    return set;
}

ImageDataSet cifar100() {
    ImageDataSet set;
    set.name = cifar100_files.name;
    set.summary = "photographs, 32x32 in colour, 100 classes in 20 groups, 50,000 + 10,000 images";
    set.how_to_get = cifar100_files.how_to_get;
    set.search = cifar_search(cifar100_files);
    set.facts = ImageFacts{{3, 32, 32}, 100, 50000, 10000};
    set.adapt_facts = [](ImageFacts& facts, const ImageDataOptions& options) {
        const auto& own = dynamic_cast<const Cifar100Options&>(options);
        adapt_shape(facts, own);
        if (own.labels == "coarse") facts.classes = static_cast<int64_t>(coarse_names.size());
    };
    set.make_options = [] {
        return cifar_options<Cifar100Options>({{0.5071, 0.4865, 0.4409}, {0.2673, 0.2564, 0.2762}});
    };
    set.open = [](const ImageDataOptions& options) {
        const auto& own = dynamic_cast<const Cifar100Options&>(options);
        const bool fine = own.labels == "fine";
        return open_cifar(cifar100_files, {2, fine ? 1 : 0, fine ? fine_names : coarse_names}, own);
    };
    return set;
}

}  // namespace heed
