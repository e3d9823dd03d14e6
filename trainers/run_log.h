#pragma once

#include <fstream>
#include <string>

namespace heed {

/// What a run tells its user: lines on standard error and, once the run folder is known, in its log.txt.
class RunLog {
public:
    RunLog() = default;

    /// From now on lines go to the file as well, appended. Throws UserError when it cannot be written.
    void open(const std::string& path);
    void line(const std::string& text);

private:
    std::ofstream file_;
};

}  // namespace heed
