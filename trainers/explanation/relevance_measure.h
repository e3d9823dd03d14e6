#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heed/trainers/explanation/explained_sample.h"

namespace heed {

/// A way to say how relevant each part of an input is for a prediction.
enum class RelevanceMeasure : uint8_t {
    raw_attention,
    effective_attention,   ///< its projection on what the values let through (Brunner et al., ICLR 2020)
    least_norm_attention,  ///< the distribution of least norm with the same output
    gradient_attention,    ///< weighted by the gradient of the prediction
    rollout,               ///< through all layers (Abnar and Zuidema, ACL 2020)
    gradient_rollout,      ///< the same with weights by the gradient (Chefer, Gur and Wolf, ICCV 2021)
    leave_one_out,         ///< the fall of the probability without this part
    random_order           ///< says nothing: what others have to beat
};

/// Whether it is another one for each way of removal.
inline bool depends_on_removal(RelevanceMeasure measure) {
    return measure == RelevanceMeasure::leave_one_out;
}

/// All of them, in the order of the enumeration.
std::span<const RelevanceMeasure> relevance_measures();

/// "least-norm attention".
const char* relevance_name(RelevanceMeasure measure);
/// As a user gives it: "least-norm".
const char* relevance_id(RelevanceMeasure measure);
/// Throws UserError, with the nearest, where there is none of that id. `option`: "--measures".
RelevanceMeasure relevance_measure_named(const char* option, const std::string& id);

/// "keys" or "replacement".
const char* removal_id(Removal removal);
/// Throws UserError where there is none of that id.
Removal removal_named(const char* option, const std::string& id);

}  // namespace heed
