#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "heed/core/autograd/tape.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/trainers/optimizers/optimizer.h"

namespace heed {

/// What a GradientExchange has done in the last step, in seconds since its begin_step.
struct ExchangeTimes {
    struct Bucket {
        int64_t bytes = 0;
        double sent = 0.0;
        double summed = 0.0;  ///< seen to be complete
    };
    std::vector<Bucket> buckets;
    double backward_ended = 0.0;
    double ended = 0.0;  ///< all sums are there
};

/// Adds the gradients of a step up, over the micro-batches of this rank and over the ranks. The sum over the ranks is
/// made in buckets, pieces of the flat buffers, each of which is sent off while backward still works on the others:
/// those of the last layers first, which is the order in which they become final. Its order is the same on every rank,
/// also on one that has no data.
///
/// Exact: the micro-batches of all ranks are the leaves of one binary tree of sums - neighbours first - of which a rank
/// adds up its part and the communicator the rest. With as many micro-batches in all, every number of ranks that is a
/// power of two gives the same bits.
class GradientExchange final : public GradientListener {
public:
    /// `scatters`: a rank receives the sums of owned() alone. With `exact`, `micro_batches` (those of this rank) has to
    /// be a power of two. A bucket has at least `bucket_bytes` where its group has.
    GradientExchange(ParameterStore& store, Communicator& ranks, int64_t micro_batches, bool exact, bool scatters,
                     int64_t bucket_bytes = 4 << 20);

    void begin_step();
    /// Around each micro-batch; the walk of its tape has to be between them, with listener() as listener.
    void begin_micro_batch(int64_t number);
    void end_micro_batch(int64_t number);
    /// For the tape of that micro-batch; null: it need not listen.
    GradientListener* listener(int64_t number);
    /// After the last one: sends what has not been sent.
    void send_rest();
    /// Returns when all sums are there.
    void finish();

    void gradient_is_final(GradientSlot& slot) override;

    /// What this rank updates, for each bucket: all of it, or a part that may be empty.
    const std::vector<GroupRange>& owned() const { return owned_; }
    /// Every rank receives what the others own of these buffers, one for each group (undefined: none).
    void gather_owned(const std::vector<Tensor>& buffers, const char* what);

    const ExchangeTimes& times() const { return times_; }

private:
    struct Bucket {
        GroupRange range;
        size_t first_parameter = 0;  ///< least place among the store's parameters
        int64_t parameters = 0;
        int64_t waits_for = 0;  ///< of them, those whose gradient is not final
    };

    void lay_out(int64_t bucket_bytes);
    void start_ready_buckets();
    void note_sums();
    void add_earlier(const GroupRange& range, int64_t number);
    void keep(int64_t number);
    double seconds() const;

    ParameterStore& store_;
    Communicator& ranks_;
    int64_t micro_batches_;
    bool exact_, scatters_;
    std::vector<Bucket> buckets_;  ///< in the order in which they are sent
    std::unordered_map<const GradientSlot*, size_t> bucket_of_;
    std::vector<GroupRange> owned_;
    /// Exact: sums of 1, 2, 4 ... micro-batches that wait for as many more, one tensor for each group.
    std::vector<std::vector<Tensor>> earlier_;
    size_t next_bucket_ = 0;
    std::vector<Communication> under_way_;
    double began_ = 0.0;
    ExchangeTimes times_;
};

}  // namespace heed
