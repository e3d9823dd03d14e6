#include "heed/trainers/recipe/yaml/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "heed/core/error.h"
#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/recipe/yaml/yaml_faults.h"

namespace heed {
namespace {

class EntryHandler : public YAML::EventHandler {
public:
    EntryHandler(const std::string& file, const YamlLines& lines) : file_(file), lines_(lines) {}

    std::vector<YamlEntry> take_entries() { return std::move(entries_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) fail(mark, "a recipe is one document, but a second one starts here (---)");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (frames_.empty()) return;  // an empty document has no entries, which the caller reports
        check(mark, "?", anchor);
        if (expects_key()) fail(mark, "a key is missing");
        // yaml-cpp places a value that is not there on the line after its key.
        const int line = frames_.back().is_list ? mark.line + 1 : frames_.back().line;
        const std::string& key = frames_.back().key;
        if (!key.empty() && key[0] >= '0' && key[0] <= '9') {  // of {lr: 0,001}
            fail_at(line, frames_.back().path + ": expected a key, got " + quote(key) +
                              " (a number has a decimal point, not a comma)");
        }
        fail_at(line, here() + " has no value (give one, or remove the line)");
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        fail(mark, "aliases (*name) are not used in recipes");
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check(mark, tag, anchor);
        if (expects_key()) return start_key(mark, value);
        check_scalar(mark, tag, value);
        if (frames_.empty()) fail(mark, "expected keys such as model: at the top, got the text " + quote(value));
        if (frames_.back().is_list) {
            entries_[frames_.back().entry].items.push_back(value);
            return;
        }
        add(YamlEntry::Kind::scalar).items.push_back(value);
        frames_.back().key.clear();
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        start_collection(mark, tag, anchor, "a list");
        add(YamlEntry::Kind::list);
        frames_.push_back({.path = here(), .entry = entries_.size() - 1, .is_list = true});
    }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        if (frames_.empty()) {
            check(mark, tag, anchor);
            return frames_.push_back({});
        }
        start_collection(mark, tag, anchor, "a group of keys");
        add(YamlEntry::Kind::mapping);
        frames_.push_back({.path = here()});
    }

    void OnSequenceEnd() override { end_collection(); }
    void OnMapEnd() override { end_collection(); }

private:
    /// A mapping or a list that is open at this place.
    struct Frame {
        std::string path;
        size_t entry = 0;
        bool is_list = false;
        std::string key = {};  // the key whose value comes next; empty when a key comes next
        int line = 0;
        std::vector<std::string> seen = {};
    };

    [[noreturn]] void fail_at(int line, const std::string& what) const {
        throw UserError(file_ + ":" + std::to_string(line) + ": " + what);
    }

    [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const { fail_at(mark.line + 1, what); }

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
        if (anchor != 0) fail(mark, "anchors (&name) are not used in recipes");
        if (!tag.empty() && tag != "?" && tag != "!") fail(mark, "tags (" + quote(tag) + ") are not used in recipes");
    }

    bool expects_key() const { return !frames_.empty() && !frames_.back().is_list && frames_.back().key.empty(); }

    /// `tag` is "?" for a text without quotes.
    void check_scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) const {
        if (tag != "?") {
            if (!lines_.closes_quote(mark.line, mark.column)) fail(mark, prefix() + "expected a quote at its end");
            return;
        }
        if (frames_.empty()) {
            const std::string separator = missing_separator(value);
            if (!separator.empty()) fail(mark, separator);
        }
        const std::string first = blank_look_alike(value), last = blank_look_alike_at_end(value);
        if (!first.empty()) fail(mark, prefix() + "expected a space before the value, got " + first);
        if (!last.empty()) fail(mark, prefix() + "expected nothing after the value, got " + last);
        if (is_in_typographic_quotes(value)) {
            fail(mark, prefix() + "expected straight quotes (\"\"), got typographic ones: " + value);
        }
    }

    std::string prefix() const { return frames_.empty() ? "" : here() + ": "; }

    /// The dotted name of the place whose value is being read.
    std::string here() const {
        const Frame& frame = frames_.back();
        if (frame.is_list || frame.key.empty()) return frame.path;
        return frame.path.empty() ? frame.key : frame.path + "." + frame.key;
    }

    void start_key(const YAML::Mark& mark, const std::string& key) {
        Frame& frame = frames_.back();
        const std::string path = frame.path.empty() ? key : frame.path + "." + key;
        if (key.empty()) fail(mark, "a key is empty");
        const std::string separator = missing_separator(key);
        if (!separator.empty()) fail(mark, separator);
        const std::string first = blank_look_alike(key), last = blank_look_alike_at_end(key);
        if (!first.empty()) fail(mark, "expected " + quote(ascii_twin(key)) + " to begin with its name, got " + first);
        if (!last.empty()) fail(mark, "expected a colon after " + quote(ascii_twin(key)) + ", got " + last);
        if (key == "<<") fail(mark, "merge keys (<<) are not used in recipes; use base: other.yaml");
        if (key.find('.') != std::string::npos) {
            fail(mark, quote(key) + " has a dot; in a file, write the second part indented below the first");
        }
        if (std::find(frame.seen.begin(), frame.seen.end(), key) != frame.seen.end()) {
            fail(mark, quote(path) + " is given twice");
        }
        if (frame.seen.size() == most_keys) fail(mark, "there are too many keys");
        frame.seen.push_back(key);
        frame.key = key;
        frame.line = mark.line + 1;
    }

    void start_collection(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                          const char* what) const {
        check(mark, tag, anchor);
        if (frames_.empty()) fail(mark, "expected keys such as model: at the top, got a list");
        if (expects_key()) fail(mark, std::string("a key has to be a name, not ") + what);
        if (frames_.back().is_list) {
            fail(mark, quote(here()) + " is a list here, which may hold only single values, not " + what);
        }
        if (frames_.size() == deepest) fail(mark, quote(here()) + " is nested too deeply");
    }

    void end_collection() {
        frames_.pop_back();
        if (!frames_.empty()) frames_.back().key.clear();
    }

    YamlEntry& add(YamlEntry::Kind kind) {
        return entries_.emplace_back(YamlEntry{here(), kind, {}, frames_.back().line});
    }

    static constexpr size_t deepest = 8;
    static constexpr size_t most_keys = 1000;

    const std::string& file_;
    const YamlLines& lines_;
    std::vector<YamlEntry> entries_;
    std::vector<Frame> frames_;
    int documents_ = 0;
};

/// What yaml-cpp would accept without a word or report in a way that helps nobody.
void check_lines(const YamlLines& lines, const std::string& file) {
    for (int i = 0; i < lines.count(); i++) {
        const std::string_view line = lines.at(i);
        const std::string place = file + ":" + std::to_string(i + 1) + ": ";
        if (!is_clean_text(line)) throw UserError(place + "is not plain text in UTF-8");
        if (line.find('\r') != std::string_view::npos) {
            throw UserError(place + "expected lines that end in LF or CRLF, got a carriage return alone");
        }
        const size_t indentation = std::min(line.find_first_not_of(" \t"), line.size());
        if (indentation < line.size() && line.substr(0, indentation).find('\t') != std::string_view::npos) {
            throw UserError(place + "is indented with a tab; YAML wants spaces");
        }
        const std::string blank = blank_look_alike(line.substr(indentation));
        if (!blank.empty()) throw UserError(place + "expected spaces before the first word, got " + blank);
        if (line.starts_with('%')) throw UserError(place + "YAML directives (%) are not used in recipes");
    }
}

/// Length in bytes of the UTF-8 character at the front, 0 when it is none.
size_t utf8_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || no_character ? 0 : length;
}

}  // namespace

bool is_clean_text(std::string_view text) {
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text[0]);
        const bool control = (first < 0x20 && first != '\n' && first != '\r' && first != '\t') || first == 0x7f;
        const size_t length = utf8_length(text);
        if (control || length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::vector<YamlEntry> read_yaml(std::string_view text, const std::string& file) {
    const YamlLines lines(text);
    check_lines(lines, file);
    EntryHandler handler(file, lines);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(handler)) {
        }
    } catch (const YAML::Exception& error) {
        const bool placed = !error.mark.is_null();
        const YamlFault fault = explain_fault(lines, placed ? error.mark.line : lines.count() - 1,
                                              placed ? error.mark.column : 0, error.msg);
        throw UserError(file + ":" + std::to_string(fault.line + 1) + ": " + fault.what);
    }
    return handler.take_entries();
}

}  // namespace heed
