#include "heed/trainers/ranks/rank_threads.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace heed {

int ranks_on_own_processors(Communicator& ranks) {
    struct Place {
        char host[128];
        cpu_set_t processors[4];
    } own;
    std::memset(&own, 0, sizeof own);
    gethostname(own.host, sizeof own.host - 1);
    if (sched_getaffinity(0, sizeof own.processors, own.processors) != 0) return 1;
    int sharing = 0;
    for (const std::string& bytes :
         ranks.gather(std::string(reinterpret_cast<const char*>(&own), sizeof own), "the processors")) {
        Place other;
        std::memcpy(&other, bytes.data(), sizeof other);
        if (std::strcmp(other.host, own.host) != 0) continue;
        CPU_AND_S(sizeof other.processors, other.processors, other.processors, own.processors);
        sharing += CPU_COUNT_S(sizeof other.processors, other.processors) > 0 ? 1 : 0;
    }
    return sharing;
}

}  // namespace heed
