#pragma once

#include <cstdint>
#include <string>

namespace heed {

/// What a trained model takes for a sample, and what its attention does at this length.
struct InferenceTime {
    double seconds = 0.0;  ///< a sample, in batches as evaluation makes them; translators: one pass, without a search
    std::string remark;    ///< of the attention, in words; may be empty
};

/// Measures the model of a run on its validation split (on its test split where it has none), with so many threads. A
/// pass that takes less than a second is made several times, and the fastest counts. Throws UserError where model or
/// data cannot be read, and Stopped where it is asked to end.
InferenceTime inference_time(const std::string& run, int64_t threads);

}  // namespace heed
