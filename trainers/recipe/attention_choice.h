#pragma once

#include <string>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// The attention types as choices of a section.
std::vector<SectionChoice> attention_choices();

/// The section "attention.<place>", which chooses a type for one place of a model or says "same" as all.
SectionSpec attention_section(const char* place, const char* help);

/// The name of the type that a recipe chooses for a place ("encoder"), or for all places where none is given.
const std::string& attention_name(const Recipe& recipe, const std::string& place = "");

/// The type with its settings.
AttentionChoice attention_choice(const Recipe& recipe, const std::string& place = "");

/// The attention type of a recipe in words: "sdpa", and where places have types of their own "sdpa (encoder), super
/// (decoder), sdpa (cross)".
std::string attention_text(const Recipe& recipe);

}  // namespace heed
