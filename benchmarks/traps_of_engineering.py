"""30 models as people write them, with places where formulas lose digits and models without, in the form of trap_models.py.

Written by somebody who saw nothing of this project, to judge what a build says of digits: see lost_digits.py.
"""

# ruff: noqa
# fmt: off
import math
import random

import sympy as sp
from sympy import exp,log,sqrt,sin,cos,tan,tanh,erf,erfc,acos,asin,atan,pi,Rational as Q, Abs
from trap_drawing import LU, N, S, U, rng
M=[]
def add(name,args,f,ordn,traps,dom=None): M.append((name,args.split(),f,ordn,traps,dom or {}))
Phi=lambda x: (1+erf(x/sqrt(2)))/2

# --- plasma physics: net charge density in a collisionless sheath (eta = -e phi/Te, Mach number at the edge)
add('sheath_charge','eta mach',lambda eta,mach:1/sqrt(1+2*eta/mach**2)-exp(-eta),
    lambda:[U(.3,4),U(1,2)],
    lambda:[LU(-12,-2),rng.choice([1.0,1+LU(-9,-1),U(1,3)])],{'eta':(0,100),'mach':(1,10)})

# --- magnetohydrodynamics: Hartmann channel flow
add('hartmann_profile','G h y',lambda G,h,y:G/h**2*(1-sp.cosh(h*y)/sp.cosh(h)),
    lambda:[U(.5,2),U(.5,6),U(-.9,.9)],
    lambda:[U(.5,2),rng.choice([LU(-6,-1.5),LU(2,3.5)]),rng.choice([U(-.9,.9),S()*(1-LU(-9,-2))])],{'h':(1e-7,1e4),'y':(-1,1)})

# --- extreme-value statistics: GEV negative log-likelihood
def gev(m,s,k,x):
    t=1+k*(x-m)/s
    return log(s)+(1+1/k)*log(t)+t**(-1/k)
add('gev_nll','m s k x',gev,
    lambda:(lambda m,s:[m,s,U(.05,.3),m+s*U(-1,3)])(N(),U(.5,2)),
    lambda:(lambda m,s:[m,s,S()*LU(-13,-2),m+s*U(-2,6)])(N(),LU(-1,1)),{'s':(1e-6,1e6),'k':(-1,1)})

# --- nuclear decay chain, third member (Bateman)
def bateman(a,b,c,t):
    return a*b*(exp(-a*t)/((b-a)*(c-a))+exp(-b*t)/((a-b)*(c-b))+exp(-c*t)/((a-c)*(b-c)))
def bateman_trap():
    a=U(.2,2); k=rng.randrange(3)
    if k==0: return [a,a*(1+S()*LU(-12,-2)),U(3,5),U(.3,3)]
    if k==1: return [a,a*(1+S()*LU(-7,-2)),a*(1+S()*LU(-7,-2)),U(.3,3)]
    return [a,U(2.5,4),U(5,7),LU(-9,-2)]
add('bateman_third','a b c t',bateman,lambda:[U(.1,.5),U(.8,1.5),U(2,3),U(.3,4)],bateman_trap)

# --- population genetics: Kimura's fixation probability
add('kimura_fixation','s n p',lambda s,n,p:(1-exp(-4*n*s*p))/(1-exp(-4*n*s)),
    lambda:[U(.001,.02),U(50,300),U(.02,.5)],
    lambda:[S()*LU(-14,-5),LU(1,4),rng.choice([U(.02,.9),LU(-4,-1)])],{'n':(1,1e7),'p':(0,1)})

# --- genetics linkage: LOD score for r recombinants out of n
def lod_trap():
    if rng.random()<.6:
        n=U(10,100); return [n/2*(1+rng.choice([0.0,S()*LU(-6,-1)])),n,.5-LU(-9,-2)]
    n=U(1100,3000); return [n*U(.05,.45),n,U(.05,.45)]
add('lod_score','r n th',lambda r,n,th:log(th**r*(1-th)**(n-r)/Q(1,2)**n)/log(10),
    lambda:(lambda n:[n*U(.1,.3),n,U(.1,.3)])(U(10,60)),lod_trap,{'th':(0,.5)})

# --- celestial mechanics: tidal acceleration at the near side
add('tidal_acceleration','m d r',lambda m,d,r:m*(1/(d-r)**2-1/d**2),
    lambda:[U(.5,2),U(3,9),U(.5,2)],
    lambda:(lambda d:[LU(-1,5),d,d*LU(-12,-2)])(LU(0,8)))

# --- hydrology: Fu's form of the Budyko curve
add('budyko_fu','P E w',lambda P,E,w:P*(1+E/P-(1+(E/P)**w)**(1/w)),
    lambda:[U(400,1500),U(400,1500),U(1.6,4)],
    lambda:rng.choice([[LU(-2,1.5),U(800,2500),U(1.5,6)],[U(800,4000),LU(-4,1.5),U(1.5,6)]]),{'P':(0,1e4),'E':(0,1e4),'w':(1,10)})

# --- semiconductor devices: EKV drain current (slope factor 1.3, threshold .45 V, UT = 25.85 mV)
def ekv(i0,vg,vs,vd):
    ut=Q(2585,100000); vp=(vg-Q(45,100))/Q(13,10)
    return i0*(log(1+exp((vp-vs)/(2*ut)))**2-log(1+exp((vp-vd)/(2*ut)))**2)
add('ekv_drain_current','i0 vg vs vd',ekv,
    lambda:[U(.5,2),U(.45,1.0),U(0,.1),U(.2,.8)],
    lambda:rng.choice([[U(.5,2),U(.3,1.2),0.0,LU(-12,-3)],[U(.5,2),U(-2,-.2),0.0,U(.02,1)],[U(.5,2),U(-1,1),U(.01,.1),U(1,3)]]))

# --- radiative transfer: formal solution with a linear source over one cell
def cell(i0,a,b,t):
    w=(1-exp(-t))/t
    return i0*exp(-t)+a*(w-exp(-t))+b*(1-w)
add('linear_source_cell','i0 a b t',cell,
    lambda:[U(0,2),U(.5,2),U(.5,2),U(.3,4)],
    lambda:[rng.choice([0.0,LU(-12,-6)]),U(.5,2),U(.5,2),rng.choice([LU(-9,-2),LU(-4,-1),LU(1,3)])],{'i0':(0,1e9),'a':(0,1e9),'b':(0,1e9),'t':(0,1e5)})

# --- radiative transfer: Henyey-Greenstein phase function
add('henyey_greenstein','g c',lambda g,c:(1-g**2)/(4*pi*(1+g**2-2*g*c)**Q(3,2)),
    lambda:[U(-.8,.8),U(-.9,.9)],
    lambda:(lambda s:[s*(1-LU(-8,-1)),s*(1-LU(-15,-2))])(S()),{'g':(-1,1),'c':(-1,1)})

# --- psychophysics: two-alternative forced choice with lapse rate, k the share correct
def afc(x,m,s,l,k):
    p=Q(1,2)+(Q(1,2)-l)*Phi((x-m)/s)
    return -(k*log(p)+(1-k)*log(1-p))
add('psychometric_2afc','x m s l k',afc,
    lambda:[N(),N(),U(.5,2),U(.01,.05),U(.5,.95)],
    lambda:(lambda m,s:[m+s*rng.choice([U(5,12),U(-12,-5),U(15,30)]),m,s,rng.choice([0.0,LU(-15,-4)]),rng.choice([0.0,1.0,U(.3,.99)])])(N(),LU(-1,1)),
    {'s':(1e-4,1e4),'l':(0,.2),'k':(0,1)})

# --- choice models: nested logit, alternative u in the nest {u, v}, against w
def nested(u,v,w,l):
    i=log(exp(u/l)+exp(v/l))
    return -log(exp(u/l)/(exp(u/l)+exp(v/l))*exp(l*i)/(exp(l*i)+exp(w)))
add('nested_logit','u v w l',nested,
    lambda:[N(),N(),N(),U(.3,1)],
    lambda:rng.choice([[3*N(),3*N(),3*N(),LU(-4,-1)],[U(10,60),U(-30,5),U(-30,5),U(.3,1)],[-LU(1,3),LU(0,3),N(),U(.2,1)]]),{'l':(0,1)})

# --- game ratings: mean update of TrueSkill on a draw
def draw(a,b,c,e):
    t=(a-b)/c; d=e/c
    return sqrt(2/pi)*(exp(-(d+t)**2/2)-exp(-(d-t)**2/2))/(erf((d-t)/sqrt(2))-erf((-d-t)/sqrt(2)))
add('trueskill_draw','a b c e',draw,
    lambda:[U(20,30),U(20,30),U(6,10),U(.5,3)],
    lambda:rng.choice([[U(20,30),U(20,30),U(6,10),LU(-11,-2)],[U(60,90),U(0,10),U(5,8),U(.5,2)],(lambda a:[a,a+S()*LU(-10,-2),U(6,10),LU(-6,0)])(U(20,30))]),
    {'c':(1e-3,1e3),'e':(0,1e3)})

# --- portfolio theory: expected log growth of a bet (Kelly), as a loss
add('kelly_growth','p b f',lambda p,b,f:-(p*log(1+b*f)+(1-p)*log(1-f)),
    lambda:[U(.4,.8),U(.8,2),U(.05,.5)],
    lambda:rng.choice([[U(.4,.8),U(.8,2),LU(-13,-2)],[U(.3,.7),LU(-2,1),1-LU(-12,-2)],(lambda p:[p,(1-p)/p,LU(-7,-2)])(U(.4,.8))]),{'p':(0,1),'b':(0,1000),'f':(0,1)})

# --- image processing: 1 - SSIM from means, variances and covariance
def ssim(x,y,v,w,c):
    c1=Q(1,10000); c2=Q(9,10000)
    return 1-(2*x*y+c1)*(2*c+c2)/((x**2+y**2+c1)*(v+w+c2))
def ssim_trap():
    x=U(.1,.9); v=LU(-4,-1); d=LU(-9,-2); w=v*(1+S()*d)
    return [x,x*(1+S()*LU(-9,-2)),v,w,rng.choice([v,math.sqrt(v*w),math.sqrt(v*w)*(1-LU(-14,-3))])]
add('ssim_loss','x y v w c',ssim,lambda:[U(.1,.9),U(.1,.9),U(.01,.1),U(.01,.1),U(-.005,.009)],ssim_trap)

# --- robotics: an entry of the left Jacobian of SO(3)
def so3(a,b,c):
    t=sqrt(a**2+b**2+c**2)
    return -(1-cos(t))/t**2*c+(t-sin(t))/t**3*a*b
add('so3_left_jacobian','a b c',so3,lambda:[N(),N(),N()],
    lambda:rng.choice([(lambda h:[h*N(),h*N(),h*N()])(LU(-9,-1)),[S()*LU(-8,-1),S()*LU(-8,-1),0.0]]))

# --- variational inference: Jaakkola-Jordan bound of the logistic likelihood, as a loss
def jj(z,x): return -(log(1/(1+exp(-x)))+(z-x)/2-tanh(x/2)/(4*x)*(z**2-x**2))
add('jaakkola_bound','z x',jj,lambda:[2*N(),U(.5,4)],
    lambda:rng.choice([[N(),S()*LU(-12,-2)],(lambda x:[x,x])(U(15,60)),(lambda x:[x*(1+S()*LU(-12,-3)),x])(U(8,60)),[N(),U(-900,-100)]]))

# --- survival analysis: interval-censored Weibull negative log-likelihood
add('interval_weibull','k l a b',lambda k,l,a,b:-log(exp(-(a/l)**k)-exp(-(b/l)**k)),
    lambda:(lambda a:[U(.7,2),U(.7,2),a,a+U(.3,2)])(U(.2,1)),
    lambda:rng.choice([(lambda a:[U(.7,3),U(.7,2),a,a*(1+LU(-12,-2))])(U(.3,2)),(lambda a:[U(2,4),1.0,a,a*U(1.01,1.5)])(U(12,40)),(lambda a:[U(.7,3),U(.7,2),a,a*U(1.1,4)])(LU(-12,-4))]),
    {'k':(.05,50),'l':(1e-6,1e6),'a':(0,1e6),'b':(0,1e6)})

# --- ecology: Hill number of order q for three species
add('hill_number','a b q',lambda a,b,q:(a**q+b**q+(1-a-b)**q)**(1/(1-q)),
    lambda:[U(.1,.45),U(.1,.45),rng.choice([U(.1,.8),U(1.3,3)])],
    lambda:[U(.1,.45),rng.choice([U(.1,.45),LU(-9,-2)]),1+S()*LU(-12,-2)])

# --- harmless from here on -------------------------------------------------------------------------------------------------

# --- enzyme kinetics: reciprocal rate under mixed inhibition (Lineweaver-Burk form)
add('lineweaver_burk_mixed','vm km s i kc ku',lambda vm,km,s,i,kc,ku:km/vm*(1+i/kc)/s+(1+i/ku)/vm,
    lambda:[U(.5,2),U(.5,2),U(.2,5),U(0,3),U(.5,2),U(.5,2)],
    lambda:[LU(-6,6),LU(-6,6),LU(-9,6),rng.choice([0.0,LU(-9,6)]),LU(-6,6),LU(-6,6)])

# --- seismology: Brune source spectrum with attenuation
add('brune_spectrum','w f fc ts',lambda w,f,fc,ts:w/(1+(f/fc)**2)*exp(-pi*f*ts),
    lambda:[U(.5,2),U(.2,10),U(.5,5),U(.01,.1)],
    lambda:[LU(-9,3),LU(-3,2),LU(-3,2),LU(-4,-.3)])

# --- seismology: ETAS conditional intensity after one event
add('etas_intensity','mu k dm t c p',lambda mu,k,dm,t,c,p:mu+k*exp(Q(23,10)*dm)/(t+c)**p,
    lambda:[U(.1,1),U(.01,.1),U(0,3),U(.1,20),U(.005,.05),U(.9,1.4)],
    lambda:[LU(-6,1),LU(-6,0),U(0,6),LU(-6,5),LU(-4,0),U(.7,2)])

# --- open-channel hydraulics: Manning discharge of a rectangular channel
def manning(n,b,y,s):
    a=b*y
    return a/n*(a/(b+2*y))**Q(2,3)*sqrt(s)
add('manning_discharge','n b y s',manning,lambda:[U(.01,.05),U(1,20),U(.3,3),U(.0005,.01)],
    lambda:[LU(-2,-.7),LU(-1,3),LU(-4,1.3),LU(-8,-.5)],{'n':(.005,.5),'b':(.01,1e4),'y':(0,100),'s':(0,1)})

# --- fluid mechanics: Haaland friction factor
add('haaland_friction','r e',lambda r,e:(-Q(9,5)*log((e/Q(37,10))**Q(111,100)+Q(69,10)/r)/log(10))**(-2),
    lambda:[LU(4,6),LU(-5,-2)],lambda:[LU(3.5,9),LU(-9,-1.4)],{'r':(2300,1e10),'e':(0,.1)})

# --- game ratings: Elo expected score with home advantage
add('elo_expected','a b h',lambda a,b,h:1/(1+10**((b-a-h)/400)),
    lambda:[U(1200,2200),U(1200,2200),U(0,100)],lambda:[U(100,4000),U(100,4000),U(-200,400)])

# --- semiconductor and vacuum devices: Richardson emission with Schottky lowering (eV, K, GV/m)
add('thermionic_schottky','A T w F',lambda A,T,w,F:A*T**2*exp(-(w-Q(12,10)*sqrt(F))/(Q(8617,10**8)*T)),
    lambda:[U(.3,1.2),U(1200,2500),U(2,5),U(.001,.1)],lambda:[LU(-2,3),LU(2.7,3.6),U(1.5,6),LU(-9,-.3)],{'T':(1,1e4),'w':(.1,10),'F':(0,3)})

# --- reliability: Coffin-Manson-Basquin strain amplitude
add('coffin_manson','g b f c n',lambda g,b,f,c,n:g*(2*n)**b+f*(2*n)**c,
    lambda:[U(.003,.01),U(-.12,-.06),U(.2,1),U(-.7,-.5),LU(2,6)],
    lambda:[LU(-4,-1),U(-.25,-.02),LU(-3,1),U(-1,-.3),LU(1,12)],{'n':(1,1e15)})

# --- celestial mechanics: radial-velocity semi-amplitude (m/s, Jupiter and solar masses, years)
add('rv_semiamplitude','P m ms e i',lambda P,m,ms,e,i:Q(284329,10000)*m*sin(i)/(ms+m/1047)**Q(2,3)/P**Q(1,3)/sqrt(1-e**2),
    lambda:[U(.1,10),U(.1,10),U(.5,2),U(.01,.7),U(.3,1.5)],
    lambda:[LU(-3,5),LU(-5,3),LU(-2,2),rng.choice([0.0,LU(-9,-2),1-LU(-6,-1)]),LU(-9,0)])

# --- image processing: bilateral filter weight
add('bilateral_weight','x y d s r',lambda x,y,d,s,r:exp(-(x**2+y**2)/(2*s**2)-d**2/(2*r**2)),
    lambda:[3*N(),3*N(),.1*N(),U(1,5),U(.05,.3)],
    lambda:[S()*LU(-9,1),S()*LU(-9,1),S()*LU(-9,0),LU(0,3),LU(-1,2)])
