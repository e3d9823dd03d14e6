#include "heed/trainers/answers/input_lines.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/system_error.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

namespace {

constexpr std::size_t longest_line = 1U << 20U;

/// The lines of a file descriptor, which it closes unless it is standard input.
class LineReader {
public:
    LineReader(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
    ~LineReader() {
        if (descriptor_ != STDIN_FILENO) close(descriptor_);
    }
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    /// False after the last line.
    bool next(InputLine& line) {
        while (!has_line()) {
            if (ended_) return false;
            fill();
        }
        const std::size_t end = std::min(buffer_.find('\n', begin_), buffer_.size());
        refuse_longer(end - begin_);
        ++number_;
        line.place = fmt::format("{}:{}", name_, number_);
        line.text = buffer_.substr(begin_, end - begin_);
        begin_ = end + 1;
        if (number_ == 1 && line.text.starts_with("\xef\xbb\xbf")) line.text.erase(0, 3);
        if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
        const std::string problem = text_problem(line.text);
        if (!problem.empty()) throw UserError(fmt::format("{}: expected text, found {}", line.place, problem));
        return true;
    }

    /// Whether the next line has not been written yet.
    bool waits() {
        while (!has_line() && !ended_) {
            pollfd state = {descriptor_, POLLIN, 0};
            if (poll(&state, 1, 0) == 0) return true;
            fill();
        }
        return false;
    }

private:
    bool has_line() const {
        const bool last = ended_ && begin_ < buffer_.size();
        return last || (begin_ < buffer_.size() && buffer_.find('\n', begin_) != std::string::npos);
    }

    void refuse_longer(std::size_t bytes) const {
        if (bytes <= longest_line) return;
        throw UserError(fmt::format("{}:{}: expected a line of at most {} bytes, found a longer one", name_,
                                    number_ + 1, longest_line));
    }

    void fill() {
        refuse_longer(buffer_.size() - std::min(begin_, buffer_.size()));
        buffer_.erase(0, begin_);
        begin_ = 0;
        std::array<char, 65536> bytes{};
        const ssize_t count = read(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) return;
        if (count < 0) throw_system_error(fmt::format("cannot read {}", name_), errno);
        ended_ = count == 0;
        buffer_.append(bytes.data(), static_cast<std::size_t>(count));
    }

    int descriptor_;
    std::string name_;
    std::string buffer_;
    std::size_t begin_ = 0;  // of what has not been handed on
    int64_t number_ = 0;
    bool ended_ = false;
};

}  // namespace

void answer_lines(const std::vector<std::string>& files, std::size_t most,
                  const std::function<void(const std::vector<InputLine>&)>& answer) {
    std::vector<InputLine> lines;
    const auto answer_all = [&] {
        const std::vector<InputLine> ready = std::exchange(lines, {});
        if (!ready.empty()) answer(ready);
    };
    const std::vector<std::string> names = files.empty() ? std::vector<std::string>{"-"} : files;
    for (const std::string& file : names) {
        const bool standard = file == "-";
        std::error_code ignored;
        if (!standard && std::filesystem::is_directory(file, ignored)) {
            throw UserError(fmt::format("cannot read {}: it is a folder", file));
        }
        const int descriptor = standard ? STDIN_FILENO : open(file.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) throw_system_error(fmt::format("cannot read {}", file), errno);
        LineReader reader(descriptor, standard ? "standard input" : file);
        InputLine line;
        try {
            while (reader.next(line)) {
                lines.push_back(line);
                if (lines.size() == most || reader.waits()) answer_all();
            }
        } catch (const UserError&) {
            answer_all();
            throw;
        }
        answer_all();
    }
}

}  // namespace heed
