#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/ranks/communicator.h"

namespace heed {

/// What a rank may use of its machine.
struct RankCards {
    std::string host;
    std::vector<std::string> cards;  ///< by what names them on the machine
    bool shares = false;             ///< a card may be another rank's as well
};

/// The card of each rank, as its place among those that the rank may use: the first one that no rank before it has.
/// Ranks that may see the same cards of a machine take them in their order. Where none is left: one after the other
/// again, if the rank shares. Throws UserError if it does not, unless the rank has no cards at all, which making its
/// device tells.
std::vector<int> share_cards(const std::vector<RankCards>& ranks);

/// To be called by all ranks before the first device cuda is made: this rank computes on a card of its own from then on
/// (use_cuda_card). With HEED_NCCL=off in the environment ranks may share cards. Throws UserError, on all ranks, where
/// there are too few. Does nothing for a rank that is alone.
void take_card(Communicator& ranks);

/// How ranks exchange tensors of the device cuda.
struct CardExchange {
    std::unique_ptr<Communicator> cards;  ///< null: as all else, through memory of the host
    std::string line;                     ///< what to tell the user
};

/// To be called by all ranks that have taken a card and made the device cuda. With `exact` sums have to be in the order
/// of Communicator, which NCCL has not. Throws UserError, on all ranks, where they have different versions of NCCL.
CardExchange join_cards(Communicator& hosts, double timeout, bool exact);

}  // namespace heed
