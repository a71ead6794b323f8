/* exp, tanh with its slope, and sin with cos: branch-free, so that a compiler makes vector code of loops that call them.

   exp is 2**n * (1 + q) with x = n log 2 + r, where q is a minimax polynomial of expm1(r) on |r| <= log(2)/2 (found by the Remez
   exchange at 40 digits, error 3.5e-18). sin and cos take out multiples of pi/2 in three parts (W. J. Cody and W. Waite, Software
   Manual for the Elementary Functions, 1980) by fused operations, good to |x| = 2**20, and use minimax polynomials of degree 13
   and 14 on |r| <= pi/4 (errors 3.5e-18 and 5e-20). */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Adding it rounds a double to an integer, which then stands in the low bits. */
#define SHIFTER 0x1.8p52
#define LARGEST_ANGLE 0x1p20

INLINE int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE double double_of(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2**n for -1022 <= n <= 1023. */
INLINE double power_of_two(int64_t n)
{
    return double_of((n + 1023) << 52);
}

INLINE double clamp(double x, double low, double high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* expm1(r) for |r| <= log(2)/2. */
INLINE double expm1_near_0(double r)
{
    double r2 = r * r, r4 = r2 * r2;
    double a = 0.5000000000000012 + r * 0.166666666666667;
    double b = 0.041666666666515445 + r * 0.008333333333307092;
    double c = 0.001388888894701036 + r * 0.00019841269917606098;
    double d = 2.4801489947375367e-05 + r * 2.755721612283961e-06;
    double e = 2.763127868190036e-07 + r * 2.5117911083483725e-08;
    double p = (a + r2 * b) + r4 * ((c + r2 * d) + r4 * e);
    return r + r2 * p;
}

/* The integer n nearest to x / log 2, as a double and as an integer, and the rest r. */
INLINE double reduced(double x, double *n, int64_t *k)
{
    double shifted = x * 1.4426950408889634 + SHIFTER;
    *k = bits_of(shifted) - bits_of(SHIFTER);
    *n = shifted - SHIFTER;
    return fma(-*n, 2.3190468138462996e-17, fma(-*n, 0.6931471805599453, x));
}

/* exp(x); what is below the smallest normal number, 2**-1022, comes out as 2**-1022. NaN stays NaN. */
INLINE double exp_of(double x)
{
    double n;
    int64_t k;
    double q = expm1_near_0(reduced(clamp(x, -708.0, 710.0), &n, &k));
    return (2.0 + 2.0 * q) * power_of_two(k - 1);
}

/* exp(-a) for a >= 0, over its whole range: two factors, since one power of two does not reach subnormal numbers. */
INLINE double exp_of_minus(double a)
{
    double n;
    int64_t k;
    double q = expm1_near_0(reduced(-(a > 760.0 ? 760.0 : a), &n, &k));
    int64_t half = k >> 1;
    return (1.0 + q) * power_of_two(half) * power_of_two(k - half);
}

/* tanh(v) = -m / (2 + m) with m = expm1(-2|v|). */
INLINE double tanh_of(double v)
{
    double n, a = fabs(v);
    int64_t k;
    double q = expm1_near_0(reduced(-2.0 * (a > 30.0 ? 30.0 : a), &n, &k)), scale = power_of_two(k);
    double m = scale * q + (scale - 1.0);
    return copysign(m / (2.0 + m), v);
}

/* tanh(v) and sech(v) from one h = exp(-|v|): m is h*h - 1 without cancellation, and sech = 2h / (2 + m). */
INLINE void tanh_sech_of(double v, double *tanh_v, double *sech_v)
{
    double n, a = fabs(v);
    int64_t k;
    double q = expm1_near_0(reduced(-(a > 760.0 ? 760.0 : a), &n, &k));
    int64_t half = k >> 1;
    double scale = power_of_two(half), rest = power_of_two(k - half), whole = scale * rest, square = whole * whole;
    double m = square * (q * (2.0 + q)) + (square - 1.0), d = 1.0 / (2.0 + m);
    *tanh_v = copysign(m * d, v);
    *sech_v = ((2.0 + 2.0 * q) * scale * rest) * d;
}

/* sin(x) and cos(x) for |x| <= LARGEST_ANGLE. */
INLINE void sin_cos_of(double x, double *sin_x, double *cos_x)
{
    double shifted = x * 0.6366197723675814 + SHIFTER, n = shifted - SHIFTER;
    int64_t k = bits_of(shifted);
    double r = fma(-n, 1.5707963267948966, x);
    r = fma(-n, 6.123233995736766e-17, r);
    r = fma(-n, -1.497384905065873e-33, r);
    double u = r * r, u2 = u * u, u4 = u2 * u2;
    double s = (-0.16666666666666632 + u * 0.008333333333322413) + u2 * (-0.00019841269829807778 + u * 2.7557313691915577e-06) +
               u4 * (-2.5050758115701818e-08 + u * 1.5896795713678106e-10);
    double c = (0.0416666666666666 + u * -0.0013888888888874125) + u2 * (2.480158728948234e-05 + u * -2.7557314352372173e-07) +
               u4 * (2.087572327813225e-09 + u * -1.1359648042272537e-11);
    double sine = r + r * u * s, cosine = (1.0 - 0.5 * u) + u2 * c;
    double a = k & 1 ? cosine : sine, b = k & 1 ? sine : cosine;
    *sin_x = double_of(bits_of(a) ^ ((k & 2) << 62));
    *cos_x = double_of(bits_of(b) ^ (((k + 1) & 2) << 62));
}

#endif
