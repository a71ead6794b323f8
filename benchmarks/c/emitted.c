/* The founding model over n rows, operation by operation as symgraph emits it (nine_weights.py), by the functions of libm.

   Seven transcendental functions and three divisions a row, in one loop that the compiler vectorises with libmvec. This is the
   limit for a generator that writes what the graph says and leaves functions to the platform. README.md has flags, accuracy, and
   why this file is not to be changed. */
#include <float.h>

#include "rows.h"

/* libmvec has them; its own header says so only to -ffast-math. */
#pragma omp declare simd notinbranch
double exp(double);
#pragma omp declare simd notinbranch
double tanh(double);
#pragma omp declare simd notinbranch
double sin(double);
#pragma omp declare simd notinbranch
double cos(double);

/* In loops of their own: side by side, gcc makes one call of sin and cos, for which there is no vector function. */
INLINE void angles_by_libm(Block *block, const double *column, double scale, size_t padded)
{
#pragma omp simd
    for (size_t i = 0; i < padded; i++)
        block->angle_sin[i] = sin(scale * column[i]);
#pragma omp simd
    for (size_t i = 0; i < padded; i++)
        block->angle_cos[i] = cos(scale * column[i]);
}

INLINE void block_sums(const double *w, const Block *block, size_t padded, size_t count, double *sums)
{
    double w1 = w[0], w2 = w[1], w4 = w[3], w5 = w[4], w6 = w[5], w7 = w[6], w8 = w[7], w9 = w[8];
    double g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0, losses = 0;
#pragma omp simd reduction(+ : g1, g2, g3, g4, g5, g6, g7, g8, g9, losses)
    for (size_t i = 0; i < padded; i++) {
        double f1 = block->f[0][i], f2 = block->f[1][i], f3 = block->f[2][i], f4 = block->f[3][i], f5 = block->f[4][i];
        double t = w1 * f1 + w2 * f2, e = exp(t * t + w6), v0 = e + w7, th = tanh(v0);
        double v1 = w4 * f4 + w5 * f5, v3 = block->angle_sin[i], v4 = v3 * v1 + w8, v5 = fabs(v4);
        double v6 = exp(-v5), v7 = 1.0 / (v6 + 1.0), s = (v4 >= 0.0 ? 1.0 : v6) * v7;
        double v8 = block->y[i] - (th + w9 * s);
        v8 = i < count ? v8 : 0.0;
        double dl = -2.0 * v8, v9 = exp(-0.5 * v5), v10 = dl * v9 * w9 * v7 * v7, v11 = v10 * v3;
        double v12 = exp(-fabs(v0)), v13 = 2.0 * v12 / (v12 * v12 + 1.0), v14 = dl * v13;
        double v15 = v14 * (e > DBL_MAX ? DBL_MAX : e), v16 = 2.0 * v15 * t;
        losses += v8 * v8;
        g1 += v16 * f1 * v13;
        g2 += v16 * f2 * v13;
        g3 += v10 * v1 * block->angle_cos[i] * f3 * v9;
        g4 += v11 * f4 * v9;
        g5 += v11 * f5 * v9;
        g6 += v15 * v13;
        g7 += v14 * v13;
        g8 += v10 * v9;
        g9 += dl * s;
    }
    double found[SUMS] = {g1, g2, g3, g4, g5, g6, g7, g8, g9, losses};
    memcpy(sums, found, sizeof found);
}

/* w (9,), X (n, 5) by rows, y (n,), n > 0; writes the mean loss and its gradient, (9,). */
void emitted_value_and_grad(const double *restrict w, const double *restrict X, const double *restrict y, size_t n,
                          double *restrict loss, double *restrict grad)
{
    Total totals[SUMS] = {{0.0, 0.0}};
    Block block;
    for (size_t start = 0; start < n; start += BLOCK) {
        size_t count = n - start < BLOCK ? n - start : BLOCK;
        size_t padded = read_rows(&block, X + FEATURES * start, y + start, count);
        double sums[SUMS];
        angles_by_libm(&block, block.f[2], w[2], padded);
        block_sums(w, &block, padded, count, sums);
        for (int j = 0; j < SUMS; j++)
            add(&totals[j], sums[j]);
    }
    means(totals, n, loss, grad);
}
