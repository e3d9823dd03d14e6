#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "heed/core/settings/field.h"

namespace heed {

/// The settings of one component, in the order in which they are shown. Parsing, overrides, help, the resolved recipe
/// and the reference page all come from this list.
class Fields {
public:
    Fields() = default;
    // Fields point into an options struct: a copy would share it unseen.
    Fields(const Fields&) = delete;
    Fields& operator=(const Fields&) = delete;

    /// Declares a setting bound to `member`, which must outlive this list.
    Field& add(std::string name, bool& member, std::string help);
    Field& add(std::string name, int64_t& member, std::string help);
    Field& add(std::string name, double& member, std::string help);
    Field& add(std::string name, std::string& member, std::string help);
    Field& add(std::string name, Span& member, std::string help);
    Field& add(std::string name, std::vector<std::string>& member, std::string help);
    Field& add(std::string name, std::vector<double>& member, std::string help);

    /// The field of that name, or null.
    Field* find(std::string_view name);
    std::vector<std::string> names() const;

    auto begin() { return fields_.begin(); }
    auto end() { return fields_.end(); }
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    Field& append(std::string name, Field::Member member, std::string help);

    std::deque<Field> fields_;  // a deque, so that what add returned stays valid
};

/// The settings of a component as a plain struct that declares its own fields.
struct Options {
    virtual ~Options() = default;
    /// Declares every setting. The values of the members at this moment are the defaults.
    virtual void describe(Fields& fields) = 0;
    /// Checks what concerns several settings at once. Throws a UserError that names them as a recipe does ("model.heads
    /// must divide model.dim"), so that their place in the recipe can be told.
    virtual void validate() const {}
};

}  // namespace heed
