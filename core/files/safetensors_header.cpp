#include "heed/core/files/safetensors_header.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

using json = nlohmann::json;

constexpr std::pair<DType, std::string_view> stored_dtypes[] = {
    {DType::f32, "F32"}, {DType::f16, "F16"}, {DType::bf16, "BF16"}, {DType::f64, "F64"},
    {DType::i32, "I32"}, {DType::i64, "I64"}, {DType::u8, "U8"},     {DType::boolean, "BOOL"}};

std::string_view stored_name(DType dtype) {
    for (const auto& [candidate, name] : stored_dtypes) {
        if (candidate == dtype) return name;
    }
    throw Error("a tensor of dtype " + std::string(dtype_name(dtype)) + " cannot be stored");
}

/// Reads the header event by event, so that hostile nesting or width costs no memory and duplicate names are seen.
class HeaderReader : public json::json_sax_t {
public:
    explicit HeaderReader(const std::string& path) : path_(path) {}

    SafetensorsHeader take() { return std::move(header_); }

    bool start_object(size_t) override {
        if (state_ == State::file) {
            state_ = State::header;
        } else if (state_ == State::header_value) {
            const bool is_metadata = range_.name == "__metadata__";
            state_ = is_metadata ? State::metadata : State::tensor;
        } else {
            unexpected("an object");
        }
        return true;
    }

    bool end_object() override {
        if (state_ == State::tensor) {
            if (seen_.size() != 3) fail_tensor("has not all of dtype, shape and data_offsets");
            if (offsets_.size() != 2 || offsets_[0] > offsets_[1]) {
                fail_tensor("has data_offsets that are not two rising numbers");
            }
            range_.begin = static_cast<uint64_t>(offsets_[0]);
            range_.end = static_cast<uint64_t>(offsets_[1]);
            header_.tensors.push_back(std::move(range_));
        }
        state_ = state_ == State::header ? State::end : State::header;
        return true;
    }

    bool key(std::string& text) override {
        if (state_ == State::header) {
            if (text.empty()) throw UserError(path_ + ": the header has a tensor without a name");
            if (!names_.insert(text).second)
                throw UserError(path_ + ": " + quote(text) + " stands in the header twice");
            range_ = SafetensorsRange{};
            range_.name = text;
            seen_.clear();
            offsets_.clear();
            state_ = State::header_value;
        } else if (state_ == State::metadata) {
            if (header_.metadata.contains(text)) {
                throw UserError(path_ + ": the metadata " + quote(text) + " stands in the header twice");
            }
            key_ = text;
            state_ = State::metadata_value;
        } else {
            if (text != "dtype" && text != "shape" && text != "data_offsets") {
                fail_tensor("has the unknown key " + quote(text));
            }
            if (!seen_.insert(text).second) fail_tensor("has " + text + " twice");
            key_ = text;
            state_ = State::tensor_value;
        }
        return true;
    }

    bool string(std::string& text) override {
        if (state_ == State::metadata_value) {
            header_.metadata.emplace(key_, text);
            state_ = State::metadata;
        } else if (state_ == State::tensor_value && key_ == "dtype") {
            const auto* found = std::find_if(std::begin(stored_dtypes), std::end(stored_dtypes),
                                             [&](const auto& entry) { return entry.second == text; });
            if (found == std::end(stored_dtypes)) {
                fail_tensor("has dtype " + quote(text) + "; expected F32, F16, BF16, F64, I32, I64, U8 or BOOL");
            }
            range_.dtype = found->first;
            state_ = State::tensor;
        } else {
            unexpected("a text");
        }
        return true;
    }

    bool start_array(size_t) override {
        if (state_ != State::tensor_value || key_ == "dtype") unexpected("a list");
        state_ = State::list;
        return true;
    }

    bool end_array() override {
        state_ = State::tensor;
        return true;
    }

    bool number_unsigned(uint64_t value) override {
        if (state_ != State::list) unexpected("a number");
        if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            fail_tensor("has the number " + std::to_string(value) + " in its " + key_);
        }
        (key_ == "shape" ? range_.shape : offsets_).push_back(static_cast<int64_t>(value));
        return true;
    }

    bool null() override { unexpected("null"); }
    bool boolean(bool) override { unexpected("a truth value"); }
    bool number_integer(int64_t) override { unexpected("a negative number"); }
    bool number_float(double, const std::string&) override { unexpected("a number that is not whole"); }
    bool binary(binary_t&) override { unexpected("binary data"); }

    bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
        throw UserError(path_ + ": the header is not valid JSON at byte " + std::to_string(position));
    }

private:
    enum class State { file, header, header_value, metadata, metadata_value, tensor, tensor_value, list, end };

    [[noreturn]] void fail_tensor(const std::string& what) const {
        throw UserError(path_ + ": tensor " + quote(range_.name) + " " + what);
    }

    [[noreturn]] void unexpected(const std::string& what) const {
        switch (state_) {
            case State::tensor_value:
                fail_tensor("has " + what + " as its " + key_);
            case State::list:
                fail_tensor("has " + what + " in its " + key_);
            case State::header_value:
                throw UserError(path_ + ": the header has " + what + " as " + quote(range_.name) +
                                "; expected an object");
            case State::metadata_value:
                throw UserError(path_ + ": the metadata " + quote(key_) + " is " + what + "; expected a text");
            default:
                throw UserError(path_ + ": the header is " + what + "; expected an object");
        }
    }

    const std::string& path_;
    SafetensorsHeader header_;
    std::set<std::string> names_;
    State state_ = State::file;
    std::string key_;             // of the tensor or the metadata
    SafetensorsRange range_;      // the tensor being read
    std::set<std::string> seen_;  // its keys so far
    std::vector<int64_t> offsets_;
};

void check_ranges(const SafetensorsHeader& header, const std::string& path) {
    uint64_t expected_begin = 0;
    for (const SafetensorsRange& range : header.tensors) {
        const std::string tensor = path + ": tensor " + quote(range.name);
        uint64_t bytes = 0;
        if (!stored_bytes(range.dtype, range.shape, bytes))
            throw UserError(tensor + " has a shape of too many elements");
        if (bytes != range.end - range.begin) {
            throw UserError(tensor + " needs " + std::to_string(bytes) +
                            " bytes by its shape and dtype, its data_offsets " + "give " +
                            std::to_string(range.end - range.begin));
        }
        if (range.begin != expected_begin) {
            throw UserError(tensor + " begins at byte " + std::to_string(range.begin) + " of the data; expected " +
                            std::to_string(expected_begin) + ", where the one before it ends");
        }
        expected_begin = range.end;
    }
}

template <class T>
std::string json_list(const T& values) {
    std::string result;
    for (const auto value : values) {
        result += result.empty() ? '[' : ',';
        result += std::to_string(value);
    }
    return result.empty() ? "[]" : result + "]";
}

}  // namespace

bool stored_bytes(DType dtype, const std::vector<int64_t>& shape, uint64_t& bytes) {
    auto total = static_cast<int64_t>(dtype_size(dtype));
    for (const int64_t size : shape) {
        if (size < 0 || __builtin_mul_overflow(total, size, &total)) return false;
    }
    bytes = static_cast<uint64_t>(total);
    return true;
}

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& path) {
    // The JSON parser would take a zero byte for the end of the text.
    if (text.empty() || text.front() != '{' || text.find('\0') != std::string_view::npos) {
        throw UserError(path + ": the header is not a JSON object; this is not a safetensors file");
    }
    HeaderReader reader(path);
    json::sax_parse(text.begin(), text.end(), &reader);
    SafetensorsHeader header = reader.take();
    std::sort(header.tensors.begin(), header.tensors.end(), [](const SafetensorsRange& a, const SafetensorsRange& b) {
        return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    check_ranges(header, path);
    return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header, const std::string& path) {
    const auto quoted = [&path](const std::string& text) {
        try {
            return json(text).dump();
        } catch (const json::exception&) {
            throw Error("cannot write " + path + ": the text " + quote(text) + " is not UTF-8");
        }
    };
    std::string text;
    for (const auto& [key, value] : header.metadata) {
        text += (text.empty() ? "{\"__metadata__\":{" : ",") + quoted(key) + ":" + quoted(value);
    }
    text += text.empty() ? "{" : "}";
    for (const SafetensorsRange& range : header.tensors) {
        if (text.size() > 1) text += ",";
        text += quoted(range.name) + ":{\"dtype\":\"" + std::string(stored_name(range.dtype)) +
                "\",\"shape\":" + json_list(range.shape) +
                ",\"data_offsets\":" + json_list(std::initializer_list<uint64_t>{range.begin, range.end}) + "}";
    }
    text += "}";
    text.resize((text.size() + 7) / 8 * 8, ' ');
    return text;
}

}  // namespace heed
