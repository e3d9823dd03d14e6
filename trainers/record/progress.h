#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

/// What a training will do, for the display of its progress.
struct ProgressPlan {
    int64_t steps = 0;   ///< optimizer steps at the end of the training
    int64_t epochs = 0;  ///< epochs at the end of the training
    std::string items = "images";
    int64_t epoch = 0;  ///< the one that ended last, of a run that is resumed
};

/// "loss 0.1234"
std::string loss_text(double loss);

/// Seconds from some fixed moment on; never goes back.
double monotonic_seconds();

/// Shows how a training goes. On a terminal: one line with a bar, redrawn at most ten times a second, under permanent
/// lines for epochs and messages. Elsewhere, and on a dumb terminal: a plain line for the first step, at least every
/// ten seconds, and for each epoch. A stream that cannot be written to is no reason to end a training: errors are
/// ignored.
class Progress {
public:
    using Clock = double (*)();

    explicit Progress(ProgressPlan plan, int descriptor = 2, Clock clock = monotonic_seconds);
    /// Removes the bar.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Step number `step` (from 1) of epoch number `epoch` (from 1) is done, with its mean loss over its number of
    /// items. Items per second are those of the steps' own `seconds`, as in the report.
    void step(int64_t step, int64_t epoch, double loss, int64_t items, double seconds);
    /// Something other than training steps begins, such as "validation". The next step() ends it.
    void pause(std::string_view activity);
    /// A permanent line for the epoch: `metrics` as they are to be shown, items per second and time. Returns the line.
    std::string end_epoch(std::string_view metrics);
    /// A permanent line of its own.
    void message(std::string_view line);
    /// Removes the bar.
    void finish();

private:
    void draw(double now);
    void print_line();
    void write_out();

    ProgressPlan plan_;
    int descriptor_;
    Clock clock_;
    bool interactive_;
    bool colours_;

    int64_t step_ = 0;
    int64_t epoch_ = 0;
    double loss_ = 0.0;
    std::string activity_;

    int64_t first_step_ = 0;  // the first that was shown; time left is measured from its end on
    double first_time_ = 0.0;
    double recent_items_ = 0.0;
    double recent_seconds_ = 0.0;
    double epoch_begin_;
    double epoch_seconds_ = 0.0;  // in steps
    double epoch_items_ = 0.0;

    double last_shown_ = -1.0;
    bool bar_visible_ = false;
    std::string left_;  // of the bar; kept, as line_, to allocate nothing once they are long enough
    std::string right_;
    std::string line_;
};

}  // namespace heed
