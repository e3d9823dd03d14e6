#pragma once

#include <memory>

#include "heed/core/cuda/nccl/library.h"
#include "heed/core/ranks/communicator.h"

namespace heed {

/// The ranks of `hosts`, which must outlive it, with f32 tensors of the device cuda going from card to card by NCCL.
/// All else - other tensors, tensors without elements, bytes - is exchanged by `hosts`. To be made by all ranks at the
/// same time, each with a card of its own as the current one (use_cuda_card).
///
/// Operations are put on a stream of their own behind all that has been launched before, so that kernels that are
/// launched later run beside them. wait() returns when the card is done. NCCL does not notice where ranks start
/// different operations. Sums are added in an order of NCCL's own, and every rank receives the same bits.
///
/// A rank that is waited for longer than `timeout` seconds, or is known to have ended, is an Error, after which NCCL is
/// shut down without the other ranks. Null in a program without CUDA objects.
[[gnu::weak]] std::unique_ptr<Communicator> make_nccl_communicator(Communicator& hosts,
                                                                   const cuda::NcclLibrary& library, double timeout);

}  // namespace heed
