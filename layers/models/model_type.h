#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/core/error.h"
#include "heed/core/settings/fields.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

/// One line of a registry of models. `make_options` makes the settings with their defaults, `make` takes them back and
/// throws UserError when they do not fit each other, the attention or the data.
template <class Model, class Attention, class Geometry>
struct ModelType {
    const char* name;
    const char* summary;
    std::unique_ptr<Options> (*make_options)();
    std::unique_ptr<Model> (*make)(const Options&, const Attention&, const Geometry&);
};

/// The model of that name in a registry. Throws UserError with the nearest name.
template <class Type>
const Type& find_model_type(std::span<const Type> types, std::string_view name) {
    std::vector<std::string> names;
    for (const Type& type : types) {
        if (name == type.name) return type;
        names.emplace_back(type.name);
    }
    throw UserError("unknown model type " + quote(name) + did_you_mean(name, names));
}

/// For ModelType::make_options.
template <class T>
std::unique_ptr<Options> new_model_options() {
    return std::make_unique<T>();
}

}  // namespace heed
