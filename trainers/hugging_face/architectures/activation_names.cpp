#include "heed/trainers/hugging_face/architectures/activation_names.h"

#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

struct ActivationName {
    const char* theirs;
    const char* ours;
};

/// The first name of each is the one that is written.
constexpr ActivationName activation_names[] = {
    {"gelu", "gelu"},  {"relu", "relu"},          {"silu", "silu"},          {"gelu_pytorch_tanh", "gelu_tanh"},
    {"swish", "silu"}, {"gelu_new", "gelu_tanh"}, {"gelu_fast", "gelu_tanh"}};

}  // namespace

std::string our_activation(const JsonFile& config, const std::string& key) {
    const std::string theirs = config.text(key);
    std::vector<std::string> known;
    for (const ActivationName& row : activation_names) {
        if (theirs == row.theirs) return row.ours;
        known.emplace_back(row.theirs);
    }
    config.fail(key, "an activation out of " + listed(known));
}

std::string their_activation(const std::string& ours) {
    for (const ActivationName& row : activation_names) {
        if (ours == row.ours) return row.theirs;
    }
    throw Error("the activation " + ours + " has no name at Hugging Face");
}

}  // namespace heed
