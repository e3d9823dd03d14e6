#include "heed/attention/state_space/discretised_mode.h"
#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/cuda/for_each.cuh"

// A thread walks along the tokens of one channel of one sample, mode by mode; neighbouring threads have neighbouring
// channels.

namespace heed {

namespace {

/// Tokens whose states are computed again at once in backward, from those kept before each such piece.
constexpr int64_t state_space_piece = 16;

struct StateSpaceNumber {
    float re, im;
};

__device__ StateSpaceNumber state_space_number(const float* values, int64_t index, int64_t width, int64_t channel) {
    return {values[2 * index * width + channel], values[(2 * index + 1) * width + channel]};
}

__device__ void put_state_space_number(StateSpaceNumber z, float* values, int64_t index, int64_t width,
                                       int64_t channel) {
    values[2 * index * width + channel] = z.re;
    values[(2 * index + 1) * width + channel] = z.im;
}

/// a z + x
__device__ StateSpaceNumber state_space_advanced(StateSpaceNumber a, StateSpaceNumber z, float x) {
    return {a.re * z.re - a.im * z.im + x, a.re * z.im + a.im * z.re};
}

/// A direction of one channel of a sample: its token t stands at first + t * step. Where `strict`, the state is read
/// before the token goes into it.
struct StateSpaceDirection {
    int64_t first, step, length;
    bool strict;
};

__device__ int64_t state_space_length(const StateSpaceShape& shape, int64_t sample) {
    return shape.lengths ? int64_t{shape.lengths[sample]} : shape.tokens;
}

__device__ StateSpaceDirection state_space_direction(const StateSpaceShape& shape, int64_t sample, int64_t channel,
                                                     bool strict) {
    const int64_t length = state_space_length(shape, sample), first = sample * shape.tokens * shape.width + channel;
    if (!strict) return {first, shape.width, length, false};
    return {first + (length - 1) * shape.width, -shape.width, length, true};
}

__device__ void state_space_pass(const StateSpaceScan& a, int64_t sample, int64_t channel, bool strict) {
    const StateSpaceShape& shape = a.shape;
    const StateSpaceDirection d = state_space_direction(shape, sample, channel, strict);
    const float* weights = a.weights + (strict ? shape.state() : 0);
    float* kept = a.states ? a.states + sample * shape.state() : nullptr;
    for (int64_t mode = 0; mode < shape.modes; ++mode) {
        const StateSpaceNumber decay = state_space_number(a.decay, mode, shape.width, channel);
        const StateSpaceNumber weight = state_space_number(weights, mode, shape.width, channel);
        StateSpaceNumber state = {0, 0};
        if (kept) state = state_space_number(kept, mode, shape.width, channel);
        for (int64_t t = 0; t < d.length; ++t) {
            const int64_t place = d.first + t * d.step;
            const StateSpaceNumber next = state_space_advanced(decay, state, a.x[place]);
            const StateSpaceNumber read = strict ? state : next;
            a.y[place] += weight.re * read.re - weight.im * read.im;
            state = next;
        }
        if (kept) put_state_space_number(state, kept, mode, shape.width, channel);
    }
}

void state_space_forward(const StateSpaceScan& a) {
    const StateSpaceShape& shape = a.shape;
    cuda::for_each_in_rows("state space skip", shape.batch * shape.tokens, shape.width,
                           [a] __device__(int64_t row, int64_t channel) {
                               const int64_t sample = row / a.shape.tokens, place = row * a.shape.width + channel;
                               const bool real = row % a.shape.tokens < state_space_length(a.shape, sample);
                               a.y[place] = real ? a.skip[channel] * a.x[place] : 0.0F;
                           });
    cuda::for_each_in_rows("state space", shape.batch, shape.width, [a] __device__(int64_t sample, int64_t channel) {
        state_space_pass(a, sample, channel, false);
        if (a.shape.two_sided) state_space_pass(a, sample, channel, true);
    });
}

/// What a sample has of the workspace: its sums, [sums, width], and the states before pieces, [pieces, 2, width].
__device__ __host__ int64_t state_space_sums(const StateSpaceShape& shape) {
    return 1 + (1 + shape.directions()) * 2 * shape.modes;
}
__device__ __host__ int64_t state_space_sample(const StateSpaceShape& shape) {
    const int64_t pieces = (shape.tokens + state_space_piece - 1) / state_space_piece;
    return (state_space_sums(shape) + 2 * pieces) * shape.width;
}

int64_t state_space_backward_workspace(const StateSpaceShape& shape) {
    return shape.batch * state_space_sample(shape);
}

/// Gradients of a mode in one direction: dx grows, the sum of the decay grows, that of the weight is written.
__device__ void state_space_mode_backward(const StateSpaceScanBackward& a, int64_t sample, int64_t channel,
                                          int64_t mode, bool strict) {
    const StateSpaceShape& shape = a.shape;
    const StateSpaceDirection d = state_space_direction(shape, sample, channel, strict);
    const int64_t width = shape.width, index = (strict ? shape.modes : 0) + mode;
    float* sums = a.workspace + sample * state_space_sample(shape);
    float* starts = sums + state_space_sums(shape) * width;
    const StateSpaceNumber decay = state_space_number(a.decay, mode, width, channel);
    const StateSpaceNumber weight = state_space_number(a.weights, index, width, channel);
    StateSpaceNumber state = {0, 0};
    for (int64_t t = 0; t < d.length; ++t) {
        if (t % state_space_piece == 0) put_state_space_number(state, starts, t / state_space_piece, width, channel);
        state = state_space_advanced(decay, state, a.x[d.first + t * d.step]);
    }
    // The states of the same direction run backwards over dy, and the sums of their products with the others.
    StateSpaceNumber adjoint = {0, 0}, product = {0, 0}, reading = {0, 0};
    const int64_t pieces = (d.length + state_space_piece - 1) / state_space_piece;
    for (int64_t piece = pieces - 1; piece >= 0; --piece) {
        const int64_t begin = piece * state_space_piece, count = min(state_space_piece, d.length - begin);
        StateSpaceNumber states[state_space_piece + 1];
        states[0] = state_space_number(starts, piece, width, channel);
        for (int64_t t = 0; t < count; ++t) {
            states[t + 1] = state_space_advanced(decay, states[t], a.x[d.first + (begin + t) * d.step]);
        }
        for (int64_t t = count - 1; t >= 0; --t) {
            const int64_t place = d.first + (begin + t) * d.step;
            const float dy = a.dy[place];
            const StateSpaceNumber before = states[t], read = strict ? before : states[t + 1];
            const StateSpaceNumber next = state_space_advanced(decay, adjoint, dy);
            const StateSpaceNumber use = strict ? adjoint : next;
            adjoint = next;
            a.dx[place] += weight.re * use.re - weight.im * use.im;
            reading.re += dy * read.re;
            reading.im += dy * read.im;
            product.re += before.re * use.re - before.im * use.im;
            product.im += before.re * use.im + before.im * use.re;
        }
    }
    float* d_decay = sums + width;
    StateSpaceNumber sum = {0, 0};
    if (strict) sum = state_space_number(d_decay, mode, width, channel);
    sum.re += weight.re * product.re - weight.im * product.im;
    sum.im -= weight.re * product.im + weight.im * product.re;
    put_state_space_number(sum, d_decay, mode, width, channel);
    put_state_space_number({reading.re, -reading.im}, d_decay + shape.state(), index, width, channel);
}

void state_space_backward(const StateSpaceScanBackward& a) {
    cuda::for_each_in_rows("state space backward", a.shape.batch, a.shape.width,
                           [a] __device__(int64_t sample, int64_t channel) {
                               const StateSpaceShape& shape = a.shape;
                               const int64_t first = sample * shape.tokens * shape.width + channel;
                               const int64_t length = state_space_length(shape, sample);
                               float d_skip = 0;
                               for (int64_t t = 0; t < shape.tokens; ++t) {
                                   const int64_t place = first + t * shape.width;
                                   a.dx[place] = t < length ? a.skip[channel] * a.dy[place] : 0.0F;
                                   if (t < length) d_skip += a.x[place] * a.dy[place];
                               }
                               a.workspace[sample * state_space_sample(shape) + channel] = d_skip;
                               for (int64_t mode = 0; mode < shape.modes; ++mode) {
                                   state_space_mode_backward(a, sample, channel, mode, false);
                                   if (shape.two_sided) state_space_mode_backward(a, sample, channel, mode, true);
                               }
                           });
    cuda::for_each_in_rows("state space sums", state_space_sums(a.shape), a.shape.width,
                           [a] __device__(int64_t row, int64_t channel) {
                               const StateSpaceShape& shape = a.shape;
                               float sum = 0;
                               for (int64_t sample = 0; sample < shape.batch; ++sample) {
                                   sum += a.workspace[sample * state_space_sample(shape) + row * shape.width + channel];
                               }
                               if (row == 0) {
                                   a.d_skip[channel] = sum;
                               } else if (row <= 2 * shape.modes) {
                                   a.d_decay[(row - 1) * shape.width + channel] = sum;
                               } else {
                                   a.d_weights[(row - 1 - 2 * shape.modes) * shape.width + channel] = sum;
                               }
                           });
}

void discretisation_forward(const Discretisation& a) {
    cuda::for_each("discretisation", a.of.width,
                   [a] __device__(int64_t channel) { discretised::discretise_channel(a, channel); });
}

void discretisation_backward(const DiscretisationBackward& a) {
    cuda::for_each("discretisation backward", a.of.width,
                   [a] __device__(int64_t channel) { discretised::discretise_channel_backward(a, channel); });
}

constexpr StateSpaceKernels state_space_cuda_kernels = {state_space_forward, state_space_backward,
                                                        state_space_backward_workspace};
constexpr DiscretisationKernels discretisation_cuda_kernels = {discretisation_forward, discretisation_backward};

}  // namespace

const StateSpaceKernels& state_space_cuda() {
    return state_space_cuda_kernels;
}

const DiscretisationKernels& discretisation_cuda() {
    return discretisation_cuda_kernels;
}

}  // namespace heed
