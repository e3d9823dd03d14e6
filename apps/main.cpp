#include <chrono>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "heed/apps/commands.h"
#include "heed/apps/support/process_setup.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/signal_shield.h"
#include "heed/core/error.h"
#include "heed/core/ranks/other_rank_error.h"
#include "heed/core/ranks/process_ranks.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/run/signals.h"

namespace {

constexpr int failure = 1;
constexpr int wrong_input = 2;

/// Where several processes were started together, one of them alone may have the error.
std::string rank_text() {
    const heed::Launch launch = heed::process_launch();
    return launch.rank == 0 ? "" : "rank " + std::to_string(launch.rank) + ": ";
}

int report(const char* what, int code) {
    std::fflush(stdout);
    std::fprintf(stderr, "heed: %serror: %s\n", rank_text().c_str(), heed::printable_lines(what).c_str());
    heed::end_ranks(what, code);
    return code;
}

/// The command, of which a training alone may be started as several processes. Of a command line that is the same for
/// all of them one tells what is wrong.
heed::Command parse(const std::vector<std::string>& arguments) {
    const heed::Launch launch = heed::process_launch();
    try {
        heed::Command command = heed::parse_command_line(arguments);
        const bool only_tells =
            std::holds_alternative<heed::ShowText>(command) || std::holds_alternative<heed::ShowVersion>(command);
        if (only_tells && launch.rank > 0) return heed::ShowText{};
        if (launch.ranks > 1 && !only_tells && !std::holds_alternative<heed::TrainCommand>(command)) {
            throw heed::UserError("expected heed train, the command that several processes share, got heed " +
                                  arguments[0] + ", which each of the " + std::to_string(launch.ranks) +
                                  " processes would do: start it without mpirun");
        }
        return command;
    } catch (const heed::UserError& error) {
        if (launch.rank == 0 || !launch.alike) throw;
        throw heed::OtherRankError(error.what(), wrong_input);
    }
}

int run_command(const std::vector<std::string>& arguments) {
    const heed::SignalThread signals;
    // All threads block what the signal thread waits for; a profiler that was loaded into the program may have more.
    if (!heed::any_signal_has_handler()) heed::SignalShield::trust_this_thread();
    const heed::Command command = parse(arguments);
    heed::active_isa();  // a wrong HEED_ISA is an error now, not in the middle of the work
    const int code = std::visit([](const auto& chosen) { return heed::run(chosen); }, command);
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw heed::Error("cannot write to standard output");
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    heed::set_up_process(argv);
    try {
        return run_command(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const heed::OtherRankError& error) {
        std::fflush(stdout);
        // When one process ends with an error, mpirun ends the others: rank 0 has to have said why.
        if (heed::process_launch().rank != 0) std::this_thread::sleep_for(std::chrono::milliseconds(500));
        heed::end_ranks("", error.exit_code());
        return error.exit_code();
    } catch (const heed::UserError& error) {
        return report(error.what(), wrong_input);
    } catch (const std::bad_alloc&) {
        return report("there is not enough memory", failure);
    } catch (const std::system_error& error) {
        // Of a thread that could not be started it would say no more than "Resource temporarily unavailable".
        return report(("the system refuses what is needed: " + std::string(error.what())).c_str(), failure);
    } catch (const std::exception& error) {
        return report(error.what(), failure);
    }
}
