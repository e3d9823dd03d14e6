#include "heed/datasets/images/sets/mnist.h"

#include "heed/datasets/images/formats/idx_folder.h"

namespace heed {

ImageDataSet mnist() {
    IdxFolderFormat format;
    format.name = "mnist";
    format.folders = {"mnist", "MNIST", "MNIST/raw"};
    format.how_to_get =
        "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte "
        "(plain or .gz) into data/mnist, or name their folder by data.root or HEED_DATA";
    format.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    format.facts = ImageFacts{{1, 28, 28}, 10, 60000, 10000};
    return idx_data_set(format, "handwritten digits, 28x28 grey, 10 classes, 60,000 + 10,000 images",
                        {{0.1307}, {0.3081}});
}

}  // namespace heed
