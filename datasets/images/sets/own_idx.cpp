#include "heed/datasets/images/sets/own_idx.h"

#include "heed/core/error.h"
#include "heed/datasets/images/formats/idx_folder.h"

namespace heed {

namespace {

constexpr const char* how_to_get =
    "name by data.root a folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte "
    "and t10k-labels-idx1-ubyte, plain or .gz";

struct OwnIdxOptions final : ImageDataOptions {
    int64_t classes = 10;

    void describe(Fields& fields) override {
        ImageDataOptions::describe(fields);
        fields.add("classes", classes, "number of classes; labels count from 0").range(2, 256);
    }
};

ImageData open(const ImageDataOptions& options) {
    options.validate();
    // Not part of validate(): a model is used without its data, from a recipe that names none.
    if (options.root.empty()) {
        throw UserError(std::string("data.root is missing: the data set idx expects it; ") + how_to_get);
    }
    const auto& own = dynamic_cast<const OwnIdxOptions&>(options);
    IdxFolderFormat format;
    format.name = "idx";
    format.how_to_get = how_to_get;
    for (int64_t label = 0; label < own.classes; ++label) {
        format.class_names.push_back(std::to_string(label));
    }
    return open_idx_folder(format, own);
}

}  // namespace

ImageDataSet own_idx() {
    ImageDataSet set;
    set.name = "idx";
    set.summary = "own images in the idx files of MNIST, any size, up to 256 classes";
    set.how_to_get = how_to_get;
    set.make_options = [] { return std::make_unique<OwnIdxOptions>(); };
    set.open = open;
    return set;
}

}  // namespace heed
