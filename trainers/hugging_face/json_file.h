#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace heed {

/// A file with one JSON object, as Hugging Face has them beside weights. Errors are UserErrors that name file and key,
/// what was expected and what came. A value that is null counts as one that is not there.
class JsonFile {
public:
    /// Throws UserError where the file is missing, no JSON, or no object.
    explicit JsonFile(const std::string& path);

    const std::string& path() const { return path_; }
    const nlohmann::json& json() const { return *json_; }
    bool has(const std::string& key) const;

    /// A whole number from 1 to 2^30.
    int64_t size(const std::string& key) const;
    /// The same, or 0; `otherwise` where the key is missing.
    int64_t count(const std::string& key, int64_t otherwise) const;
    double number(const std::string& key, double otherwise) const;
    bool flag(const std::string& key, bool otherwise) const;
    /// A list of numbers; `otherwise` where the key is missing.
    std::vector<double> numbers(const std::string& key, const std::vector<double>& otherwise) const;
    std::string text(const std::string& key) const;
    std::string text(const std::string& key, const std::string& otherwise) const;
    /// The names of the classes in "id2label", an object of numbers from 0 on; empty where it is missing. Classes of
    /// one name (two of ImageNet's are cranes) get their number behind it.
    std::vector<std::string> class_names() const;

    /// The first of "architectures": "BertModel"; empty where there is none.
    std::string architecture() const;

    /// Throws UserError unless the key is missing or has this value.
    void expect_flag(const std::string& key, bool value) const;
    void expect_text(const std::string& key, const std::string& value) const;

    [[noreturn]] void fail(const std::string& key, const std::string& expected) const;

private:
    std::string path_;
    std::shared_ptr<const nlohmann::json> json_;
};

/// The file where it exists.
std::optional<JsonFile> optional_json_file(const std::string& path);

}  // namespace heed
