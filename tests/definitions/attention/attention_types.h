#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heed/tests/definitions/attention/attention.h"

namespace heed::definitions {

/// What a layer of a type gives for query [batch, queries, dim] and source [batch, keys, dim], outside of training.
using AttentionLayer = Values (*)(const Values& query, const Values& source, const AttentionParameters& parameters,
                                  const Attention& attention);

/// The definition of a type of attention, with the settings of the layer that it is for.
struct AttentionDefinition {
    std::string type;
    std::vector<std::pair<std::string, std::string>> settings;
    AttentionLayer layer;  ///< null: the test of the type has it
};

/// One of each type, in the order of the registry.
std::span<const AttentionDefinition> attention_definitions();

}  // namespace heed::definitions
