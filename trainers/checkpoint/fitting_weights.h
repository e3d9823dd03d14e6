#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heed/core/files/safetensors.h"
#include "heed/core/module/parameter_store.h"
#include "heed/trainers/checkpoint/patch_grid.h"

namespace heed {

/// What the model of a file, and that which takes its weights, differ in besides the shapes of their parameters.
struct WeightsFit {
    /// Beginnings of the names of parameters whose rows belong to other classes or words: they are not taken.
    std::vector<std::string> foreign;
    /// Whether both have the same words, so that a table of word vectors with more rows than the other has those of its
    /// words first (a masked language model has one more, of its mask token).
    bool same_words = false;
    /// Those of a vision transformer, else nothing.
    std::optional<PatchGrid> from, to;
};

/// What load_fitting_weights did, by name.
struct FittedWeights {
    int64_t taken = 0;                 ///< parameters that the file had, fitted ones included
    std::vector<std::string> added;    ///< parameters that keep their first values
    std::vector<std::string> dropped;  ///< tensors of the file that found no place
    std::vector<std::string> fitted;   ///< "positions.weight from 4 x 4 to 8 x 8 patches"

    /// A line for the log each.
    std::vector<std::string> lines() const;
};

/// Copies what fits out of the file: tensors of the names and shapes of the model's. Tables of positions
/// ("positions.weight") are made to fit: over the grids of patches by linear interpolation between their centres, else
/// by taking their first rows, as those of word vectors ("embedding.weight") where the words are the same. UserError
/// when nothing fits.
FittedWeights load_fitting_weights(const SafetensorsFile& file, const ParameterStore& store, const WeightsFit& fit);

/// Positions [from.tokens(), dim] as those of another grid, [to.tokens(), dim]. The row of a class token (or one for
/// distillation) that only the new grid has is taken from `now`, the new table as it is.
std::vector<float> interpolated_positions(const std::vector<float>& positions, const PatchGrid& from,
                                          const PatchGrid& to, const std::vector<float>& now);

}  // namespace heed
