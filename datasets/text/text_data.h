#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/split.h"
#include "heed/datasets/text/files/text_source.h"
#include "heed/datasets/text/text_options.h"

namespace heed {

/// Part of a source: `indices` are positions in it, ascending.
struct TextSplit {
    std::shared_ptr<const TextSource> source;
    std::vector<int64_t> indices;

    int64_t size() const { return static_cast<int64_t>(indices.size()); }
    const std::string& text(int64_t place) const { return source->text(indices[static_cast<std::size_t>(place)]); }
    std::span<const int32_t> labels(int64_t place) const {
        return source->labels(indices[static_cast<std::size_t>(place)]);
    }
    /// Views of all texts of the split, in its order; valid as long as the source.
    std::vector<std::string_view> texts() const;
};

/// An opened data set of labelled texts. Validation is the data set's own, or comes out of the training texts; the
/// three never share a row. Validation is empty where `data.validation` is 0.
struct TextData {
    std::string name;
    std::string origin;  ///< the folder, archive or files that were read
    TextSplit train;
    TextSplit validation;
    TextSplit test;
    /// What a user should know of the texts, a sentence each: what stands in two splits, comes twice or was left out.
    std::vector<std::string> remarks;

    const std::vector<std::string>& class_names() const { return train.source->class_names(); }
    bool several_labels() const { return train.source->several_labels(); }
};

/// The hash of each text (text_hash).
std::vector<uint64_t> text_hashes(const TextSource& source);

/// Divides texts, given by their hashes: whole groups of equal texts, or of texts with the same hash in `groups`
/// (empty: none), are kept back for the part ("validation" or "test", data.PART in errors) by hold_back.
TrainValidation split_texts(std::span<const uint64_t> texts, std::span<const uint64_t> groups, int64_t seed,
                            std::string_view part, double fraction);

/// Puts a data set together; `validation` is null where it comes out of `train` as the options say. Then equal texts
/// (text_key) are on one side, and so are the training texts of one group, where `groups` has a hash for each.
TextData make_text_data(std::string name, std::string origin, std::shared_ptr<const TextSource> train,
                        std::shared_ptr<const TextSource> validation, std::shared_ptr<const TextSource> test,
                        const TextDataOptions& options, std::span<const uint64_t> groups = {});

/// Number of texts of each class.
std::vector<int64_t> class_counts(const TextSplit& split);

/// Several lines: where the data lies, and a table of classes with their counts in each split.
std::string describe(const TextData& data);

}  // namespace heed
