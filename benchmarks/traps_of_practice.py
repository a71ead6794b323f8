"""30 models as people write them, with places where formulas lose digits and models without, in the form of trap_models.py.

Written by somebody who saw nothing of this project, to judge what a build says of digits: see lost_digits.py.
"""

# ruff: noqa
# fmt: off
import math
import random

import sympy as sp
from sympy import exp,log,sqrt,sin,cos,tan,tanh,sinh,erf,erfc,acos,asin,atan,pi,Rational as Q, Abs
from trap_drawing import LU, N, S, U, rng
M=[]
def add(name,args,f,ordn,traps,dom=None): M.append((name,args.split(),f,ordn,traps,dom or {}))
Phi=lambda x: (1+erf(x/sqrt(2)))/2
E_=lambda a=-12,b=-2: S()*LU(a,b)
# --- models with places that lose digits
def bateman(N0,l1,l2,l3,t):
    return N0*l1*l2*(exp(-l1*t)/((l2-l1)*(l3-l1))+exp(-l2*t)/((l1-l2)*(l3-l2))+exp(-l3*t)/((l1-l3)*(l2-l3)))
add('bateman_third','N0 l1 l2 l3 t',bateman,lambda:[U(1,9),U(.1,.5),U(.8,1.5),U(2,4),U(.3,4)],
    lambda:(lambda l:rng.choice([[U(1,9),l,l*(1+E_()),U(2,4),U(.3,4)],[U(1,9),l,l*(1+E_()),l*(1+E_()),U(.3,4)],[U(1,9),l,2*l,U(2,4),LU(-9,-3)]]))(U(.1,1)),
    {'l1':(1e-9,1e3),'l2':(1e-9,1e3),'l3':(1e-9,1e3),'t':(0,1e6)})
add('brillouin','J x',lambda J,x:(2*J+1)/(2*J)/tanh((2*J+1)/(2*J)*x)-1/(2*J)/tanh(x/(2*J)),lambda:[U(.5,3.5),U(.4,4)],
    lambda:[rng.choice([.5,1.0,1.5,2.0,3.5]),LU(-8,2.7)],{'J':(.5,20),'x':(0,1e3)})
add('demag_prolate','m',lambda m:(m/(2*sqrt(m**2-1))*log((m+sqrt(m**2-1))/(m-sqrt(m**2-1)))-1)/(m**2-1),lambda:[U(1.5,8)],
    lambda:[rng.choice([1+LU(-12,-2),LU(2,6)])],{'m':(1,1e7)})
add('lmtd','h1 h2 c1 c2',lambda h1,h2,c1,c2:((h1-c2)-(h2-c1))/log((h1-c2)/(h2-c1)),lambda:[U(140,160),U(60,70),U(10,25),U(40,60)],
    lambda:(lambda d,h2,c2:[c2+d*(1+E_()),h2,h2-d,c2])(U(10,60),U(60,90),U(30,50)))
add('burnout_height','ve m0 mf tb g',lambda ve,m0,mf,tb,g:ve*tb*(1-log(m0/mf)/(m0/mf-1))-g*tb**2/2,lambda:[U(2000,4500),U(5,20),U(1,3),U(50,150),9.81],
    lambda:(lambda m:[U(2000,4500),m*(1+LU(-12,-2)),m,LU(-6,1),rng.choice([9.81,1.62,0.0])])(U(1,9)))
add('wormlike_chain_r2','P L',lambda P,L:2*P*L*(1-P/L*(1-exp(-L/P))),lambda:[U(.5,2),U(1,20)],
    lambda:(lambda P:[P,P*LU(-10,6)])(LU(-1,3)),{'P':(1e-6,1e6),'L':(1e-9,1e9)})
def minf(V):
    a=(25-V)/10/(exp((25-V)/10)-1); b=4*exp(-V/18)
    return a/(a+b)
add('hh_m_inf','V',minf,lambda:[U(-20,20)],lambda:[rng.choice([25+E_(),U(60,400)])],{'V':(-200,1000)})
def vas(r,a,b,s,T):
    B=(1-exp(-a*T))/a
    return exp((b-s**2/(2*a**2))*(B-T)-s**2*B**2/(4*a)-B*r)
add('vasicek_bond','r a b s T',vas,lambda:[U(.01,.08),U(.2,1.5),U(.01,.08),U(.01,.05),U(1,20)],
    lambda:rng.choice([[U(.01,.08),LU(-10,-2),U(.01,.08),U(.005,.05),U(.5,30)],[U(.01,.08),U(.2,1.5),U(.01,.08),U(.005,.05),LU(-9,-2)]]))
add('tweedie_deviance','y mu p',lambda y,mu,p:2*(y**(2-p)/((1-p)*(2-p))-y*mu**(1-p)/(1-p)+mu**(2-p)/(2-p)),lambda:[U(.3,4),U(.3,4),U(1.2,1.8)],
    lambda:(lambda m:rng.choice([[m*(1+E_(-9,-2)),m,U(1.1,1.9)],[U(.3,4),m,1+LU(-12,-2)],[U(.3,4),m,2-LU(-12,-2)]]))(U(.3,4)),
    {'y':(1e-9,1e9),'mu':(1e-9,1e9),'p':(1,2)})
add('k80_distance','P Q',lambda P,Q_:-log(1-2*P-Q_)/2-log(1-2*Q_)/4,lambda:[U(.05,.2),U(.03,.15)],lambda:[LU(-12,-2),LU(-12,-2)],{'P':(0,.5),'Q':(0,.5)})
add('frank_copula','u v t',lambda u,v,t:-log(1+(exp(-t*u)-1)*(exp(-t*v)-1)/(exp(-t)-1))/t,lambda:[U(.1,.9),U(.1,.9),S()*U(1,8)],
    lambda:rng.choice([[U(.05,.95),U(.05,.95),E_()],[LU(-12,-2),U(.05,.95),S()*U(1,8)],[U(.3,.9),U(.3,.9),U(50,500)]]),{'u':(0,1),'v':(0,1)})
add('vmf_sphere_nll','k t',lambda k,t:-log(k/(2*pi*(exp(k)-exp(-k))))-k*cos(t),lambda:[U(.5,9),U(.3,2.5)],
    lambda:[rng.choice([LU(-12,-2),LU(1,5)]),LU(-8,0)])
add('hohmann_dv','mu r1 r2',lambda mu,r1,r2:sqrt(mu/r1)*(sqrt(2*r2/(r1+r2))-1)+sqrt(mu/r2)*(1-sqrt(2*r1/(r1+r2))),lambda:[398600.4418,U(6600,8000),U(12000,42164)],
    lambda:(lambda r:[398600.4418,r,r*(1+LU(-12,-2))])(U(6600,42000)))
add('renyi_binary','p a',lambda p,a:log(p**a+(1-p)**a)/(1-a),lambda:[U(.1,.9),rng.choice([U(.2,.8),U(1.3,4)])],
    lambda:rng.choice([[U(.05,.95),1+E_()],[LU(-14,-3),U(1.3,4)],[1-LU(-14,-3),U(1.3,4)]]),{'p':(0,1)})
def info3(th,a,b,c):
    P=c+(1-c)/(1+exp(-a*(th-b)))
    return a**2*((P-c)/(1-c))**2*(1-P)/P
add('irt_3pl_information','th a b c',info3,lambda:[N(),U(.6,2),N(),U(.1,.3)],
    lambda:[S()*LU(.7,1.8),U(.6,3),N(),rng.choice([U(.1,.3),LU(-9,-2)])],{'a':(.01,10),'c':(0,.5)})
def spread(V,D,r,T,s):
    d1=(log(V/D)+(r+s**2/2)*T)/(s*sqrt(T)); d2=d1-s*sqrt(T)
    return -log(Phi(d2)+V/D*exp(r*T)*Phi(-d1))/T
add('merton_spread','V D r T s',spread,lambda:[U(100,140),U(70,100),U(0,.08),U(1,8),U(.2,.5)],
    lambda:[U(150,900),U(60,100),U(0,.08),LU(-1.3,.5),U(.08,.35)],{'V':(1e-3,1e12),'D':(1e-3,1e12),'T':(1e-4,50),'s':(1e-3,5)})
add('tension_spline','x s',lambda x,s:(sinh(s*x)/sinh(s)-x)/s**2,lambda:[U(.1,.9),U(1,8)],
    lambda:rng.choice([[U(.05,.95),LU(-8,-2)],[U(.05,.95),LU(1.5,3.5)],[1-LU(-12,-2),U(1,8)]]))
def film(n0,n1,ns,d):
    r1=(n0-n1)/(n0+n1); r2=(n1-ns)/(n1+ns)
    return (r1**2+r2**2+2*r1*r2*cos(2*d))/(1+r1**2*r2**2+2*r1*r2*cos(2*d))
add('thin_film_reflectance','n0 n1 ns d',film,lambda:[1.0,U(1.3,2.3),U(1.5,3.5),U(.3,2.8)],
    lambda:(lambda ns:rng.choice([[1.0,math.sqrt(ns)*(1+E_(-9,-2)),ns,math.pi/2*(1+E_(-9,-2))],[1.5,U(1.6,2.4),1.5*(1+E_(-9,-2)),LU(-9,-2)]]))(U(1.4,3.5)))
add('one_pole_power_gain','a w',lambda a,w:(1-a)**2/(1-2*a*cos(w)+a**2),lambda:[U(.2,.9),U(.3,3)],lambda:[1-LU(-9,-2),LU(-9,-1)],{'a':(0,1),'w':(0,math.pi)})
add('bet_isotherm','vm c x',lambda vm,c,x:vm*c*x/((1-x)*(1+(c-1)*x)),lambda:[U(.5,3),U(5,100),U(.05,.4)],
    lambda:rng.choice([[U(.5,3),LU(3,9),LU(-2,-.1)],[U(.5,3),LU(1,5),1-LU(-12,-2)],[U(.5,3),1+E_(),U(.05,.9)]]),{'x':(0,1)})
add('shepherd_battery','E0 K Q q A B',lambda E0,K,Q_,q,A,B:E0-K*Q_/(Q_-q)+A*exp(-B*q),lambda:[U(3.4,3.9),U(.005,.03),U(2,4),U(.3,1.7),U(.1,.5),U(1,4)],
    lambda:(lambda C:[U(3.4,3.9),U(.005,.03),C,C*LU(-12,-2),U(.1,.5),U(1,4)])(U(2,100)))
# --- models that lose nothing
add('bpr_travel_time','t0 v c',lambda t0,v,c:t0*(1+Q(15,100)*(v/c)**4),lambda:[U(5,30),U(500,2500),U(1000,2000)],lambda:[LU(-3,3),LU(-3,6),LU(0,5)],
    {'t0':(0,1e5),'c':(1e-3,1e7)})
add('dipole_intensity','B0 R r lat',lambda B0,R,r,lat:B0*(R/r)**3*sqrt(1+3*sin(lat)**2),lambda:[U(25,35),6371.2,U(6371,9000),U(-1.5,1.5)],
    lambda:[LU(-3,5),6371.2,LU(3.8,9),S()*LU(-12,.19)])
add('hexagonal_d_spacing','a c h k l',lambda a,c,h,k,l:1/sqrt(Q(4,3)*(h**2+h*k+k**2)/a**2+l**2/c**2),lambda:[U(2,6),U(4,15),U(1,3),U(0,3),U(1,4)],
    lambda:[LU(-2,4),LU(-2,4),LU(-6,3),LU(-6,3),LU(-6,3)])
add('vis_viva','mu r a',lambda mu,r,a:sqrt(mu*(2/r-1/a)),lambda:[398600.4418,U(6600,9000),U(8000,30000)],lambda:(lambda r:[LU(-3,11),r,r*LU(-.2,6)])(LU(-2,9)),
    {'r':(1e-6,1e12)})
add('gaussian_beam_radius','w0 z lam',lambda w0,z,lam:w0*sqrt(1+(z*lam/(pi*w0**2))**2),lambda:[U(.2,2),U(-9,9),U(.4,1.6)],lambda:[LU(-3,3),S()*LU(-9,9),LU(-2,2)])
add('helmholtz_resonator','c A V L',lambda c,A,V,L:c/(2*pi)*sqrt(A/(V*(L+Q(17,10)*sqrt(A/pi)))),lambda:[U(330,350),U(.0005,.005),U(.001,.05),U(.02,.2)],
    lambda:[LU(2,4),LU(-10,1),LU(-9,3),LU(-6,2)])
add('freundlich','K p n',lambda K,p,n:K*p**(1/n),lambda:[U(.5,5),U(.1,9),U(1,4)],lambda:[LU(-6,6),LU(-9,9),U(.5,50)],{'p':(1e-12,1e12),'n':(.1,100)})
add('lognormal_nll','x m s',lambda x,m,s:log(x)+log(s)+(log(x)-m)**2/(2*s**2),lambda:[U(.3,5),N(),U(.4,2)],lambda:[LU(-30,30),S()*LU(-6,2),LU(-3,3)],
    {'x':(1e-100,1e100),'s':(1e-6,1e6)})
add('halflife_activity','A t h',lambda A,t,h:A*exp(-log(2)*t/h),lambda:[U(1,99),U(0,9),U(1,9)],lambda:(lambda h:[LU(-6,12),h*LU(-12,2),h])(LU(-6,9)))
