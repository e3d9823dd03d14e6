#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// A data set in the four idx files of MNIST.
struct IdxFolderFormat {
    std::string name;
    std::vector<std::string> folders;
    std::string how_to_get;
    std::vector<std::string> class_names;
    std::optional<ImageFacts> facts;
};

/// Names under which the idx files are known (`train-images-idx3-ubyte`, `train-images.idx3-ubyte`, each plain or
/// `.gz`), plain ones first. `part` is `train` or `t10k`.
std::vector<std::string> idx_image_names(const std::string& part);
std::vector<std::string> idx_label_names(const std::string& part);

/// Finds and reads the four files (`train-*`, `t10k-*`). UserError where one is missing or damaged, or the images do
/// not have the shape of `format.facts`.
ImageData open_idx_folder(const IdxFolderFormat& format, const ImageDataOptions& options);

/// The registry entry of a data set with fixed classes and normalisation.
ImageDataSet idx_data_set(const IdxFolderFormat& format, std::string summary, const Normalisation& normalisation);

}  // namespace heed
