#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "heed/apps/commands.h"
#include "heed/apps/support/process_setup.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/signal_shield.h"
#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/run/signals.h"

namespace {

constexpr int failure = 1;
constexpr int wrong_input = 2;

int report(const char* what, int code) {
    std::fflush(stdout);
    std::fprintf(stderr, "heed: error: %s\n", heed::printable_lines(what).c_str());
    return code;
}

int run_command(const std::vector<std::string>& arguments) {
    const heed::SignalThread signals;
    // All threads block what the signal thread waits for; a profiler that was loaded into the program may have more.
    if (!heed::any_signal_has_handler()) heed::SignalShield::trust_this_thread();
    const heed::Command command = heed::parse_command_line(arguments);
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
