/* Training row by row in C: gradient descent, momentum and Adam on the founding model, by three versions of a row.

   PLAIN has the notebook's formulas and STABLE those that symgraph emits (nine_weights_scalar.py), both by libm; TUNED has the stable
   ones by functions.h, with what a hand may share. The rules are the textbook's, as in symgraph.use.training. README.md has flags,
   accuracy, and why this file is not to be changed. */
#include <float.h>
#include <stddef.h>

#include "functions.h"

enum { WEIGHTS = 9, FEATURES = 5, PADDED = 12 };
enum { PLAIN, STABLE, TUNED };
enum { SGD, MOMENTUM, ADAM };

INLINE double plain_row(const double *w, const double *x, double y, double *grad)
{
    double t = w[0] * x[0] + w[1] * x[1], e = exp(t * t + w[5]), th = tanh(e + w[6]);
    double angle = w[2] * x[2], sine = sin(angle), cosine = cos(angle), line = w[3] * x[3] + w[4] * x[4];
    double s = 1.0 / (1.0 + exp(-(sine * line + w[7]))), error = y - (th + w[8] * s);
    double dl = -2.0 * error, d_tanh = dl * (1.0 - th * th), d_exp = d_tanh * e, d_s = dl * w[8] * s * (1.0 - s);
    grad[0] = d_exp * 2.0 * t * x[0];
    grad[1] = d_exp * 2.0 * t * x[1];
    grad[2] = d_s * line * cosine * x[2];
    grad[3] = d_s * sine * x[3];
    grad[4] = d_s * sine * x[4];
    grad[5] = d_exp;
    grad[6] = d_tanh;
    grad[7] = d_s;
    grad[8] = dl * s;
    return error * error;
}

/* What both stable rows have once the functions are known: e = exp(..), th and sech of e + w7, half = exp(-|z|/2), p = exp(-|z|). */
typedef struct {
    double t, e, th, sech, sine, cosine, line, z, half, p;
} Values;

INLINE double stable_rest(const Values *v, const double *w, const double *x, double y, double *grad)
{
    double d = 1.0 / (1.0 + v->p), s = (v->z >= 0.0 ? 1.0 : v->p) * d, error = y - (v->th + w[8] * s), dl = -2.0 * error;
    double d_s = dl * v->half * w[8] * d * d, d_line = d_s * v->sine, d_tanh = dl * v->sech;
    double d_exp = d_tanh * (v->e > DBL_MAX ? DBL_MAX : v->e), d_t = 2.0 * d_exp * v->t;
    grad[0] = d_t * x[0] * v->sech;
    grad[1] = d_t * x[1] * v->sech;
    grad[2] = d_s * v->line * v->cosine * x[2] * v->half;
    grad[3] = d_line * x[3] * v->half;
    grad[4] = d_line * x[4] * v->half;
    grad[5] = d_exp * v->sech;
    grad[6] = d_tanh * v->sech;
    grad[7] = d_s * v->half;
    grad[8] = dl * s;
    return error * error;
}

INLINE double stable_row(const double *w, const double *x, double y, double *grad)
{
    Values v = {.t = w[0] * x[0] + w[1] * x[1], .line = w[3] * x[3] + w[4] * x[4]};
    v.e = exp(v.t * v.t + w[5]);
    double from = v.e + w[6], h = exp(-fabs(from)), angle = w[2] * x[2];
    v.th = tanh(from);
    v.sech = 2.0 * h / (h * h + 1.0);
    v.sine = sin(angle);
    v.cosine = cos(angle);
    v.z = v.sine * v.line + w[7];
    v.half = exp(-0.5 * fabs(v.z));
    v.p = exp(-fabs(v.z));
    return stable_rest(&v, w, x, y, grad);
}

INLINE double tuned_row(const double *w, const double *x, double y, double *grad)
{
    Values v = {.t = w[0] * x[0] + w[1] * x[1], .line = w[3] * x[3] + w[4] * x[4]};
    double angle = w[2] * x[2];
    v.e = exp_of(v.t * v.t + w[5]);
    tanh_sech_of(v.e + w[6], &v.th, &v.sech);
    if (fabs(angle) <= LARGEST_ANGLE) {
        sin_cos_of(angle, &v.sine, &v.cosine);
    } else {
        v.sine = sin(angle);
        v.cosine = cos(angle);
    }
    v.z = v.sine * v.line + w[7];
    v.half = exp_of_minus(0.5 * fabs(v.z));
    v.p = v.half * v.half;
    return stable_rest(&v, w, x, y, grad);
}

typedef struct {
    double first[PADDED], second[PADDED], power1, power2, rate;
} State;

/* Over whole vectors of four: what stands after the nine weights is 0 and stays 0. gamma 0.9; Adam with beta1 0.9, beta2 0.999, epsilon 1e-8 (Kingma and Ba 2015, algorithm 1). */
INLINE void update(int rule, State *state, double *w, const double *g)
{
    state->power1 *= 0.9;
    state->power2 *= 0.999;
    double scale1 = 1.0 / (1.0 - state->power1), scale2 = 1.0 / (1.0 - state->power2);
    for (int j = 0; j < PADDED; j++) {
        if (rule == SGD) {
            w[j] -= state->rate * g[j];
        } else if (rule == MOMENTUM) {
            state->first[j] = 0.9 * state->first[j] + state->rate * g[j];
            w[j] -= state->first[j];
        } else {
            double m = state->first[j] = 0.9 * state->first[j] + (1.0 - 0.9) * g[j];
            double v = state->second[j] = 0.999 * state->second[j] + (1.0 - 0.999) * (g[j] * g[j]);
            w[j] -= state->rate * (m * scale1) / (sqrt(v * scale2) + 1e-8);
        }
    }
}

INLINE void run(int formulas, int rule, const double *X, const double *y, size_t n, size_t epochs, double rate, double *weights,
                double *losses)
{
    State state = {.power1 = 1.0, .power2 = 1.0, .rate = rate};
    double w[PADDED] = {0.0}, g[PADDED] = {0.0};
    memcpy(w, weights, WEIGHTS * sizeof *w);
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double *x = X + FEATURES * i;
            sum += formulas == PLAIN    ? plain_row(w, x, y[i], g)
                   : formulas == STABLE ? stable_row(w, x, y[i], g)
                                        : tuned_row(w, x, y[i], g);
            update(rule, &state, w, g);
        }
        losses[epoch] = sum / (double)n;
    }
    memcpy(weights, w, WEIGHTS * sizeof *w);
}

/* X (n, 5) by rows, y (n,); changes w (9,) and writes the mean loss of each epoch, (epochs,): a row's loss is that before its step.
   Returns 0, or 1 where there are no such formulas or rule. */
int train_rows(int formulas, int rule, const double *X, const double *y, size_t n, size_t epochs, double rate, double *w,
               double *losses)
{
/* one loop for each pair, so that a loop has no choices left in it */
#define PAIR(f, r) \
    if (formulas == f && rule == r) { \
        run(f, r, X, y, n, epochs, rate, w, losses); \
        return 0; \
    }
    PAIR(PLAIN, SGD) PAIR(PLAIN, MOMENTUM) PAIR(PLAIN, ADAM)
    PAIR(STABLE, SGD) PAIR(STABLE, MOMENTUM) PAIR(STABLE, ADAM)
    PAIR(TUNED, SGD) PAIR(TUNED, MOMENTUM) PAIR(TUNED, ADAM)
#undef PAIR
    return 1;
}
