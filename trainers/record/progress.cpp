#include "heed/trainers/record/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "heed/trainers/record/terminal.h"

namespace heed {
namespace {

constexpr double bar_interval = 0.1;    // seconds
constexpr double line_interval = 10.0;  // seconds
constexpr double recent_time = 5.0;     // seconds over which items per second are averaged
constexpr int narrowest_bar = 10;       // columns, with its brackets
constexpr std::string_view clear_line = "\r\x1b[K";

/// Into a text that is kept, so that nothing is allocated.
void append_loss(std::string& text, double loss) {
    fmt::format_to(std::back_inserter(text),
                   fmt::runtime(std::abs(loss) < 1e4 || std::isnan(loss) ? "loss {:.4f}" : "loss {:.3e}"), loss);
}

void append_rate(std::string& text, double items, double seconds, const std::string& name) {
    if (seconds <= 0.0) return;
    const double rate = items / seconds;
    fmt::format_to(std::back_inserter(text), "  {:.{}f} {}/s", rate, rate < 10.0 ? 2 : 0, name);
}

void append_duration(std::string& text, double seconds) {
    const auto total = static_cast<int64_t>(std::lround(std::clamp(seconds, 0.0, 1e9)));
    if (total >= 3600) {
        fmt::format_to(std::back_inserter(text), "{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
    } else {
        fmt::format_to(std::back_inserter(text), "{}:{:02}", total / 60, total % 60);
    }
}

}  // namespace

std::string loss_text(double loss) {
    std::string text;
    append_loss(text, loss);
    return text;
}

double monotonic_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(ProgressPlan plan, int descriptor, Clock clock)
    : plan_(std::move(plan)),
      descriptor_(descriptor),
      clock_(clock),
      interactive_(is_interactive(descriptor)),
      colours_(colours_wanted()),
      epoch_(plan_.epoch),
      epoch_begin_(clock()) {}

Progress::~Progress() {
    finish();
}

void Progress::step(int64_t step, int64_t epoch, double loss, int64_t items, double seconds) {
    const double now = clock_();
    const auto item_count = static_cast<double>(items);
    step_ = step;
    epoch_ = epoch;
    loss_ = loss;
    activity_.clear();
    if (first_step_ == 0) {
        first_step_ = step;
        first_time_ = now;
    }
    const double kept = std::exp(-seconds / recent_time);
    recent_items_ = recent_items_ * kept + item_count;
    recent_seconds_ = recent_seconds_ * kept + seconds;
    epoch_items_ += item_count;
    epoch_seconds_ += seconds;
    if (last_shown_ < 0.0 || now - last_shown_ >= (interactive_ ? bar_interval : line_interval)) draw(now);
}

void Progress::pause(std::string_view activity) {
    activity_ = activity;
    if (interactive_ && step_ > 0) draw(clock_());
}

std::string Progress::end_epoch(std::string_view metrics) {
    const double now = clock_();
    line_.clear();
    fmt::format_to(std::back_inserter(line_), "epoch {}/{}", epoch_, plan_.epochs);
    if (!metrics.empty()) fmt::format_to(std::back_inserter(line_), "  {}", metrics);
    append_rate(line_, epoch_items_, epoch_seconds_, plan_.items);
    line_ += "  ";
    append_duration(line_, now - epoch_begin_);
    std::string shown = line_;
    print_line();
    last_shown_ = now;
    epoch_begin_ = now;
    epoch_seconds_ = epoch_items_ = 0.0;
    return shown;
}

void Progress::message(std::string_view line) {
    line_ = line;
    print_line();
}

void Progress::finish() {
    if (!bar_visible_) return;
    line_ = clear_line;
    write_out();
    bar_visible_ = false;
}

void Progress::draw(double now) {
    left_.clear();
    right_.clear();
    fmt::format_to(std::back_inserter(left_), "epoch {}/{}", epoch_, plan_.epochs);
    fmt::format_to(std::back_inserter(right_), "{}{}/{}  ", interactive_ ? "" : "step ", step_, plan_.steps);
    append_loss(right_, loss_);
    if (activity_.empty()) {
        append_rate(right_, recent_items_, recent_seconds_, plan_.items);
    } else {
        fmt::format_to(std::back_inserter(right_), "  {}", activity_);
    }
    if (step_ > first_step_) {
        const double per_step = (now - first_time_) / static_cast<double>(step_ - first_step_);
        right_ += "  ";
        append_duration(right_, per_step * static_cast<double>(plan_.steps - step_));
        right_ += " left";
    }
    last_shown_ = now;
    if (!interactive_) {
        line_ = left_;
        line_ += "  ";
        line_ += right_;
        print_line();
        return;
    }
    // A line as wide as the terminal would make some terminals scroll.
    const int width = terminal_width(descriptor_) - 1;
    const int bar = width - static_cast<int>(left_.size() + right_.size()) - 2;
    line_ = clear_line;
    if (bar >= narrowest_bar) {
        const double done = plan_.steps > 0 ? static_cast<double>(step_) / static_cast<double>(plan_.steps) : 0.0;
        const int filled = static_cast<int>(std::clamp(done, 0.0, 1.0) * (bar - 2));
        line_ += left_;
        line_ += colours_ ? " [\x1b[32m" : " [";
        line_.append(static_cast<size_t>(filled), '=');
        if (colours_) line_ += "\x1b[0m";
        line_.append(static_cast<size_t>(bar - 2 - filled), ' ');
        line_ += "] ";
        line_ += right_;
    } else {
        left_ += "  ";
        left_ += right_;
        line_.append(left_, 0, static_cast<size_t>(std::max(width, 0)));
    }
    write_out();
    bar_visible_ = true;
}

/// Writes line_ as a permanent line; a bar moves below it.
void Progress::print_line() {
    line_ += '\n';
    const bool had_bar = bar_visible_;
    if (had_bar) line_.insert(0, clear_line);
    write_out();
    bar_visible_ = false;
    if (had_bar) draw(clock_());
}

void Progress::write_out() {
    const char* next = line_.data();
    const char* const end = next + line_.size();
    while (next < end) {
        const ssize_t written = write(descriptor_, next, static_cast<size_t>(end - next));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        next += written;
    }
}

}  // namespace heed
