#pragma once

#include <fstream>
#include <optional>
#include <string>

#include "heed/trainers/record/progress.h"

namespace heed {

/// What a run tells its user: lines on standard error, above the progress of the steps, and, once the run folder is
/// known, in its log.txt. Throws Error when a line cannot be written there.
class RunLog {
public:
    /// One that does not speak says and writes nothing.
    explicit RunLog(bool speaks = true) : speaks_(speaks) {}

    /// From now on lines go to the file as well, appended. Throws UserError when it cannot be written.
    void open(const std::string& path);
    /// From now on steps are shown.
    void show_progress(const ProgressPlan& plan) {
        if (speaks_) progress_.emplace(plan);
    }

    void line(const std::string& text);
    void step(int64_t step, int64_t epoch, double loss, int64_t items, double seconds);
    /// Something else than steps begins, such as "validation".
    void pause(const std::string& activity);
    /// The end of an epoch: a line of its metrics, with speed and time added.
    void end_epoch(const std::string& metrics);
    void end_progress() { progress_.reset(); }
    /// Why the run ends, for the file alone: that it cannot be written there is no reason to say something else.
    void failure(const std::string& text) noexcept;

private:
    void to_file(const std::string& text);

    bool speaks_;
    std::string path_;
    std::ofstream file_;
    std::optional<Progress> progress_;
};

}  // namespace heed
