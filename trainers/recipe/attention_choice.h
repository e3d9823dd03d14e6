#pragma once

#include <string>
#include <vector>

#include "heed/attention/stack_attention.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The section "attention", which chooses a type for all layers, and others for some of them.
SectionSpec attention_section();

/// The section "attention.<place>", which chooses a type for one place of a model or says "same" as all.
SectionSpec attention_section(const char* place, const char* help);

/// The types with their settings that a recipe chooses for a place ("encoder"), or for all places where none is given.
/// Layers that the place's own section names come before those of "attention", which count where it says "same".
StackAttention stack_attention(const Recipe& recipe, const std::string& place = "");

/// The types that may stand in a place, or anywhere where none is given, each once.
std::vector<const AttentionType*> attention_types_of(const Recipe& recipe, const std::string& place = "");

/// The attention type of a recipe in words: "sdpa"; with layers of their own "sdpa (smyrf in layers 4-5)"; and where
/// places have types of their own "sdpa (encoder), super (decoder), sdpa (cross)".
std::string attention_text(const Recipe& recipe);

}  // namespace heed
