"""30 regressions as people write them, with rows in which the output or its partials lose digits, and ordinary rows.

Written by somebody who saw nothing of this project, to judge sums over rows: see careful_sums.py. A model is a name, the names of
weights and of features, the output, and functions that draw ordinary weights, an ordinary row, and a trap row for weights.
"""

# ruff: noqa
# fmt: off
import math, random
import sympy as sp
rng = random.Random(1)
def _sgn():
    return rng.choice((-1, 1))
def _log(lo, hi):
    """10 to a uniform power."""
    return 10**rng.uniform(lo, hi)
def _N(d):
    """Standard normal distribution function, as people write it."""
    return (1 + sp.erf(d/sp.sqrt(2)))/2
def _debye_huckel(A, B, I):
    x = B*sp.sqrt(I)
    return A*sp.sqrt(I)/3 * 3/x**3*(1 + x - 1/(1 + x) - 2*sp.log(1 + x))
def _mualem(Ks, al, n, psi):
    m = 1 - 1/n
    Se = (1 + (al*sp.Abs(psi))**n)**(-m)
    return Ks*sp.sqrt(Se)*(1 - (1 - Se**(1/m))**m)**2
def _epicentre(v, lat0, lon0, lat, lon):
    return 6371/v*sp.acos(sp.sin(lat0)*sp.sin(lat) + sp.cos(lat0)*sp.cos(lat)*sp.cos(lon - lon0))
def _rapidity(m, s, pt, pz):
    E = sp.sqrt(m**2 + pt**2 + pz**2)
    return s*sp.log((E + pz)/(E - pz))/2
def _ekv_trap(w):
    i0, vt, u = w
    vs = rng.uniform(0, .2)
    if rng.random() < .5:                                   # deep subthreshold
        return (vt + vs - u*rng.uniform(16, 34), vs, vs + rng.uniform(.5, 1))
    return (rng.uniform(1, 2), vs, vs + _log(-12, -8))      # drain next to source
def _ice(A, B, Ea, Eb, T):
    a = A*sp.exp(-Ea/T)
    b = B*sp.exp(-Eb/T)
    return a/(a + b)
def _ice_weights():
    Ea = rng.uniform(6000, 9000)
    return (rng.uniform(1, 5), rng.uniform(1, 5), Ea, Ea + rng.uniform(-15, 15))
def _time_value(sig, r, S, K, T):
    d1 = (sp.log(S/K) + (r + sig**2/2)*T)/(sig*sp.sqrt(T))
    d2 = d1 - sig*sp.sqrt(T)
    return S*_N(d1) - K*sp.exp(-r*T)*_N(d2) - sp.Max(S - K*sp.exp(-r*T), 0)
def _time_value_trap(w):
    sig, r = w
    T, K = rng.uniform(.05, .5), rng.uniform(80, 120)
    return (K*math.exp(_sgn()*rng.uniform(5.5, 8)*sig*math.sqrt(T)), K, T)
def _queue(g, mu, K, lam):
    rho = lam/mu
    return g*(1 - rho)*rho**K/(1 - rho**(K + 1))
def _brillouin(Ms, J, g, B, T):
    x = g*B/T
    return Ms*((2*J + 1)/(2*J)/sp.tanh((2*J + 1)*x/(2*J)) - 1/(2*J)/sp.tanh(x/(2*J)))
def _microlens(f, t0, u0, tE, t):
    u = sp.sqrt(u0**2 + ((t - t0)/tE)**2)
    return f*((u**2 + 2)/(u*sp.sqrt(u**2 + 4)) - 1)
def _sabr(alpha, nu, rho, F, K):
    z = nu/alpha*sp.log(F/K)
    return alpha*z/sp.log((sp.sqrt(1 - 2*rho*z + z**2) + z - rho)/(1 - rho))
def _sabr_trap(w):
    F = rng.uniform(50, 150)
    return (F, F*(1 + _sgn()*_log(-12, -8.5)))
def _ogata(C0, v, D, x, t):
    s = 2*sp.sqrt(D*t)
    return C0/2*(sp.erfc((x - v*t)/s) + sp.exp(v*x/D)*sp.erfc((x + v*t)/s))
def _ogata_trap(w):
    C0, v, D = w
    x = rng.uniform(760, 1500)*D/v
    return (x, x/v*rng.uniform(.97, 1.03))
def _daylight(eps, off, phi, L):
    decl = sp.asin(sp.sin(eps)*sp.sin(L))
    return 24/sp.pi*sp.acos(-sp.tan(phi)*sp.tan(decl)) + off
def _daylight_trap(w):
    eps, off = w
    L = rng.uniform(.6, 2.5)
    decl = math.asin(math.sin(eps)*math.sin(L))
    return (_sgn()*math.atan((1 - _log(-13, -10))/math.tan(decl)), L)
def _gamow(B, c, E):
    x = E/B
    return sp.exp(-c*(sp.atan(sp.sqrt(1/x - 1)) - sp.sqrt(x*(1 - x))))
def _gev_trap(w):
    if rng.random() < .5:
        return (rng.uniform(5, 500), _sgn()*_log(-12, -8))  # shape next to 0: Gumbel limit
    return (_log(11, 14), rng.uniform(.3, 1))               # return period next to infinity
M = [
  # (name, weight names, feature names, prediction(weights..., features...), ordinary_weights(), ordinary_row(), trap_row(weights))
  # yield curve at the very short end
  ("nelson_siegel", ("b0", "b1", "b2", "tau"), ("t",),
   lambda b0, b1, b2, tau, t: b0 + b1*(1-sp.exp(-t/tau))/(t/tau) + b2*((1-sp.exp(-t/tau))/(t/tau) - sp.exp(-t/tau)),
   lambda: (rng.uniform(2, 5), rng.uniform(-2, 2), rng.uniform(-2, 2), rng.uniform(.5, 3)),
   lambda: (rng.uniform(.5, 30),),
   lambda w: (_log(-12, -6),)),
  # osmotic deficit 1-phi of an electrolyte, dilute limit: third-order cancellation
  ("debye_huckel_osmotic", ("a", "b"), ("ionic",),
   _debye_huckel,
   lambda: (rng.uniform(1, 1.3), rng.uniform(1, 2)),
   lambda: (rng.uniform(.1, 3),),
   lambda w: (_log(-10, -5),)),
  # vapour pressure deficit from the Magnus formula, air almost saturated
  ("vapour_deficit", ("c", "a", "b"), ("temp", "dew"),
   lambda c, a, b, temp, dew: c*(sp.exp(a*temp/(b + temp)) - sp.exp(a*dew/(b + dew))),
   lambda: (rng.uniform(6, 6.2), rng.uniform(17, 18), rng.uniform(235, 245)),
   lambda: (rng.uniform(15, 35), rng.uniform(-5, 12)),
   lambda w: (lambda T: (T, T - _log(-10, -7)))(rng.uniform(5, 35))),
  # Van Genuchten-Mualem hydraulic conductivity of very dry soil
  ("mualem_conductivity", ("ks", "alpha", "n"), ("psi",),
   _mualem,
   lambda: (rng.uniform(5, 50), rng.uniform(.5, 4), rng.uniform(1.6, 3)),
   lambda: (-rng.uniform(.2, 3),),
   lambda w: (-(_log(7, 12)**(1/w[2]))/w[1],)),
  # Kepler's equation of a nearly parabolic comet, next to perihelion
  ("comet_time", ("scale", "ecc"), ("anomaly",),
   lambda scale, ecc, anomaly: scale*(anomaly - ecc*sp.sin(anomaly)),
   lambda: (rng.uniform(1, 20), 1 - _log(-10, -8)),
   lambda: (rng.uniform(.4, 3),),
   lambda w: (_sgn()*_log(-7, -4.3),)),
  # one-compartment oral dose; elimination grows with creatinine clearance and meets the absorption rate
  ("bateman_clearance", ("ka", "k", "vol"), ("dose", "clear", "t"),
   lambda ka, k, vol, dose, clear, t: dose*ka/(vol*(ka - k*clear))*(sp.exp(-k*clear*t) - sp.exp(-ka*t)),
   lambda: (rng.uniform(1, 2), rng.uniform(.1, .3), rng.uniform(10, 40)),
   lambda: (rng.uniform(50, 500), rng.uniform(.5, 2), rng.uniform(.5, 6)),
   lambda w: (rng.uniform(50, 500), w[0]/w[1]*(1 + _sgn()*_log(-11, -7)), rng.uniform(.5, 3))),
  # travel time from an epicentre by the spherical law of cosines; station on top of the epicentre
  ("epicentre_delay", ("v", "lat0", "lon0"), ("lat", "lon"),
   _epicentre,
   lambda: (rng.uniform(4, 8), rng.uniform(-1, 1), rng.uniform(-1, 1)),
   lambda: (rng.uniform(-1.2, 1.2), rng.uniform(1.5, 2)),
   lambda w: (w[1] + _sgn()*_log(-8, -6), w[2] + _sgn()*_log(-8, -6))),
  # rapidity of a forward particle: E - pz cancels
  ("rapidity", ("m", "s"), ("pt", "pz"),
   _rapidity,
   lambda: (rng.uniform(.1, 1), rng.uniform(.5, 2)),
   lambda: (rng.uniform(.2, 3), rng.uniform(-4, 4)),
   lambda w: (rng.uniform(.1, 1), _log(4, 8))),
  # EKV transistor current (squared logs as Fermi-integral approximations)
  ("ekv_mosfet", ("i0", "vt", "u"), ("vg", "vs", "vd"),
   lambda i0, vt, u, vg, vs, vd: i0*(sp.log(1 + sp.exp((vg - vt - vs)/u))**2 - sp.log(1 + sp.exp((vg - vt - vd)/u))**2),
   lambda: (rng.uniform(.5, 2), rng.uniform(.4, .6), rng.uniform(.05, .09)),
   lambda: (rng.uniform(.8, 1.5), rng.uniform(0, .2), rng.uniform(.3, .7)),
   _ekv_trap),
  # blackbody colour index of two bands: overflow for cold bodies, cancellation for extremely hot ones
  ("blackbody_colour", ("g", "c1", "c2"), ("temp",),
   lambda g, c1, c2, temp: g - sp.Rational(5, 2)*sp.log((c1/c2)**3*(sp.exp(c2/temp) - 1)/(sp.exp(c1/temp) - 1))/sp.log(10),
   lambda: (rng.uniform(-1, 1), rng.uniform(30000, 34000), rng.uniform(25000, 28000)),
   lambda: (rng.uniform(3000, 30000),),
   lambda w: ((rng.uniform(15, 34),) if rng.random() < .5 else (_log(12, 16),))),
  # branching of two Arrhenius channels on cold ice: both rates underflow, the ratio does not
  ("ice_branching", ("a", "b", "ea", "eb"), ("temp",),
   _ice,
   _ice_weights,
   lambda: (rng.uniform(200, 1000),),
   lambda w: (rng.uniform(4, 7.5),)),
  # exponentiated Weibull exceedance far in the tail
  ("exp_weibull_tail", ("s", "k", "n"), ("x",),
   lambda s, k, n, x: 1 - (1 - sp.exp(-(x/s)**k))**n,
   lambda: (rng.uniform(2, 5), rng.uniform(1, 2.5), rng.uniform(.5, 4)),
   lambda: (rng.uniform(.7, 4),),
   lambda w: (w[0]*rng.uniform(17, 40)**(1/w[1]),)),
  # Clayton copula, chance that both variables exceed extreme quantiles
  ("clayton_joint_tail", ("rate", "theta"), ("u", "v"),
   lambda rate, theta, u, v: rate*(1 - u - v + (u**(-theta) + v**(-theta) - 1)**(-1/theta)),
   lambda: (rng.uniform(10, 300), rng.uniform(.5, 4)),
   lambda: (rng.uniform(.2, .9), rng.uniform(.2, .9)),
   lambda w: (1 - _log(-8, -4), 1 - _log(-8, -4))),
  # Black-Scholes time value far from the money (either side)
  ("option_time_value", ("sigma", "r"), ("spot", "strike", "t"),
   _time_value,
   lambda: (rng.uniform(.15, .5), rng.uniform(.01, .05)),
   lambda: (rng.uniform(90, 110), rng.uniform(90, 110), rng.uniform(.5, 2)),
   _time_value_trap),
  # SABR smile next to the money
  ("sabr_smile", ("alpha", "nu", "rho"), ("fwd", "strike"),
   _sabr,
   lambda: (rng.uniform(.1, .4), rng.uniform(.3, 1), rng.uniform(-.7, .5)),
   lambda: (rng.uniform(90, 110), rng.uniform(50, 80)),
   _sabr_trap),
  # blocking probability of M/M/1/K, load next to 1
  ("finite_queue_loss", ("g", "mu", "k"), ("lam",),
   _queue,
   lambda: (rng.uniform(1, 5), rng.uniform(3, 6), rng.uniform(2, 15)),
   lambda: (rng.uniform(.5, 2.5),),
   lambda w: (w[1]*(1 + _sgn()*_log(-12, -7)),)),
  # isometric (Mercator) latitude next to the pole
  ("isometric_latitude", ("radius", "ecc"), ("lat",),
   lambda radius, ecc, lat: radius*(sp.atanh(sp.sin(lat)) - ecc*sp.atanh(ecc*sp.sin(lat))),
   lambda: (rng.uniform(6300, 6400), rng.uniform(.05, .12)),
   lambda: (_sgn()*rng.uniform(.2, 1.3),),
   lambda w: (_sgn()*(math.pi/2 - _log(-9, -6.5)),)),
  # Dupuit drawdown of the water table: at the edge of the cone, or with hardly any pumping
  ("dupuit_drawdown", ("head", "cond", "reach"), ("r", "q"),
   lambda head, cond, reach, r, q: head - sp.sqrt(head**2 - q/(sp.pi*cond)*sp.log(reach/sp.Max(r, sp.Rational(1, 8)))),
   lambda: (rng.uniform(20, 40), rng.uniform(5, 20), rng.uniform(300, 800)),
   lambda: (rng.uniform(1, 100), rng.uniform(500, 1500)),
   lambda w: ((w[2]*(1 - _log(-11, -7)), rng.uniform(500, 1500)) if rng.random() < .5
              else (rng.uniform(1, 100), _log(-9, -5)))),
  # Airy wave orbital speed in very deep water: cosh/sinh overflow
  ("airy_orbital", ("amp", "k"), ("z", "depth"),
   lambda amp, k, z, depth: amp*sp.sqrt(k)*sp.cosh(k*(z + depth))/sp.sinh(k*depth),
   lambda: (rng.uniform(.5, 3), rng.uniform(.05, .5)),
   lambda: (-rng.uniform(.1, 4), rng.uniform(5, 50)),
   lambda w: (-rng.uniform(.1, 4), rng.uniform(740, 3000)/w[1])),
  # Brillouin magnetisation in a vanishing field
  ("brillouin_magnet", ("ms", "j", "g"), ("field", "temp"),
   _brillouin,
   lambda: (rng.uniform(1, 5), rng.uniform(.5, 4), rng.uniform(1, 3)),
   lambda: (rng.uniform(1, 2.5), rng.uniform(1.5, 3)),
   lambda w: (_sgn()*_log(-7, -4), rng.uniform(1, 4))),
  # Yeo-Johnson transform next to zero
  ("yeo_johnson", ("a", "b", "lam"), ("x",),
   lambda a, b, lam, x: a + b*sp.Piecewise((((x + 1)**lam - 1)/lam, x >= 0),
                                           (-((1 - x)**(2 - lam) - 1)/(2 - lam), True)),
   lambda: (rng.uniform(-1, 1), rng.uniform(.5, 3), rng.uniform(.3, 1.7)),
   lambda: (_sgn()*rng.uniform(.3, 5),),
   lambda w: (_sgn()*_log(-13, -7),)),
  # microlensing excess flux far from the peak
  ("microlens_excess", ("f", "t0", "u0", "te"), ("t",),
   _microlens,
   lambda: (rng.uniform(1, 10), rng.uniform(-5, 5), rng.uniform(.1, .8), rng.uniform(5, 20)),
   lambda: (rng.uniform(-30, 30),),
   lambda w: (w[1] + _sgn()*w[3]*_log(1.8, 3.3),)),
  # Morrison tight binding with a trace of ligand
  ("morrison_binding", ("s", "e", "kd"), ("ligand",),
   lambda s, e, kd, ligand: s*(e + ligand + kd - sp.sqrt((e + ligand + kd)**2 - 4*e*ligand))/2,
   lambda: (rng.uniform(.5, 3), rng.uniform(.5, 3), rng.uniform(.1, 2)),
   lambda: (rng.uniform(.3, 6),),
   lambda w: (_log(-12, -7),)),
  # entropic (exponential utility) premium: huge loss overflows, tiny loss cancels
  ("entropic_premium", ("gam", "p"), ("loss",),
   lambda gam, p, loss: sp.log(1 - p + p*sp.exp(gam*loss))/gam,
   lambda: (rng.uniform(.2, 1.5), rng.uniform(.02, .3)),
   lambda: (rng.uniform(1, 10),),
   lambda w: ((rng.uniform(740, 5000)/w[0],) if rng.random() < .5 else (_log(-12, -7),))),
  # Ogata-Banks solute front at a large Peclet number: exp overflows, erfc underflows
  ("ogata_banks", ("c0", "v", "d"), ("x", "t"),
   _ogata,
   lambda: (rng.uniform(1, 10), rng.uniform(.5, 2), rng.uniform(.3, 2)),
   lambda: (rng.uniform(1, 5), rng.uniform(1, 5)),
   _ogata_trap),
  # hours of daylight at the edge of the polar day or night
  ("daylight_hours", ("obliq", "off"), ("lat", "sunlon"),
   _daylight,
   lambda: (rng.uniform(.3, .5), rng.uniform(-.2, .2)),
   lambda: (rng.uniform(-.9, .9), rng.uniform(0, 6)),
   _daylight_trap),
  # laminar flow through a very thin annulus
  ("annulus_flow", ("visc", "outer"), ("inner", "grad"),
   lambda visc, outer, inner, grad: sp.pi*grad/(8*visc)*(outer**4 - inner**4 - (outer**2 - inner**2)**2/sp.log(outer/inner)),
   lambda: (rng.uniform(.5, 2), rng.uniform(1, 2)),
   lambda: (rng.uniform(.1, .7), rng.uniform(1, 10)),
   lambda w: (w[1]*(1 - _log(-6, -3.3)), rng.uniform(1, 10))),
  # Gamow tunnelling just below the top of the barrier
  ("gamow_tunnel", ("barrier", "c"), ("energy",),
   _gamow,
   lambda: (rng.uniform(2, 10), rng.uniform(1, 20)),
   lambda: (rng.uniform(.2, 1.5),),
   lambda w: (w[0]*(1 - _log(-10, -7)),)),
  # three-parameter item response of a very able person: only the derivatives suffer
  ("irt_guessing", ("a", "b", "c"), ("ability",),
   lambda a, b, c, ability: c + (1 - c)/(1 + sp.exp(-a*(ability - b))),
   lambda: (rng.uniform(.7, 2), rng.uniform(-1, 1), rng.uniform(.1, .3)),
   lambda: (rng.uniform(-3, 3),),
   lambda w: (w[1] + rng.uniform(16, 45)/w[0],)),
  # GEV return level; the shape is proportional to a covariate
  ("gev_return_level", ("mu", "s", "k"), ("period", "cov"),
   lambda mu, s, k, period, cov: mu + s/(k*cov)*((-sp.log(1 - 1/period))**(-k*cov) - 1),
   lambda: (rng.uniform(10, 30), rng.uniform(2, 8), rng.uniform(.1, .4)),
   lambda: (rng.uniform(5, 500), _sgn()*rng.uniform(.3, 1)),
   _gev_trap),
]
