/* What the kernels over rows share: a block of rows on the stack, by column, and sums over blocks. */
#ifndef ROWS_H
#define ROWS_H

#include "functions.h"
#include <stddef.h>

enum { FEATURES = 5, WEIGHTS = 9, SUMS = WEIGHTS + 1, BLOCK = 128, LANES = 8 };

typedef double Vector __attribute__((vector_size(64)));
typedef int64_t Index __attribute__((vector_size(64)));

typedef struct {
    double f[FEATURES][BLOCK], y[BLOCK], angle_sin[BLOCK], angle_cos[BLOCK];
} __attribute__((aligned(64))) Block;

/* A sum with the rounding errors of its additions (A. Neumaier, ZAMM 54, 1974). */
typedef struct {
    double sum, lost;
} Total;

INLINE void add(Total *total, double term)
{
    double sum = total->sum + term;
    total->lost += fabs(total->sum) >= fabs(term) ? (total->sum - sum) + term : (term - sum) + total->sum;
    total->sum = sum;
}

/* An infinite or undefined sum has no rounding errors to give back. */
INLINE double value_of(const Total *total)
{
    return isfinite(total->sum) ? total->sum + total->lost : total->sum;
}

/* Element i of column j of eight rows is element 5*i + j of the 40; where vector m does not hold it, keep what is there. */
#define PICK(m, i, j) ((FEATURES * (i) + (j)) / LANES == (m) ? LANES + (FEATURES * (i) + (j)) % LANES : (i))
#define PICKS(m, j) \
    (Index){PICK(m, 0, j), PICK(m, 1, j), PICK(m, 2, j), PICK(m, 3, j), PICK(m, 4, j), PICK(m, 5, j), PICK(m, 6, j), PICK(m, 7, j)}
#define FROM(m, j) column = __builtin_shuffle(column, z[m], PICKS(m, j))
#define TURN(j) \
    do { \
        Vector column = z[0]; \
        FROM(0, j), FROM(1, j), FROM(2, j), FROM(3, j), FROM(4, j); \
        memcpy(&block->f[j][at], &column, sizeof column); \
    } while (0)

/* Turn eight rows of five into five vectors: two-input shuffles alone, which all vector units have. */
INLINE void turn_8_rows(const double *X, Block *block, size_t at)
{
    Vector z[FEATURES];
    memcpy(z, X, sizeof z);
    TURN(0);
    TURN(1);
    TURN(2);
    TURN(3);
    TURN(4);
}

/* Ask for the rows of the next block, by address: there may be none, which is no error. */
INLINE void fetch_ahead(const double *X, const double *y, size_t i)
{
    uintptr_t features = (uintptr_t)X + FEATURES * (i + BLOCK) * sizeof *X, targets = (uintptr_t)y + (i + BLOCK) * sizeof *y;
    for (size_t line = 0; line < FEATURES; line++)
        __builtin_prefetch((const void *)(features + line * sizeof(Vector)));
    __builtin_prefetch((const void *)targets);
}

/* Read up to BLOCK rows; the rest of the last eight is 0. Returns the rows there, and how many loops must run over. */
INLINE size_t read_rows(Block *block, const double *X, const double *y, size_t count)
{
    size_t whole = count / LANES * LANES, padded = (count + LANES - 1) / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        fetch_ahead(X, y, i);
        turn_8_rows(X + FEATURES * i, block, i);
    }
    if (padded > whole) {
        double last[FEATURES * LANES] = {0.0};
        memcpy(last, X + FEATURES * whole, (count - whole) * FEATURES * sizeof *X);
        turn_8_rows(last, block, whole);
        memset(&block->y[whole], 0, LANES * sizeof *y);
    }
    memcpy(block->y, y, count * sizeof *y);
    return padded;
}

/* sin and cos of scale * column; by libm where an angle is too large for the reduction (or infinite). */
INLINE void angles(Block *block, const double *column, double scale, size_t padded)
{
    double largest = 0.0;
#pragma omp simd reduction(max : largest)
    for (size_t i = 0; i < padded; i++) {
        double angle = scale * column[i], size = fabs(angle);
        largest = size > largest ? size : largest;
        sin_cos_of(angle, &block->angle_sin[i], &block->angle_cos[i]);
    }
    if (largest <= LARGEST_ANGLE)
        return;
    for (size_t i = 0; i < padded; i++) {
        block->angle_sin[i] = sin(scale * column[i]);
        block->angle_cos[i] = cos(scale * column[i]);
    }
}

/* The mean loss and its gradient, from the sums over blocks. */
INLINE void means(const Total *totals, size_t n, double *loss, double *grad)
{
    *loss = value_of(&totals[WEIGHTS]) / (double)n;
    for (int j = 0; j < WEIGHTS; j++)
        grad[j] = value_of(&totals[j]) / (double)n;
}

#endif
