#pragma once

#include <cstdint>

#include "heed/core/autograd/variable.h"
#include "heed/core/ranks/packing.h"

namespace heed {

/// Sums up how far the answers of one model are from those of another (Task::divergence_from).
class DivergenceMeter {
public:
    /// `several_labels`: each logit is a question of its own.
    explicit DivergenceMeter(bool several_labels = false) : several_labels_(several_labels) {}

    /// Packs what `add` takes of logits [rows, classes] of both models, of which the rows with a target of -1
    /// (`targets` undefined: none) are left out, and of how many samples the rows are.
    void measure(const Variable& logits, const Tensor& other_logits, int64_t count, Packer& packed,
                 const Tensor& targets = Tensor()) const;
    void add(Unpacker& packed);

    double mean() const;

private:
    bool several_labels_;
    double sum_ = 0.0;
    int64_t count_ = 0;
};

}  // namespace heed
