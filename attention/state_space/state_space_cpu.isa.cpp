#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/kernels/grain.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

// A task is one sample and one vector of neighbouring channels, a strip. It walks along the tokens piece by piece: the
// columns of a piece are packed, as rows of a wide matrix fall onto few sets of the cache, and the modes pass over it a
// few at a time, with their states in registers.

namespace heed::HEED_ISA {

namespace {

constexpr int64_t piece_tokens = 64;
constexpr int modes_at_once = 4;
constexpr int modes_at_once_backward = 2;
constexpr int64_t most_modes = 128;

struct Strip {
    int64_t sample, first, channels;  ///< `channels` of a vector, from channel `first` on
    int64_t length;                   ///< real tokens
};

HEED_SIMD int64_t strips_of(const StateSpaceShape& shape) {
    return (shape.width + lanes - 1) / lanes;
}

HEED_SIMD Strip strip_of(const StateSpaceShape& shape, int64_t task) {
    const int64_t strips = strips_of(shape), first = task % strips * lanes;
    const int64_t left = shape.width - first, sample = task / strips;
    return {sample, first, left < lanes ? left : lanes, shape.lengths ? shape.lengths[sample] : shape.tokens};
}

/// The columns of a strip along a direction: of token t at begin + t * step.
template <class T>
struct Columns {
    T* begin;
    int64_t step;
};

template <class T>
HEED_SIMD Columns<T> columns_of(const StateSpaceShape& shape, const Strip& strip, T* values, bool reversed) {
    T* first = values + strip.sample * shape.tokens * shape.width + strip.first;
    if (!reversed) return {first, shape.width};
    return {first + (strip.length - 1) * shape.width, -shape.width};
}

struct ComplexVector {
    vf re, im;
};

/// Number `mode` of an array [modes, 2, width] whose channel `first` of the strip stands at `values`.
HEED_SIMD ComplexVector mode_at(const float* values, int64_t mode, int64_t width, int64_t channels) {
    return {load(values + 2 * mode * width, channels), load(values + (2 * mode + 1) * width, channels)};
}
HEED_SIMD void put_mode(ComplexVector z, float* values, int64_t mode, int64_t width, int64_t channels) {
    store(values + 2 * mode * width, z.re, channels);
    store(values + (2 * mode + 1) * width, z.im, channels);
}

/// a z + x
HEED_SIMD ComplexVector advanced(ComplexVector a, ComplexVector z, vf x) {
    return {fma(a.re, z.re, x - a.im * z.im), fma(a.re, z.im, a.im * z.re)};
}

/// Where the modes of a piece begin.
struct Piece {
    int64_t first_mode, count;  ///< `count` tokens
    const float* decay;
    const float* weights;
    int64_t width, channels;
};

/// Adds Re(weight s) to y, for some modes. A strict direction reads the state before the token goes into it.
template <int modes, bool strict>
HEED_SIMD void pass_forward(const Piece& piece, const vf* x, vf* y, ComplexVector* states) {
    ComplexVector a[modes], w[modes], s[modes];
    for (int m = 0; m < modes; ++m) {
        a[m] = mode_at(piece.decay, piece.first_mode + m, piece.width, piece.channels);
        w[m] = mode_at(piece.weights, piece.first_mode + m, piece.width, piece.channels);
        s[m] = states[piece.first_mode + m];
    }
    for (int64_t t = 0; t < piece.count; ++t) {
        vf re = zero(), im = zero();
        for (int m = 0; m < modes; ++m) {
            const ComplexVector next = advanced(a[m], s[m], x[t]);
            const ComplexVector read = strict ? s[m] : next;
            re = fma(w[m].re, read.re, re);
            im = fma(w[m].im, read.im, im);
            s[m] = next;
        }
        y[t] += re - im;
    }
    for (int m = 0; m < modes; ++m) {
        states[piece.first_mode + m] = s[m];
    }
}

template <bool strict>
HEED_SIMD void scan_direction(const StateSpaceScan& args, const Strip& strip, const float* weights,
                              ComplexVector* states) {
    const StateSpaceShape& shape = args.shape;
    const Columns<const float> x = columns_of(shape, strip, args.x, strict);
    const Columns<float> y = columns_of(shape, strip, args.y, strict);
    const vf skip = load(args.skip + strip.first, strip.channels);
    Piece piece = {0, 0, args.decay + strip.first, weights + strip.first, shape.width, strip.channels};
    vf xs[piece_tokens], ys[piece_tokens];
    for (int64_t first = 0; first < strip.length; first += piece_tokens) {
        piece.count = strip.length - first < piece_tokens ? strip.length - first : piece_tokens;
        for (int64_t t = 0; t < piece.count; ++t) {
            xs[t] = load(x.begin + (first + t) * x.step, strip.channels);
            ys[t] = strict ? load(y.begin + (first + t) * y.step, strip.channels) : skip * xs[t];
        }
        int64_t mode = 0;
        for (; mode + modes_at_once <= shape.modes; mode += modes_at_once) {
            piece.first_mode = mode;
            pass_forward<modes_at_once, strict>(piece, xs, ys, states);
        }
        for (; mode < shape.modes; ++mode) {
            piece.first_mode = mode;
            pass_forward<1, strict>(piece, xs, ys, states);
        }
        for (int64_t t = 0; t < piece.count; ++t) {
            store(y.begin + (first + t) * y.step, ys[t], strip.channels);
        }
    }
}

/// Zeros behind the real tokens of a strip.
HEED_SIMD void clear_padding(const StateSpaceShape& shape, const Strip& strip, float* values) {
    float* row = values + strip.sample * shape.tokens * shape.width + strip.first;
    for (int64_t t = strip.length; t < shape.tokens; ++t) {
        store(row + t * shape.width, zero(), strip.channels);
    }
}

void state_space_forward(const StateSpaceScan& args) {
    const StateSpaceShape& shape = args.shape;
    parallel_for(
        shape.batch * strips_of(shape), chunk_rows(shape.tokens * shape.modes * lanes),
        [&](int64_t begin, int64_t end) {
            for (int64_t task = begin; task < end; ++task) {
                const Strip strip = strip_of(shape, task);
                ComplexVector states[most_modes];
                float* kept = args.states ? args.states + strip.sample * shape.state() + strip.first : nullptr;
                for (int64_t m = 0; m < shape.modes; ++m) {
                    states[m] = kept ? mode_at(kept, m, shape.width, strip.channels) : ComplexVector{zero(), zero()};
                }
                scan_direction<false>(args, strip, args.weights, states);
                if (kept) {
                    for (int64_t m = 0; m < shape.modes; ++m) {
                        put_mode(states[m], kept, m, shape.width, strip.channels);
                    }
                }
                if (shape.two_sided) {
                    for (int64_t m = 0; m < shape.modes; ++m) {
                        states[m] = {zero(), zero()};
                    }
                    scan_direction<true>(args, strip, args.weights + shape.state(), states);
                }
                clear_padding(shape, strip, args.y);
            }
        });
}

/// At least one, for the states of a sample without tokens.
HEED_SIMD int64_t pieces_of(const StateSpaceShape& shape) {
    const int64_t pieces = (shape.tokens + piece_tokens - 1) / piece_tokens;
    return pieces > 1 ? pieces : 1;
}

/// Vectors of a task's part of the workspace: its sums first, the states at the beginnings of pieces behind them.
HEED_SIMD int64_t task_sums(const StateSpaceShape& shape) {
    return 1 + (1 + shape.directions()) * 2 * shape.modes;
}
HEED_SIMD int64_t task_vectors(const StateSpaceShape& shape) {
    return task_sums(shape) + pieces_of(shape) * 2 * shape.modes;
}

int64_t state_space_backward_workspace(const StateSpaceShape& shape) {
    return shape.batch * strips_of(shape) * task_vectors(shape) * lanes;
}

/// `states`, those before the piece, become those behind it.
HEED_SIMD void pass_states(const Piece& piece, int64_t modes, const vf* x, ComplexVector* states) {
    for (int64_t m = 0; m < modes; ++m) {
        const ComplexVector a = mode_at(piece.decay, m, piece.width, piece.channels);
        ComplexVector s = states[m];
        for (int64_t t = 0; t < piece.count; ++t) {
            s = advanced(a, s, x[t]);
        }
        states[m] = s;
    }
}

/// With v the states of the same direction run backwards over dy: adds Re(weight v) to dx, the sums of s(t - 1) v(t) to
/// `products` and those of dy(t) times the state that is read at t to `readings`. `start` are the states before the
/// piece.
template <int modes, bool strict>
HEED_SIMD void pass_backward(const Piece& piece, const vf* x, const vf* dy, vf* dx, const ComplexVector* start,
                             ComplexVector* adjoints, ComplexVector* products, ComplexVector* readings) {
    ComplexVector a[modes], w[modes], v[modes], product[modes], reading[modes];
    ComplexVector s[piece_tokens + 1][modes];
    for (int m = 0; m < modes; ++m) {
        const int64_t mode = piece.first_mode + m;
        a[m] = mode_at(piece.decay, mode, piece.width, piece.channels);
        w[m] = mode_at(piece.weights, mode, piece.width, piece.channels);
        v[m] = adjoints[mode];
        product[m] = products[mode];
        reading[m] = readings[mode];
        s[0][m] = start[mode];
    }
    for (int64_t t = 0; t < piece.count; ++t) {
        for (int m = 0; m < modes; ++m) {
            s[t + 1][m] = advanced(a[m], s[t][m], x[t]);
        }
    }
    for (int64_t t = piece.count - 1; t >= 0; --t) {
        vf sum = dx[t];
        for (int m = 0; m < modes; ++m) {
            const ComplexVector before = s[t][m], read = strict ? before : s[t + 1][m];
            const ComplexVector next = advanced(a[m], v[m], dy[t]);
            const ComplexVector use = strict ? v[m] : next;
            v[m] = next;
            sum = fma(w[m].re, use.re, sum - w[m].im * use.im);
            reading[m].re = fma(dy[t], read.re, reading[m].re);
            reading[m].im = fma(dy[t], read.im, reading[m].im);
            product[m].re += before.re * use.re - before.im * use.im;
            product[m].im += before.re * use.im + before.im * use.re;
        }
        dx[t] = sum;
    }
    for (int m = 0; m < modes; ++m) {
        const int64_t mode = piece.first_mode + m;
        adjoints[mode] = v[m];
        products[mode] = product[m];
        readings[mode] = reading[m];
    }
}

/// One direction of a strip. `sums` receives the gradient of the skip (of the first direction), adds to that of the
/// decays and receives that of the weights of the direction, `readings`.
template <bool strict>
HEED_SIMD void direction_backward(const StateSpaceScanBackward& args, const Strip& strip, const float* weights,
                                  vf* d_skip, ComplexVector* d_decay, ComplexVector* readings, ComplexVector* starts) {
    const StateSpaceShape& shape = args.shape;
    const int64_t modes = shape.modes;
    const Columns<const float> x = columns_of(shape, strip, args.x, strict);
    const Columns<const float> dy = columns_of(shape, strip, args.dy, strict);
    const Columns<float> dx = columns_of(shape, strip, args.dx, strict);
    const vf skip = load(args.skip + strip.first, strip.channels);
    Piece piece = {0, 0, args.decay + strip.first, weights + strip.first, shape.width, strip.channels};
    vf xs[piece_tokens], dys[piece_tokens], dxs[piece_tokens];
    ComplexVector adjoints[most_modes], products[most_modes];
    for (int64_t m = 0; m < modes; ++m) {
        starts[m] = adjoints[m] = products[m] = readings[m] = {zero(), zero()};
    }
    const int64_t pieces = (strip.length + piece_tokens - 1) / piece_tokens;
    const auto pack = [&](int64_t number) HEED_INLINE {
        const int64_t first = number * piece_tokens;
        piece.count = strip.length - first < piece_tokens ? strip.length - first : piece_tokens;
        for (int64_t t = 0; t < piece.count; ++t) {
            xs[t] = load(x.begin + (first + t) * x.step, strip.channels);
        }
    };
    for (int64_t number = 0; number + 1 < pieces; ++number) {
        pack(number);
        ComplexVector* next = starts + (number + 1) * modes;
        for (int64_t m = 0; m < modes; ++m) {
            next[m] = starts[number * modes + m];
        }
        pass_states(piece, modes, xs, next);
    }
    for (int64_t number = pieces - 1; number >= 0; --number) {
        pack(number);
        const int64_t first = number * piece_tokens;
        for (int64_t t = 0; t < piece.count; ++t) {
            dys[t] = load(dy.begin + (first + t) * dy.step, strip.channels);
            if (strict) {
                dxs[t] = load(dx.begin + (first + t) * dx.step, strip.channels);
            } else {
                dxs[t] = skip * dys[t];
                *d_skip = fma(xs[t], dys[t], *d_skip);
            }
        }
        const ComplexVector* start = starts + number * modes;
        int64_t mode = 0;
        for (; mode + modes_at_once_backward <= modes; mode += modes_at_once_backward) {
            piece.first_mode = mode;
            pass_backward<modes_at_once_backward, strict>(piece, xs, dys, dxs, start, adjoints, products, readings);
        }
        for (; mode < modes; ++mode) {
            piece.first_mode = mode;
            pass_backward<1, strict>(piece, xs, dys, dxs, start, adjoints, products, readings);
        }
        for (int64_t t = 0; t < piece.count; ++t) {
            store(dx.begin + (first + t) * dx.step, dxs[t], strip.channels);
        }
    }
    for (int64_t m = 0; m < modes; ++m) {
        // A loss changes by Re(sum of s v . weight . change of the decay): the gradient is the conjugate of that.
        const ComplexVector w = mode_at(piece.weights, m, shape.width, strip.channels);
        d_decay[m].re += w.re * products[m].re - w.im * products[m].im;
        d_decay[m].im -= w.re * products[m].im + w.im * products[m].re;
        readings[m].im = -readings[m].im;
    }
}

/// The sums of all samples, added in their order.
HEED_SIMD void add_samples(const StateSpaceScanBackward& args, const vf* workspace, int64_t number, float* to,
                           int64_t strip) {
    const StateSpaceShape& shape = args.shape;
    const int64_t strips = strips_of(shape), left = shape.width - strip * lanes;
    vf sum = zero();
    for (int64_t sample = 0; sample < shape.batch; ++sample) {
        sum += workspace[(sample * strips + strip) * task_vectors(shape) + number];
    }
    store(to + strip * lanes, sum, left < lanes ? left : lanes);
}

void state_space_backward(const StateSpaceScanBackward& args) {
    const StateSpaceShape& shape = args.shape;
    auto* workspace = reinterpret_cast<vf*>(args.workspace);
    const int64_t modes = shape.modes, strips = strips_of(shape);
    parallel_for(shape.batch * strips, chunk_rows(shape.tokens * modes * lanes), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const Strip strip = strip_of(shape, task);
            vf* sums = workspace + task * task_vectors(shape);
            auto* d_decay = reinterpret_cast<ComplexVector*>(sums + 1);
            auto* starts = reinterpret_cast<ComplexVector*>(sums + task_sums(shape));
            sums[0] = zero();
            for (int64_t m = 0; m < modes; ++m) {
                d_decay[m] = {zero(), zero()};
            }
            direction_backward<false>(args, strip, args.weights, sums, d_decay, d_decay + modes, starts);
            if (shape.two_sided) {
                direction_backward<true>(args, strip, args.weights + shape.state(), sums, d_decay, d_decay + 2 * modes,
                                         starts);
            }
            clear_padding(shape, strip, args.dx);
        }
    });
    for (int64_t strip = 0; strip < strips; ++strip) {
        add_samples(args, workspace, 0, args.d_skip, strip);
        for (int64_t i = 0; i < 2 * modes; ++i) {
            add_samples(args, workspace, 1 + i, args.d_decay + i * shape.width, strip);
        }
        for (int64_t i = 0; i < 2 * modes * shape.directions(); ++i) {
            add_samples(args, workspace, 1 + 2 * modes + i, args.d_weights + i * shape.width, strip);
        }
    }
}

}  // namespace

extern const StateSpaceKernels state_space;
const StateSpaceKernels state_space = {state_space_forward, state_space_backward, state_space_backward_workspace};

}  // namespace heed::HEED_ISA
