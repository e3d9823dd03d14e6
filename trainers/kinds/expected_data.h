#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// What is known of the data of a recipe without their files.
struct ExpectedData {
    SharedFacts facts;
    int64_t train_samples = 0;         ///< after validation is taken out; 0: not known
    bool vocabulary_is_limit = false;  ///< a tokenizer is trained, and has fewer tokens where the texts have fewer
    int64_t epoch_steps = 0;           ///< optimizer steps of an epoch; 0: as train_samples tell
};

/// What is left of that many training samples when a share of them is held back.
inline int64_t without_validation(int64_t samples, double share) {
    return samples - std::llround(static_cast<double>(samples) * share);
}

/// What one sample of the greatest length costs, and how a kind of training speaks of it.
struct SampleCost {
    int64_t tokens = 0;       ///< that the attention layers see
    int64_t multiplies = 0;   ///< multiply-adds of the matrix products of the forward pass
    std::string sample;       ///< "an image"
    std::string samples;      ///< "images"
    std::string tokens_text;  ///< "197 an image"
    std::string vocabulary;   ///< " with a vocabulary of 20000 tokens"; empty: none
    std::string steps;        ///< how the number of steps follows from the data; empty where `check` knows it
    bool is_limit = false;    ///< a step counts at most that many samples
};

}  // namespace heed
