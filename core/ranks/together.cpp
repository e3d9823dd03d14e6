#include "heed/core/ranks/together.h"

#include <exception>
#include <string>
#include <vector>

#include "heed/core/ranks/other_rank_error.h"

namespace heed {

int exit_code_of(const std::exception& error) {
    return dynamic_cast<const UserError*>(&error) ? 2 : 1;
}

void together(Communicator& communicator, const char* what, const std::function<void()>& f) {
    if (communicator.size() == 1) return f();
    std::exception_ptr own;
    std::string said = "0";
    try {
        f();
    } catch (const std::exception& error) {
        own = std::current_exception();
        said = std::to_string(exit_code_of(error)) + error.what();
    }
    const std::vector<std::string> all = communicator.gather(said, what);
    const std::string& first = all.front();
    for (size_t rank = 0; rank < all.size(); ++rank) {
        if (all[rank] == "0") continue;
        communicator.end_by_agreement();
        if (own && (communicator.rank() == 0 || said != first)) std::rethrow_exception(own);
        const std::string origin = rank == 0 ? "" : "rank " + std::to_string(rank) + ": ";
        throw OtherRankError(origin + all[rank].substr(1), all[rank][0] - '0');
    }
}

}  // namespace heed
