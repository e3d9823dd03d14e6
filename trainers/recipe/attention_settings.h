#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/attention/registry.h"

namespace heed {

/// An attention type with the text of every setting that it has: what two places have to agree in so that both have the
/// same attention.
struct AttentionSettings {
    const AttentionType* type = nullptr;
    std::vector<std::pair<std::string, std::string>> values;  ///< "rounds" and "2", in the order of the type

    bool operator==(const AttentionSettings&) const = default;
    /// "smyrf bias=true dropout=0 rounds=2 cluster=32 block=64".
    std::string text() const;
};

/// Those that the fields of a type's options have.
AttentionSettings attention_settings(const AttentionType& type, const Fields& fields);

/// Options of a type with these settings, the others as they are by default. Throws UserError, with the nearest name,
/// for settings that the type does not have, that come twice, and values that cannot be.
std::unique_ptr<Options> attention_options(const AttentionType& type,
                                           const std::vector<std::pair<std::string, std::string>>& values);

/// Reads "smyrf rounds=2", the other settings as they are by default. Throws UserError as attention_options does, and
/// for types that there are not.
AttentionSettings read_attention_settings(std::string_view text);

/// "cluster=16, rounds=4": the settings in which it differs from another one of its type; empty where it does not.
std::string settings_unlike(const AttentionSettings& settings, const AttentionSettings& other);

}  // namespace heed
