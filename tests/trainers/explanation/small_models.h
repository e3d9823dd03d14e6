#pragma once

#include <string>
#include <vector>

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed::test {

/// A model of two layers with three heads whose weights are random, and large enough that predictions differ.
/// `recipe`: its sections model, attention and data, and what else there is.
SavedModel small_model(const std::string& recipe, SharedFacts facts);

/// Options of the types in YAML, so that short sequences are cut into clusters: "type: smyrf, cluster: 2".
std::string type_options(const std::string& type);

/// The samples of files, or of whatever the request names.
std::vector<std::unique_ptr<ExplainedSample>> samples_of(SavedModel& saved, const SampleRequest& request);

/// log of the probability of the explained class with these logits, in double.
double log_probability(const std::vector<float>& logits, int64_t explained, bool several = false);

/// Checks what has to hold for every sample of any model, as test failures: heads are their weights times their values,
/// a pass with the own weights gives the logits, gradients of weights are those of finite differences.
void expect_sound(ExplainedSample& sample, bool several = false);

/// The logits with the columns of what is not kept set to zero and the rows normalised again, in the encoder and in
/// cross-attention.
std::vector<float> logits_with_masked_columns(ExplainedSample& sample, const std::vector<uint8_t>& kept);

}  // namespace heed::test
