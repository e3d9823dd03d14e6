#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "heed/apps/comparison/training_queue.h"

namespace heed {

/// Shows on standard error how the runs of a comparison go: on a terminal a table of what is known so far, the runs
/// that are trained and the time left, redrawn in place; elsewhere a line for each run and one every half a minute.
class ComparisonDisplay final : public QueueWatcher {
public:
    /// `all` are the runs of the comparison, also those that are to follow. `table` gives the table of those that have
    /// ended, or nothing; `result` what is to be said of one that has.
    ComparisonDisplay(std::vector<PlannedRun> all, std::function<std::string()> table,
                      std::function<std::string(const PlannedRun&)> result);
    ~ComparisonDisplay() override;

    void begun(const PlannedRun& run) override;
    void ended(const PlannedRun& run) override;
    void failed(const FailedRun& run) override;
    void tick() override;
    /// A line of its own.
    void line(const std::string& text);
    /// Removes what is redrawn.
    void clear();

private:
    std::string count_text(const PlannedRun& run) const;
    std::string running_text() const;
    std::string time_left() const;
    double share_done() const;
    void draw();
    void end_run(const PlannedRun& run);

    std::vector<PlannedRun> all_;
    std::function<std::string()> table_;
    std::function<std::string(const PlannedRun&)> result_;
    bool interactive_;
    std::vector<PlannedRun> running_;
    std::map<std::string, double> done_;  // share of each run, by its folder
    double done_at_start_ = 0.0;
    double started_ = 0.0;
    double shown_ = 0.0;
    int lines_ = 0;  // of what is redrawn
    std::string shown_table_;
};

}  // namespace heed
