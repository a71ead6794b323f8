/* The founding model over n rows by the formulas of the notebook: 1 - tanh**2, sigmoid * (1 - sigmoid).

   Faster than accurate: where tanh or sigmoid saturates, its slope loses all digits; exp that overflows gives NaN, as the
   formulas do anywhere. README.md has flags, accuracy, and why this file is not to be changed. */
#include "rows.h"

INLINE void block_sums(const double *w, const Block *block, size_t padded, size_t count, double *sums)
{
    double w1 = w[0], w2 = w[1], w4 = w[3], w5 = w[4], w6 = w[5], w7 = w[6], w8 = w[7], w9 = w[8];
    double g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0, losses = 0;
#pragma omp simd reduction(+ : g1, g2, g3, g4, g5, g6, g7, g8, g9, losses)
    for (size_t i = 0; i < padded; i++) {
        double f1 = block->f[0][i], f2 = block->f[1][i], f3 = block->f[2][i], f4 = block->f[3][i], f5 = block->f[4][i];
        double t = w1 * f1 + w2 * f2, e = exp_of(t * t + w6), th = tanh_of(e + w7);
        double line = w4 * f4 + w5 * f5, sine = block->angle_sin[i];
        double s = 1.0 / (1.0 + exp_of(-(sine * line + w8)));
        double error = block->y[i] - (th + w9 * s);
        error = i < count ? error : 0.0;
        double dl = -2.0 * error, d_tanh = dl * (1.0 - th * th), d_exp = d_tanh * e, d_s = dl * w9 * s * (1.0 - s);
        double d_t = d_exp * 2.0 * t;
        losses += error * error;
        g1 += d_t * f1;
        g2 += d_t * f2;
        g3 += d_s * line * block->angle_cos[i] * f3;
        g4 += d_s * sine * f4;
        g5 += d_s * sine * f5;
        g6 += d_exp;
        g7 += d_tanh;
        g8 += d_s;
        g9 += dl * s;
    }
    double found[SUMS] = {g1, g2, g3, g4, g5, g6, g7, g8, g9, losses};
    memcpy(sums, found, sizeof found);
}

/* w (9,), X (n, 5) by rows, y (n,), n > 0; writes the mean loss and its gradient, (9,). */
void plain_value_and_grad(const double *restrict w, const double *restrict X, const double *restrict y, size_t n,
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
