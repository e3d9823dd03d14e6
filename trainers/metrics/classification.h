#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/trainers/metrics/confusion_counts.h"

namespace heed {

/// Results of a classifier for one class (or one label of several), fractions.
struct ClassScore {
    double precision = 0;   ///< of the samples given this class, those that have it; 0 when none was given it
    double recall = 0;      ///< of the samples of this class, those given it; 0 when there are none
    double f1 = 0;          ///< harmonic mean of both; 0 when either is
    int64_t samples = 0;    ///< samples that have the class
    int64_t predicted = 0;  ///< samples that were given it
};

struct ClassificationScores {
    double accuracy = 0;  ///< fraction
    double macro_f1 = 0;  ///< mean over the classes that some sample has or was given, as scikit-learn's
    std::vector<ClassScore> classes;
};

/// Scores of what was counted. Throws Error when that is no sample at all.
ClassificationScores classification_scores(const ConfusionCounts& confusion);

struct MultiLabelScores {
    double micro_f1 = 0;     ///< F1 of all decisions together
    double macro_f1 = 0;     ///< mean over the labels that some sample has or was given
    double exact_match = 0;  ///< fraction of samples of which every label is right
    std::vector<ClassScore> labels;
};

/// Counts the decisions of a classifier that gives a sample any number of labels.
class MultiLabelCounts {
public:
    /// Throws Error unless there is at least one label.
    explicit MultiLabelCounts(int64_t labels);

    /// One sample: for each label whether the sample has it and whether it was given it (not zero: yes). Throws Error
    /// when either is not one number a label.
    void add(std::span<const uint8_t> truth, std::span<const uint8_t> predicted);

    /// Throws Error when nothing was added. A sample without any label, truly and as predicted, is an exact match; the
    /// F1 scores are 0 when no sample has or was given any label.
    MultiLabelScores scores() const;

private:
    struct Label {
        int64_t both = 0, samples = 0, predicted = 0;
    };

    std::vector<Label> labels_;
    int64_t samples_ = 0;
    int64_t exact_ = 0;
};

}  // namespace heed
