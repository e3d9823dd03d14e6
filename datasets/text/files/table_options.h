#pragma once

#include <optional>
#include <string>

#include "heed/core/settings/fields.h"
#include "heed/datasets/text/files/table_reader.h"

namespace heed {

/// Settings of a data set (`data.*` of a recipe) that say how its tables are written.
struct TableOptions : Options {
    std::string format = "auto";
    std::string separator = "auto";
    bool header = true;

    void describe(Fields& fields) override;
    void validate() const override;

    /// The format that the settings tell; nothing where the name of a file has to.
    std::optional<TableFormat> given_format() const;
    /// What TableLayout::separator is to be.
    char separator_character() const;
    /// Of a file of that name. UserError where neither the settings nor the name tell the format.
    TableLayout layout(const std::string& file_name) const;
};

}  // namespace heed
