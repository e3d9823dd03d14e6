#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace heed {

/// How often each class was taken for which. Memory follows from the number of classes and of different mistakes, not
/// from the square of the classes.
class ConfusionCounts {
public:
    /// Of no classes: nothing was counted.
    ConfusionCounts() = default;
    /// Throws Error unless there is at least one class.
    explicit ConfusionCounts(int64_t classes);

    /// One sample of class `truth` that was given the class `prediction`. Throws Error where either is none.
    void add(int64_t truth, int64_t prediction);

    int64_t classes() const { return static_cast<int64_t>(samples_.size()); }
    int64_t count(int64_t truth, int64_t prediction) const;
    int64_t samples(int64_t truth) const { return samples_.at(static_cast<size_t>(truth)); }
    int64_t predicted(int64_t prediction) const { return predicted_.at(static_cast<size_t>(prediction)); }
    int64_t right(int64_t label) const { return right_.at(static_cast<size_t>(label)); }
    int64_t total() const { return total_; }
    int64_t all_right() const { return all_right_; }

    struct Mistake {
        int64_t truth = 0, prediction = 0, count = 0;
    };
    /// The most frequent first; of equals, by class and prediction.
    std::vector<Mistake> mistakes() const;

private:
    std::vector<int64_t> samples_, predicted_, right_;  // of each class
    std::unordered_map<int64_t, int64_t> wrong_;        // by truth * classes + prediction
    int64_t total_ = 0, all_right_ = 0;
};

}  // namespace heed
