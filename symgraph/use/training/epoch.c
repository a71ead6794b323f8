// Epochs of training with one update a row, around a model's C file and an optimizer's rule. epochs_in_c.py defines before
//
//     SOURCE                      the model's C file
//     MODEL(function)             the name of one of its functions
//     WEIGHTS, FEATURES, SLOTS    their numbers; slots are the running quantities of the rule for each weight
//     PADDED                      the lanes that hold the weights: as many, or some more that nobody reads
//     TARGET(at)                  the target of a row, or where its targets are
//     DECLARED                    the prototypes of the model's functions, static
//     CLIP                        a statement that changes the gradient, or nothing
//     PROJECT                     a statement that moves the weights within their limits, or nothing
//     POWERS(each)                each(i, base) for each power of the step that the rule takes
//     UNIFORM                     statements of the rule that are the same for all weights
//     EACH                        those for weight j: they compute the new w[j] and slot[k * PADDED + j], then store them
//
// No sum of products is fused and nothing is reassociated, so the same machine gives the same bits. A state is w, the gradient
// and the slots, PADDED numbers each, so that loops over weights are whole vectors.

#include <stddef.h>

// the model's functions, for this file alone: what is not called here is not compiled, and what is may become part of a loop
DECLARED

#include SOURCE

#define STATE ((2 + SLOTS) * PADDED)

#if defined __GNUC__
// what one row takes becomes straight code, without the loops over rows that the model's functions have
#define FLATTENED __attribute__((flatten))
#else
#define FLATTENED
#endif

// the next power of a number, with what rounding lost of it, so that all are as good as pow, which takes as long as a row.
// Below 1e-290 it counts as 0: on subnormal numbers processors take long, and they would never get smaller.
static double next_power(double power, double *lost, double base)
{
    const double product = power * base;
    if (!(fabs(product) < 1e290 && fabs(product) > 1e-290)) {
        *lost = 0.0;
        return fabs(product) < 1e-290 ? 0.0 : product;
    }
    const double error = fma(power, base, -product) + *lost * base, sum = product + error;
    *lost = error - (sum - product);
    return sum;
}

// g * limit / |g| where the norm |g| is above the limit; the norm is never formed, since it may overflow
static inline void clip_by_norm(double *g, double limit)
{
    double largest = 0.0, square = 0.0;
    for (size_t j = 0; j < WEIGHTS; j++) {
        largest = fabs(g[j]) > largest ? fabs(g[j]) : largest;
    }
    if (largest == 0.0 || largest > DBL_MAX) {
        return;
    }
    for (size_t j = 0; j < WEIGHTS; j++) {
        const double direction = g[j] / largest;
        square += direction * direction;
    }
    const double longest = limit / sqrt(square);
    if (largest > longest) {
        for (size_t j = 0; j < WEIGHTS; j++) {
            g[j] = g[j] / largest * longest;
        }
    }
}

static inline void clip_by_value(double *g, double limit)
{
    for (size_t j = 0; j < WEIGHTS; j++) {
        g[j] = g[j] > limit ? limit : g[j] < -limit ? -limit : g[j];
    }
}

static inline void project(double *w, const double *limits)
{
    for (size_t j = 0; j < WEIGHTS; j++) {
        const double low = limits[j], high = limits[WEIGHTS + j];
        w[j] = w[j] < low ? low : w[j] > high ? high : w[j];
    }
}

// Do one update for each of some rows, and return 0, or nan if a loss, a gradient or a weight was not finite in any of them.
// order has the rows' places in X and y, or is NULL; step is the number of updates before.
FLATTENED double symgraph_steps(double *restrict state, const double *restrict numbers, const double *restrict X,
    const double *restrict y, const int64_t *restrict order, size_t rows, double step, double rate, double limit)
{
    double *restrict w = state, *restrict g = state + PADDED, *restrict slot = state + 2 * PADDED;
    double lost = 0.0, lanes[PADDED] = {0.0};
    (void)numbers, (void)X, (void)y, (void)slot, (void)limit;
#define FIRST(i, base) double power##i = pow(base, step), rest##i = 0.0;
#define NEXT(i, base) power##i = next_power(power##i, &rest##i, base);
    POWERS(FIRST)
    for (size_t row = 0; row < rows; row++) {
        const size_t at = order ? (size_t)order[row] : row;
        lost += 0.0 * MODEL(row)(w, X + at * FEATURES, TARGET(at), g);
        for (size_t j = 0; j < PADDED; j++) {
            lanes[j] += 0.0 * g[j];
        }
        step += 1.0;
        CLIP;
        POWERS(NEXT)
        UNIFORM
        for (size_t j = 0; j < PADDED; j++) {
            EACH
        }
        PROJECT;
        for (size_t j = 0; j < PADDED; j++) {
            lanes[j] += 0.0 * w[j];
        }
    }
    for (size_t j = 0; j < WEIGHTS; j++) {
        lost += lanes[j];
    }
    return lost;
}

// Run epochs over all rows. Returns the number of those after which everything was finite; the state is that after the last of
// them. Behind it are place for another, then for the weights after the first epoch of the least loss, and the rate of each
// epoch, in whose place comes the mean loss after it. order has the rows' places of each epoch, or is NULL.
size_t symgraph_epochs(double *state, const double *restrict numbers, const double *restrict X, const double *restrict y,
    const int64_t *restrict order, size_t rows, double step, size_t epochs, double limit)
{
    double *const room = state + STATE, *const best = room + STATE, *const rates = best + PADDED;
    double least = INFINITY;
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        memcpy(room, state, STATE * sizeof(double));
        const int64_t *const places = order ? order + epoch * rows : NULL;
        double lost = symgraph_steps(state, numbers, X, y, places, rows, step, rates[epoch], limit);
        for (size_t k = 0; k < SLOTS; k++) {
            for (size_t j = 0; j < WEIGHTS; j++) {
                lost += 0.0 * state[(2 + k) * PADDED + j];
            }
        }
        rates[epoch] = MODEL(loss)(state, X, y, NULL, rows) / (double)rows;
        if (!isfinite(rates[epoch] + lost)) {
            memcpy(state, room, STATE * sizeof(double));
            return epoch;
        }
        if (rates[epoch] < least) {
            least = rates[epoch];
            memcpy(best, state, PADDED * sizeof(double));
        }
        step += (double)rows;
    }
    return epochs;
}
