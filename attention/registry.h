#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heed/attention/attention.h"
#include "heed/attention/options.h"

namespace heed {

/// One line of the registry.
struct AttentionType {
    const char* name;
    const char* summary;
    AttentionCapabilities capabilities;
    /// What a picture of its weights does not show, a sentence without the name at its beginning; empty: nothing.
    const char* weights_remark;
    std::unique_ptr<Options> (*make_options)();
    std::unique_ptr<Attention> (*make)(const AttentionGeometry& geometry, const AttentionOptions& options);
};

/// All attention types, in the order in which they are shown.
std::span<const AttentionType> attention_types();

/// The names of the types of which `chosen` holds, with commas in between; "none" where there is no such type.
std::string attention_types_that(const std::function<bool(const AttentionCapabilities&)>& chosen);

/// The type of that name. Throws UserError with the nearest name.
const AttentionType& attention_type(std::string_view name);

/// An attention type and its settings, as a recipe chose them.
struct AttentionChoice {
    const AttentionType* type = nullptr;
    const AttentionOptions* options = nullptr;
    std::string key = {};  ///< of the recipe that says so, for errors; empty: not from a recipe

    /// Builds a layer. Throws UserError when the heads do not divide the dimension, when the type cannot do the pattern
    /// and when it needs a greatest length that is not known, naming the types that can.
    std::unique_ptr<Attention> make(const AttentionGeometry& geometry) const;
};

}  // namespace heed
