#include "heed/core/settings/fields.h"

#include <stdexcept>
#include <utility>

namespace heed {

Field& Fields::append(std::string name, Field::Member member, std::string help) {
    if (find(name)) throw std::logic_error("the field " + name + " is declared twice");
    return fields_.emplace_back(std::move(name), member, std::move(help));
}

Field& Fields::add(std::string name, bool& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, int64_t& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, double& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, std::string& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, Span& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, std::vector<std::string>& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field& Fields::add(std::string name, std::vector<double>& member, std::string help) {
    return append(std::move(name), &member, std::move(help));
}

Field* Fields::find(std::string_view name) {
    for (Field& field : fields_) {
        if (field.name() == name) return &field;
    }
    return nullptr;
}

std::vector<std::string> Fields::names() const {
    std::vector<std::string> result;
    for (const Field& field : fields_) result.push_back(field.name());
    return result;
}

}  // namespace heed
