/* The founding model over n rows by the stable formulas, as far as a person can tune them.

   The mathematics is that of the module symgraph generates (nine_weights.py), with what a hand may share on top: tanh(v) and
   sech(v) come from one exponential, and so do the sigmoid and its slope, exp(-|z|) being the square of exp(-|z|/2). README.md has
   flags, accuracy, and why this file is not to be changed. */
#include <float.h>

#include "rows.h"

INLINE void block_sums(const double *w, const Block *block, size_t padded, size_t count, double *sums)
{
    double w1 = w[0], w2 = w[1], w4 = w[3], w5 = w[4], w6 = w[5], w7 = w[6], w8 = w[7], w9 = w[8];
    double g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0, losses = 0;
#pragma omp simd reduction(+ : g1, g2, g3, g4, g5, g6, g7, g8, g9, losses)
    for (size_t i = 0; i < padded; i++) {
        double f1 = block->f[0][i], f2 = block->f[1][i], f3 = block->f[2][i], f4 = block->f[3][i], f5 = block->f[4][i];
        double t = w1 * f1 + w2 * f2, e = exp_of(t * t + w6), th, sech;
        tanh_sech_of(e + w7, &th, &sech);
        double line = w4 * f4 + w5 * f5, sine = block->angle_sin[i], z = sine * line + w8;
        double half = exp_of_minus(0.5 * fabs(z)), p = half * half, d = 1.0 / (1.0 + p), s = (z >= 0.0 ? 1.0 : p) * d;
        double error = block->y[i] - (th + w9 * s);
        error = i < count ? error : 0.0;
        double dl = -2.0 * error, d_s = dl * half * w9 * d * d, d_line = d_s * sine;
        double d_tanh = dl * sech, d_exp = d_tanh * (e > DBL_MAX ? DBL_MAX : e), d_t = 2.0 * d_exp * t;
        losses += error * error;
        g1 += d_t * f1 * sech;
        g2 += d_t * f2 * sech;
        g3 += d_s * line * block->angle_cos[i] * f3 * half;
        g4 += d_line * f4 * half;
        g5 += d_line * f5 * half;
        g6 += d_exp * sech;
        g7 += d_tanh * sech;
        g8 += d_s * half;
        g9 += dl * s;
    }
    double found[SUMS] = {g1, g2, g3, g4, g5, g6, g7, g8, g9, losses};
    memcpy(sums, found, sizeof found);
}

/* w (9,), X (n, 5) by rows, y (n,), n > 0; writes the mean loss and its gradient, (9,). */
void stable_value_and_grad(const double *restrict w, const double *restrict X, const double *restrict y, size_t n,
                          double *restrict loss, double *restrict grad)
{
    Total totals[SUMS] = {{0.0, 0.0}};
    Block block;
    for (size_t start = 0; start < n; start += BLOCK) {
        size_t count = n - start < BLOCK ? n - start : BLOCK;
        size_t padded = read_rows(&block, X + FEATURES * start, y + start, count);
        double sums[SUMS];
        angles(&block, block.f[2], w[2], padded);
        block_sums(w, &block, padded, count, sums);
        for (int j = 0; j < SUMS; j++)
            add(&totals[j], sums[j]);
    }
    means(totals, n, loss, grad);
}
