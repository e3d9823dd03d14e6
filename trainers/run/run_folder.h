#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace heed {

/// Where things lie in a run folder; needs no folder to exist.
class RunPaths {
public:
    explicit RunPaths(const std::string& folder);

    const std::string& folder() const { return folder_; }
    std::string recipe() const { return folder_ + "/recipe.yaml"; }
    std::string metrics() const { return folder_ + "/metrics.jsonl"; }
    std::string events() const { return folder_ + "/events.out.tfevents.heed"; }
    std::string log() const { return folder_ + "/log.txt"; }
    std::string report() const { return folder_ + "/report.html"; }
    std::string checkpoints() const { return folder_ + "/checkpoints"; }
    std::string last_checkpoint() const { return checkpoints() + "/last.safetensors"; }
    std::string best_checkpoint() const { return checkpoints() + "/best.safetensors"; }
    /// Of several best models that of one step.
    std::string kept_checkpoint(int64_t step) const {
        return checkpoints() + "/step-" + std::to_string(step) + ".safetensors";
    }
    /// The mean of the best models, where it is better than each.
    std::string average_checkpoint() const { return checkpoints() + "/average.safetensors"; }
    /// Exists once the run has ended well.
    std::string finished_mark() const { return folder_ + "/finished"; }
    /// Its flock is held while a process trains in the folder.
    std::string lock() const { return folder_ + "/.lock"; }

private:
    std::string folder_;
};

enum class RunState {
    fresh,      ///< no checkpoint
    resumable,  ///< a last checkpoint of a run that has not ended
    finished
};

RunState run_state(const RunPaths& paths);

/// Whether a process trains in the folder at this moment.
bool is_in_use(const RunPaths& paths);

/// Whether a training was begun in the folder.
bool is_run_folder(const std::string& folder);

/// The run folder that a checkpoint file lies in; none for a file elsewhere.
std::optional<std::string> run_of_checkpoint(const std::string& checkpoint);

/// " (did you mean runs/mnist-vit/2?)" when a folder with a name near to that of this one, which does not exist, is
/// there, else nothing.
std::string did_you_mean_folder(const std::string& folder);

/// A run folder this process trains in, locked until the end of the object or of the process, however it ends. Opening
/// makes the folder and its checkpoints folder and removes temporary files of a run that was killed.
///
/// UserError when another run uses the folder, when it cannot be written to, or when it holds files but no run.
class RunFolder {
public:
    /// Opens `folder`. Without `resume` a folder whose run has a checkpoint or has finished is refused with UserError;
    /// with it, state() tells what was found.
    RunFolder(const std::string& folder, bool resume);
    /// Opens the new folder `parent`/N, with N one more than the largest number there.
    static RunFolder next_in(const std::string& parent);
    /// The folder of a run that another rank has opened and writes to: of these nothing is locked, made or marked.
    static RunFolder of_other_rank(const std::string& folder, RunState state);
    /// Throw the UserErrors of opening a new folder in these two ways, and make nothing.
    static void check(const std::string& folder);
    static void check_next_in(const std::string& parent);

    ~RunFolder();
    RunFolder(RunFolder&& other) noexcept;
    RunFolder& operator=(RunFolder&&) = delete;

    const RunPaths& paths() const { return paths_; }
    /// As it was when the folder was opened.
    RunState state() const { return state_; }

    /// To be called when everything else is written: from now on the folder holds a finished run.
    void mark_finished();
    /// The run goes on (a finished run resumed with more steps).
    void mark_unfinished();

private:
    RunFolder(RunPaths paths, RunState state) : paths_(std::move(paths)), state_(state) {}

    RunPaths paths_;
    RunState state_ = RunState::fresh;
    int lock_ = -1;
};

/// The folder of the largest number in `parent`; none when there is no run yet.
std::optional<std::string> latest_run_in(const std::string& parent);

}  // namespace heed
