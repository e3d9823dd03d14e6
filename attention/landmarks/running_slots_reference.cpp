#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "heed/attention/heads/reference_heads.h"
#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace running_slots_device {

namespace {

using namespace reference;
using Numbers = std::vector<double>;

/// The mean of all tokens so far in each slot.
struct Memory {
    Numbers means, log_sum_exp;  ///< [slots, head_dim], [slots]
    Numbers old_share, new_share;

    explicit Memory(const RunningSlotsShape& shape)
        : means(static_cast<size_t>(shape.slots * shape.head_dim), 0.0),
          log_sum_exp(static_cast<size_t>(shape.slots), -infinity),
          old_share(log_sum_exp.size()),
          new_share(log_sum_exp.size()) {}

    double* mean(int64_t slot, int64_t head_dim) { return means.data() + slot * head_dim; }

    void take(const RunningSlotsShape& shape, const ConstHeadView& slots, int64_t b, int64_t h, const float* token) {
        for (int64_t slot = 0; slot < shape.slots; ++slot) {
            double& before = log_sum_exp[static_cast<size_t>(slot)];
            const double score = shape.scale * dot(row(slots, b, h, slot), token, shape.head_dim);
            const double greatest = score > before || std::isnan(score) ? score : before;
            const double old_sum = std::exp(before - greatest), new_sum = std::exp(score - greatest);
            const double old_part = old_sum / (old_sum + new_sum), new_part = new_sum / (old_sum + new_sum);
            old_share[static_cast<size_t>(slot)] = old_part;
            new_share[static_cast<size_t>(slot)] = new_part;
            before = greatest + std::log(old_sum + new_sum);
            double* own = mean(slot, shape.head_dim);
            for (int64_t c = 0; c < shape.head_dim; ++c) own[c] = own[c] * old_part + new_part * token[c];
        }
    }
};

double dot_with(const double* mean, const float* token, int64_t head_dim) {
    double sum = 0;
    for (int64_t c = 0; c < head_dim; ++c) sum += mean[c] * token[c];
    return sum;
}

/// Of one token: products of the query with the mean keys, and the softmax of them.
struct Weights {
    Numbers scores, weights;

    Weights(const RunningSlotsShape& shape, Memory& keys, const float* query) {
        double greatest = -infinity, sum = 0;
        for (int64_t slot = 0; slot < shape.slots; ++slot) {
            scores.push_back(shape.scale * dot_with(keys.mean(slot, shape.head_dim), query, shape.head_dim));
            if (scores.back() > greatest) greatest = scores.back();
        }
        for (const double score : scores) {
            weights.push_back(std::exp(score - greatest));
            sum += weights.back();
        }
        for (double& weight : weights) weight /= sum;
    }
};

double factor_of(const RunningSlotsShape& shape, const RunningSlotsInputs& inputs, int64_t b, int64_t h, int64_t t,
                 int64_t slot) {
    if (inputs.factors == nullptr) return 1;
    return reference_address(inputs.factors)[((b * shape.heads + h) * shape.tokens + t) * shape.slots + slot];
}

template <class Body>
void for_each_slot_head(const RunningSlotsShape& shape, const Body& body) {
    for (int64_t b = 0; b < shape.batch; ++b) {
        for (int64_t h = 0; h < shape.heads; ++h) body(b, h, real_length(shape.lengths, b, shape.tokens));
    }
}

/// Reads the state of a head into its memories, or writes it.
void move_state(float* state, Memory& keys, Memory& values, bool read) {
    float* place = reference_address(state);
    for (Numbers* numbers : {&keys.means, &values.means, &keys.log_sum_exp, &values.log_sum_exp}) {
        for (double& number : *numbers) {
            if (read) number = *place;
            *place++ = static_cast<float>(number);
        }
    }
}

void forward(const RunningSlotsForward& args) {
    const RunningSlotsShape& shape = args.shape;
    for_each_slot_head(shape, [&](int64_t b, int64_t h, int64_t tokens) {
        Memory keys(shape), values(shape);
        float* state =
            args.state == nullptr ? nullptr : args.state + (b * shape.heads + h) * running_slots_state(shape);
        if (state != nullptr) move_state(state, keys, values, true);
        for (int64_t t = 0; t < shape.tokens; ++t) {
            float* output = row(args.output, b, h, t);
            std::fill_n(output, shape.head_dim, 0.0F);
            if (t >= tokens) continue;
            keys.take(shape, args.inputs.key_slots, b, h, row(args.inputs.key, b, h, t));
            values.take(shape, args.inputs.value_slots, b, h, row(args.inputs.value, b, h, t));
            const Weights of(shape, keys, row(args.inputs.query, b, h, t));
            for (int64_t c = 0; c < shape.head_dim; ++c) {
                double sum = 0;
                for (int64_t slot = 0; slot < shape.slots; ++slot) {
                    sum += of.weights[static_cast<size_t>(slot)] * factor_of(shape, args.inputs, b, h, t, slot) *
                           values.mean(slot, shape.head_dim)[c];
                }
                output[c] = static_cast<float>(sum);
            }
        }
        if (state != nullptr) move_state(state, keys, values, false);
    });
}

/// What the pass back has to know of a token: shares in both memories, and the gradients of the means, each a number of
/// a slot times the query or the output's gradient.
struct Trace {
    Numbers old_share[2], new_share[2], weight[2], product[2];
};

void backward(const RunningSlotsBackward& args) {
    const RunningSlotsShape& shape = args.shape;
    const int64_t d = shape.head_dim;
    for (const auto& [view, tokens] :
         {std::pair(&args.d_query, shape.tokens), std::pair(&args.d_key, shape.tokens),
          std::pair(&args.d_value, shape.tokens), std::pair(&args.d_key_slots, shape.slots),
          std::pair(&args.d_value_slots, shape.slots)}) {
        for (int64_t b = 0; b < shape.batch; ++b) {
            for (int64_t h = 0; h < shape.heads; ++h) {
                for (int64_t t = 0; t < tokens; ++t) std::fill_n(row(*view, b, h, t), d, 0.0F);
            }
        }
    }
    for_each_slot_head(shape, [&](int64_t b, int64_t h, int64_t tokens) {
        Memory memories[2] = {Memory(shape), Memory(shape)};
        std::vector<Trace> traces;
        for (int64_t t = 0; t < tokens; ++t) {
            Trace trace;
            memories[0].take(shape, args.inputs.key_slots, b, h, row(args.inputs.key, b, h, t));
            memories[1].take(shape, args.inputs.value_slots, b, h, row(args.inputs.value, b, h, t));
            const Weights of(shape, memories[0], row(args.inputs.query, b, h, t));
            double mean = 0;
            for (int64_t slot = 0; slot < shape.slots; ++slot) {
                trace.weight[1].push_back(of.weights[static_cast<size_t>(slot)] *
                                          factor_of(shape, args.inputs, b, h, t, slot));
                trace.product[1].push_back(trace.weight[1].back() *
                                           dot_with(memories[1].mean(slot, d), row(args.d_output, b, h, t), d));
                mean += trace.product[1].back();
            }
            for (size_t slot = 0; slot < of.weights.size(); ++slot) {
                const double d_score = trace.product[1][slot] - of.weights[slot] * mean;
                trace.weight[0].push_back(shape.scale * d_score);
                trace.product[0].push_back(d_score * of.scores[slot]);
                for (int64_t c = 0; c < d; ++c) {
                    row(args.d_query, b, h, t)[c] +=
                        static_cast<float>(shape.scale * d_score * memories[0].mean(static_cast<int64_t>(slot), d)[c]);
                }
            }
            for (int i = 0; i < 2; ++i) {
                trace.old_share[i] = memories[i].old_share;
                trace.new_share[i] = memories[i].new_share;
            }
            traces.push_back(std::move(trace));
        }
        for (int i = 0; i < 2; ++i) {
            const ConstHeadView &lines = i == 0 ? args.inputs.key : args.inputs.value,
                                &slots = i == 0 ? args.inputs.key_slots : args.inputs.value_slots,
                                &source = i == 0 ? args.inputs.query : args.d_output;
            const HeadView &d_lines = i == 0 ? args.d_key : args.d_value,
                           &d_slots = i == 0 ? args.d_key_slots : args.d_value_slots;
            for (int64_t slot = 0; slot < shape.slots; ++slot) {
                const auto at = static_cast<size_t>(slot);
                Numbers d_mean(static_cast<size_t>(d), 0.0);
                double rest = 0;
                for (int64_t t = tokens - 1; t >= 0; --t) {
                    const Trace& trace = traces[static_cast<size_t>(t)];
                    const double kept = t + 1 == tokens ? 0 : traces[static_cast<size_t>(t) + 1].old_share[i][at];
                    const float *line = row(lines, b, h, t), *from = row(source, b, h, t);
                    rest = rest * kept + trace.product[i][at];
                    double product = 0;
                    for (int64_t c = 0; c < d; ++c) {
                        double& own = d_mean[static_cast<size_t>(c)];
                        own = own * kept + trace.weight[i][at] * from[c];
                        product += own * line[c];
                    }
                    const double d_score = shape.scale * trace.new_share[i][at] * (product - rest);
                    for (int64_t c = 0; c < d; ++c) {
                        row(d_lines, b, h, t)[c] +=
                            static_cast<float>(trace.new_share[i][at] * d_mean[static_cast<size_t>(c)] +
                                               d_score * row(slots, b, h, slot)[c]);
                        row(d_slots, b, h, slot)[c] += static_cast<float>(d_score * line[c]);
                    }
                }
            }
        }
    });
}

int64_t workspace(const RunningSlotsShape&, bool) {
    return 0;
}

constexpr RunningSlotsKernels kernels = {forward, backward, workspace};

}  // namespace

}  // namespace running_slots_device

const RunningSlotsKernels& running_slots_reference() {
    return running_slots_device::kernels;
}

}  // namespace heed
