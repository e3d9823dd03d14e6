#include "heed/apps/comparison/comparison_display.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "heed/trainers/comparison/run_progress.h"
#include "heed/trainers/record/progress.h"
#include "heed/trainers/record/terminal.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int error_stream = 2;
constexpr double redraw_interval = 0.5;  // seconds
constexpr double line_interval = 30.0;   // seconds

/// The beginning of a line of text that fits, counted in characters.
std::string cut(const std::string& line, size_t width) {
    size_t shown = 0, end = 0;
    for (; end < line.size(); ++end) {
        if ((static_cast<unsigned char>(line[end]) & 0xc0) != 0x80 && ++shown > width) break;
    }
    return line.substr(0, end);
}

}  // namespace

ComparisonDisplay::ComparisonDisplay(std::vector<PlannedRun> all, std::function<std::string()> table,
                                     std::function<std::string(const PlannedRun&)> result)
    : all_(std::move(all)),
      table_(std::move(table)),
      result_(std::move(result)),
      interactive_(is_interactive(error_stream)),
      started_(monotonic_seconds()),
      shown_(started_) {
    for (const PlannedRun& run : all_) done_[run.folder] = is_done(run) ? 1.0 : run_progress(run.folder).share();
    done_at_start_ = share_done();
    shown_table_ = table_();
}

ComparisonDisplay::~ComparisonDisplay() {
    clear();
}

double ComparisonDisplay::share_done() const {
    double sum = 0.0;
    for (const auto& [folder, share] : done_) sum += share;
    return sum;
}

std::string ComparisonDisplay::count_text(const PlannedRun& run) const {
    const auto at =
        std::find_if(all_.begin(), all_.end(), [&](const PlannedRun& each) { return each.folder == run.folder; });
    return fmt::format("run {} of {}: {}", at - all_.begin() + 1, all_.size(), run.text());
}

std::string ComparisonDisplay::time_left() const {
    const double done = share_done() - done_at_start_, seconds = monotonic_seconds() - started_;
    if (!(done > 0.0)) return "";
    const double left = static_cast<double>(done_.size()) - share_done();
    return "about " + duration_text(seconds / done * left) + " left";
}

std::string ComparisonDisplay::running_text() const {
    std::string text;
    for (const PlannedRun& run : running_) {
        const RunProgress progress = run_progress(run.folder);
        text += count_text(run);
        if (progress.steps > 0) text += fmt::format("  step {}/{}", progress.step, progress.steps);
        text += "\n";
    }
    return text;
}

void ComparisonDisplay::begun(const PlannedRun& run) {
    running_.push_back(run);
    if (!interactive_) line(count_text(run));
}

void ComparisonDisplay::end_run(const PlannedRun& run) {
    std::erase_if(running_, [&](const PlannedRun& each) { return each.folder == run.folder; });
    done_[run.folder] = 1.0;
}

void ComparisonDisplay::ended(const PlannedRun& run) {
    end_run(run);
    const std::string left = time_left();
    line(count_text(run) + ": " + result_(run) + (left.empty() || running_.empty() ? "" : "; " + left));
    shown_table_ = table_();
}

void ComparisonDisplay::failed(const FailedRun& failed) {
    end_run(failed.run);
    line(count_text(failed.run) + " failed: " + failed.error);
}

void ComparisonDisplay::tick() {
    const double now = monotonic_seconds();
    if (now - shown_ < (interactive_ ? redraw_interval : line_interval)) return;
    shown_ = now;
    for (const PlannedRun& run : running_) done_[run.folder] = run_progress(run.folder).share();
    if (interactive_) {
        draw();
    } else {
        std::string text = running_text() + time_left();
        std::replace(text.begin(), text.end(), '\n', ' ');
        line(text);
    }
}

void ComparisonDisplay::line(const std::string& text) {
    clear();
    fmt::print(stderr, "{}\n", text);
    std::fflush(stderr);
}

void ComparisonDisplay::clear() {
    if (lines_ == 0) return;
    fmt::print(stderr, "\x1b[{}A\x1b[J", lines_);
    std::fflush(stderr);
    lines_ = 0;
}

void ComparisonDisplay::draw() {
    const auto width = static_cast<size_t>(std::max(20, terminal_width(error_stream) - 1));
    const std::string left = time_left();
    std::istringstream all(shown_table_ + running_text() + (left.empty() ? "" : left + "\n"));
    std::string text, each;
    int count = 0;
    for (; std::getline(all, each); ++count) text += cut(each, width) + "\n";
    // One write, so that nothing flickers.
    fmt::print(stderr, "{}{}", lines_ == 0 ? "" : fmt::format("\x1b[{}A\x1b[J", lines_), text);
    std::fflush(stderr);
    lines_ = count;
}

}  // namespace heed
