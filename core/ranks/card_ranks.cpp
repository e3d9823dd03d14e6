#include "heed/core/ranks/card_ranks.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "heed/core/cuda/cuda_device.h"
#include "heed/core/cuda/library_switch.h"
#include "heed/core/cuda/nccl/nccl_communicator.h"
#include "heed/core/error.h"
#include "heed/core/ranks/together.h"

namespace heed {

namespace {

constexpr const char* nccl_switch = "HEED_NCCL";

RankCards own_cards() {
    char host[128] = {};
    gethostname(host, sizeof host - 1);
    return {host, cuda_cards(), !cuda::is_library_wanted(nccl_switch)};
}

std::string lines_of(const RankCards& own) {
    std::string lines = own.host + "\n" + (own.shares ? "shares" : "alone") + "\n";
    for (const std::string& card : own.cards) lines += card + "\n";
    return lines;
}

RankCards cards_of(const std::string& lines) {
    std::istringstream stream(lines);
    RankCards cards;
    std::string line;
    std::getline(stream, cards.host);
    std::getline(stream, line);
    cards.shares = line == "shares";
    while (std::getline(stream, line)) cards.cards.push_back(line);
    return cards;
}

[[noreturn]] void throw_too_few(const std::vector<RankCards>& ranks, const std::string& host) {
    int64_t processes = 0;
    std::set<std::string> cards;
    for (const RankCards& rank : ranks) {
        if (rank.host != host) continue;
        ++processes;
        cards.insert(rank.cards.begin(), rank.cards.end());
    }
    throw UserError("device=cuda: expected a card for each of the " + std::to_string(processes) + " processes on " +
                    host + ", which may use " + std::to_string(cards.size()) +
                    "; HEED_NCCL=off in the environment lets processes share a card");
}

}  // namespace

std::vector<int> share_cards(const std::vector<RankCards>& ranks) {
    std::vector<int> chosen;
    std::map<std::string, std::set<std::string>> taken;  // by host
    std::map<std::string, int> places;                   // ranks of a host so far
    for (const RankCards& rank : ranks) {
        std::set<std::string>& of_host = taken[rank.host];
        const int place = places[rank.host]++;
        const auto found = std::find_if(rank.cards.begin(), rank.cards.end(),
                                        [&](const std::string& card) { return !of_host.contains(card); });
        if (found != rank.cards.end()) {
            of_host.insert(*found);
            chosen.push_back(static_cast<int>(found - rank.cards.begin()));
        } else if (rank.shares || rank.cards.empty()) {
            chosen.push_back(rank.cards.empty() ? 0 : place % static_cast<int>(rank.cards.size()));
        } else {
            throw_too_few(ranks, rank.host);
        }
    }
    return chosen;
}

void take_card(Communicator& ranks) {
    if (ranks.size() == 1 || !cuda_cards) return;
    RankCards own;
    together(ranks, "the cards", [&] { own = own_cards(); });
    std::vector<RankCards> all;
    for (const std::string& lines : ranks.gather(lines_of(own), "the cards")) all.push_back(cards_of(lines));
    together(ranks, "the cards", [&] {
        const int card = share_cards(all)[static_cast<size_t>(ranks.rank())];
        if (!own.cards.empty()) use_cuda_card(card);
    });
}

CardExchange join_cards(Communicator& hosts, double timeout, bool exact) {
    constexpr const char* through_hosts = "tensors of the cards are exchanged through memory of the host: ";
    if (hosts.size() == 1 || !make_nccl_communicator) return {};
    if (exact) return {nullptr, through_hosts + std::string("train.exact_reduce has an order of sums of its own")};
    std::string own;
    together(hosts, "the versions of NCCL", [&] { own = cuda::nccl_library().name(); });
    const std::vector<std::string> all = hosts.gather(own, "the versions of NCCL");
    together(hosts, "the versions of NCCL", [&] {
        for (size_t rank = 1; rank < all.size(); ++rank) {
            if (all[rank] == all[0]) continue;
            throw UserError("device=cuda: expected the same NCCL on all ranks, got " + all[0] + " on rank 0 and " +
                            all[rank] + " on rank " + std::to_string(rank) +
                            "; HEED_NCCL=off in the environment of all leaves it out");
        }
    });
    const cuda::NcclLibrary& library = cuda::nccl_library();
    if (!library.missing.empty()) return {nullptr, through_hosts + library.missing};
    return {make_nccl_communicator(hosts, library, timeout), "tensors of the cards are exchanged by " + own};
}

}  // namespace heed
