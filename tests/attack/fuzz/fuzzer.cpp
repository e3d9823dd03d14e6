#include "heed/tests/attack/fuzz/fuzzer.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "heed/core/error.h"
#include "heed/tests/attack/fuzz/coverage.h"
#include "heed/tests/attack/fuzz/mutator.h"
#include "heed/tests/support/idx_files.h"
#include "heed/tests/support/text_file.h"

namespace heed::test {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

constexpr double most_seconds = sanitized ? 20 : 2;
constexpr unsigned seconds_of_a_hang = sanitized ? 100 : 20;
constexpr int64_t most_bytes_of_memory = int64_t{700} << 20;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int64_t most_memory_so_far() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * int64_t{1024};
}

/// The file that outlives the process: it is written, but not closed.
class LastInput {
public:
    explicit LastInput(const std::string& path)
        : path_(path), descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) throw std::runtime_error("cannot write " + path);
    }
    ~LastInput() {
        close(descriptor_);
        unlink(path_.c_str());
    }
    LastInput(const LastInput&) = delete;
    LastInput& operator=(const LastInput&) = delete;

    void set(const Input& input) {
        if (ftruncate(descriptor_, 0) != 0 ||
            pwrite(descriptor_, input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) {
            throw std::runtime_error("cannot write " + path_);
        }
    }

private:
    std::string path_;
    int descriptor_;
};

/// What is wrong with how the entry took the input, or "".
std::string problem_of(const FuzzEntry& entry, const Input& input) {
    const double started = now();
    const int64_t memory = most_memory_so_far();
    std::string problem;
    alarm(seconds_of_a_hang);
    try {
        const Coverage coverage;
        entry.run(input.data(), input.size());
    } catch (const Error&) {
    } catch (const std::exception& error) {
        problem = std::string("it let out ") + error.what();
    } catch (...) {
        problem = "it let out something that is no exception";
    }
    alarm(0);
    const double seconds = now() - started;
    if (problem.empty() && seconds > most_seconds) problem = "it took " + std::to_string(seconds) + " s";
    const int64_t bytes = most_memory_so_far() - memory;
    if (problem.empty() && !sanitized && bytes > most_bytes_of_memory) {
        problem = "it took " + std::to_string(bytes) + " bytes of memory";
    }
    return problem;
}

std::vector<Input> stored_inputs(const std::string& folder, std::vector<std::string>& names) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) names.push_back(file.path().string());
    std::sort(names.begin(), names.end());
    std::vector<Input> inputs;
    for (const std::string& name : names) {
        const std::string text = read_text(name);
        inputs.emplace_back(text.begin(), text.end());
    }
    return inputs;
}

}  // namespace

FuzzResult fuzz(const FuzzEntry& entry, const FuzzPlan& plan) {
    FuzzResult result;
    LastInput last(std::string(entry.name) + ".input");
    const auto attempt = [&](const Input& input, const std::string& name) {
        last.set(input);
        const std::string problem = problem_of(entry, input);
        if (problem.empty()) return;
        std::string file = name;
        if (name.empty()) {
            file = std::string(entry.name) + ".found-" + std::to_string(result.findings.size());
            write_bytes(file, input);
            file = std::filesystem::absolute(file).string();
        }
        result.findings.push_back(file + ": " + problem);
    };
    std::vector<std::string> names;
    std::vector<Input> inputs = stored_inputs(plan.corpus, names);
    if (inputs.empty()) throw std::runtime_error("there is no input in " + plan.corpus);
    for (size_t i = 0; i < inputs.size(); ++i) attempt(inputs[i], names[i]);
    result.stored = static_cast<int64_t>(inputs.size());
    Mutator mutator(plan.seed);
    constexpr size_t most_findings = 10;
    const double started = now();
    while (result.changed < plan.changed && now() - started < plan.seconds && result.findings.size() < most_findings) {
        Input input = mutator.changed(inputs);
        if (entry.repair && mutator.coin()) entry.repair(input);
        const int64_t seen = Coverage::seen();
        attempt(input, "");
        ++result.changed;
        if (Coverage::seen() > seen) {
            inputs.push_back(std::move(input));
            ++result.kept;
        }
    }
    return result;
}

}  // namespace heed::test
