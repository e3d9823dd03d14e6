#include "heed/datasets/images/sets/fashion_mnist.h"

#include "heed/datasets/images/formats/idx_folder.h"

namespace heed {

ImageDataSet fashion_mnist() {
    IdxFolderFormat format;
    format.name = "fashion_mnist";
    format.folders = {"fashion_mnist", "fashion-mnist", "FashionMNIST", "FashionMNIST/raw"};
    format.how_to_get =
        "install it with 'apt-get install dataset-fashion-mnist', or put the four idx files of "
        "https://github.com/zalandoresearch/fashion-mnist into data/fashion_mnist, or name their folder by data.root "
        "or "
        "HEED_DATA";
    format.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    format.facts = ImageFacts{{1, 28, 28}, 10, 60000, 10000};
    return idx_data_set(format, "articles of clothing, 28x28 grey, 10 classes, 60,000 + 10,000 images",
                        {{0.2860}, {0.3530}});
}

}  // namespace heed
