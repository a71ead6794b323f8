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
# pharmacology: one compartment, first-order absorption; equal rate constants, early times
add('oral_one_compartment','D ka ke V t',lambda D,ka,ke,V,t:D*ka/(V*(ka-ke))*(exp(-ke*t)-exp(-ka*t)),
    lambda:[U(50,500),U(.8,2),U(.05,.4),U(10,60),U(.5,12)],
    lambda:(lambda k:rng.choice([[U(50,500),k*(1+S()*LU(-12,-2)),k,U(10,60),U(.5,12)],[U(50,500),U(.8,2),U(.05,.4),U(10,60),LU(-9,-2)]]))(U(.1,1)),
    {'D':(0,1e4),'ka':(1e-6,100),'ke':(1e-6,100),'V':(.1,1e3),'t':(0,1e3)})
# optics: s-polarised reflectance
add('fresnel_rs','n1 n2 th',lambda n1,n2,th:((n1*cos(th)-n2*sqrt(1-(n1/n2*sin(th))**2))/(n1*cos(th)+n2*sqrt(1-(n1/n2*sin(th))**2)))**2,
    lambda:[U(1,1.3),U(1.4,2),U(.1,1.3)],
    lambda:(lambda n:rng.choice([[n,n*(1+S()*LU(-12,-2)),U(.1,1.1)],[U(1,1.3),U(1.4,2),rng.choice([LU(-9,-2),math.pi/2-LU(-9,-2)])]]))(U(1,2)))
# optics: normalised N-slit interference
add('grating_intensity','I n x',lambda I,n,x:I*(sin(n*x)/(n*sin(x)))**2,lambda:[U(.5,2),float(rng.randint(2,12)),U(.2,2.8)],
    lambda:[U(.5,2),float(rng.randint(2,500)),rng.choice([S()*LU(-12,-3),math.pi-LU(-9,-3)])])
# population genetics: fixation probability of a new mutant
add('kimura_fixation','s Ne',lambda s,Ne:(1-exp(-2*s))/(1-exp(-4*Ne*s)),lambda:[U(.005,.1),U(20,500)],
    lambda:[rng.choice([LU(-12,-2),-LU(-12,-4)]),LU(1,6)],{'s':(-.5,1),'Ne':(1,1e9)})
# queueing: blocking probability of M/M/1/K
add('mm1k_blocking','rho K',lambda rho,K:(1-rho)*rho**K/(1-rho**(K+1)),lambda:[rng.choice([U(.3,.85),U(1.2,2)]),float(rng.randint(2,20))],
    lambda:rng.choice([[1+S()*LU(-12,-2),float(rng.randint(1,500))],[U(3,50),float(rng.randint(100,900))]]),{'rho':(0,1e3),'K':(1,1e4)})
# neuroscience: Goldman-Hodgkin-Katz current
add('ghk_current','P z V ci co',lambda P,z,V,ci,co:P*z**2*V*Q(96485)**2/(Q(8314,1000)*310)*(ci-co*exp(-z*V*96485/(Q(8314,1000)*310)))/(1-exp(-z*V*96485/(Q(8314,1000)*310))),
    lambda:[LU(-9,-7),rng.choice([1.0,2.0]),S()*U(.02,.1),U(5,150),U(5,150)],
    lambda:[LU(-9,-7),rng.choice([1.0,2.0]),rng.choice([S()*LU(-13,-4),S()*LU(-1,1)]),U(5,150),U(5,150)])
# economics: CES production, near Cobb-Douglas and near Leontief
add('ces_production','A a K L r',lambda A,a,K,L,r:A*(a*K**(-r)+(1-a)*L**(-r))**(-1/r),
    lambda:[U(.5,2),U(.2,.8),U(1,10),U(1,10),U(.2,2)],
    lambda:[U(.5,2),U(.2,.8),LU(-1,3),LU(-1,3),rng.choice([S()*LU(-12,-2),U(50,400)])],
    {'A':(0,1e6),'a':(0,1),'K':(1e-6,1e9),'L':(1e-6,1e9)})
# information theory: Renyi divergence of two coins
add('renyi_bernoulli','p q a',lambda p,q,a:log(p**a*q**(1-a)+(1-p)**a*(1-q)**(1-a))/(a-1),
    lambda:[U(.1,.45),U(.5,.9),rng.choice([U(.2,.8),U(1.3,4)])],
    lambda:(lambda p:rng.choice([[p,U(.1,.9),1+S()*LU(-12,-2)],[p,p*(1+S()*LU(-8,-2)),U(1.3,4)],[LU(-12,-3),LU(-12,-3),U(.2,.8)]]))(U(.1,.8)),
    {'p':(0,1),'q':(0,1),'a':(0,50)})
# geodesy: isometric latitude on the ellipsoid
add('isometric_latitude','phi e',lambda phi,e:log(tan(pi/4+phi/2)*((1-e*sin(phi))/(1+e*sin(phi)))**(e/2)),
    lambda:[S()*U(.2,1.3),U(.05,.1)],lambda:[rng.choice([S()*LU(-12,-2),math.pi/2-LU(-6,-2)]),rng.choice([U(.05,.1),LU(-9,-3)])])
# geodesy: surface area of an oblate ellipsoid
def oblate(a,c):
    e=sqrt(1-c**2/a**2)
    return 2*pi*a**2*(1+(1-e**2)/e*log((1+e)/(1-e))/2)
add('oblate_area','a c',oblate,lambda:[U(2,4),U(.5,1.8)],
    lambda:(lambda a:rng.choice([[a,a*(1-LU(-12,-2))],[a,a*LU(-7,-2)]]))(LU(-1,4)))
# heat exchangers: log-mean temperature difference duty
add('lmtd_duty','UA Thi Tho Tci Tco',lambda UA,Thi,Tho,Tci,Tco:UA*((Thi-Tco)-(Tho-Tci))/log((Thi-Tco)/(Tho-Tci)),
    lambda:[U(1,9),U(90,120),U(50,60),U(10,30),U(35,48)],
    lambda:(lambda h,c,g:[U(1,9),h,h-g,c,c+g*(1+S()*LU(-11,-2))])(U(80,120),U(10,25),U(5,25)))
# heat exchangers: counterflow effectiveness
add('counterflow_eps','n C',lambda n,C:(1-exp(-n*(1-C)))/(1-C*exp(-n*(1-C))),lambda:[U(.3,4),U(.1,.8)],
    lambda:rng.choice([[U(.3,8),1-LU(-12,-2)],[LU(-10,-2),U(.1,.9)],[LU(-8,-3),1-LU(-8,-3)]]),{'n':(0,50),'C':(0,1)})
# control: underdamped second-order step response
add('step_response','z w t',lambda z,w,t:1-exp(-z*w*t)*(cos(w*sqrt(1-z**2)*t)+z/sqrt(1-z**2)*sin(w*sqrt(1-z**2)*t)),
    lambda:[U(.1,.9),U(.5,3),U(.5,5)],lambda:rng.choice([[1-LU(-12,-2),U(.5,3),U(.5,5)],[U(.1,.9),U(.5,3),LU(-7,-2)]]),{'z':(0,1),'w':(1e-6,1e6)})
# finance: Vasicek zero-coupon bond
def vasicek(r,k,th,s,T):
    B=(1-exp(-k*T))/k
    A=(th-s**2/(2*k**2))*(B-T)-s**2*B**2/(4*k)
    return exp(A-B*r)
add('vasicek_bond','r k th s T',vasicek,lambda:[U(.01,.06),U(.2,1),U(.01,.06),U(.01,.03),U(.5,10)],
    lambda:[U(-.01,.06),LU(-9,-2),U(.01,.06),U(.005,.03),rng.choice([U(.5,30),LU(-5,-1)])],{'k':(1e-12,20),'s':(0,1),'T':(0,60)})
# astronomy: microlensing excess magnification
def excess(u0,t0,tE,t):
    u=sqrt(u0**2+((t-t0)/tE)**2)
    return (u**2+2)/(u*sqrt(u**2+4))-1
add('microlensing_excess','u0 t0 tE t',excess,lambda:[U(.1,1),U(-3,3),U(5,30),U(-30,30)],
    lambda:rng.choice([[U(.05,1),U(-3,3),U(1,5),S()*LU(2,5)],[LU(1,4),U(-3,3),U(5,30),U(-30,30)],[LU(-9,-3),0.0,U(5,30),S()*LU(-9,-3)]]))
# cosmology: Mattig luminosity distance (units of c/H0)
add('mattig_distance','z q',lambda z,q:(q*z+(q-1)*(sqrt(1+2*q*z)-1))/q**2,lambda:[U(.2,3),U(.1,1)],
    lambda:rng.choice([[U(.1,6),LU(-9,-2)],[LU(-9,-2),U(.1,1)]]),{'z':(0,20),'q':(1e-12,5)})
# finance: SABR lognormal volatility, beta = 1
def sabr(F,K,T,al,rho,nu):
    z=nu/al*log(F/K)
    x=log((sqrt(1-2*rho*z+z**2)+z-rho)/(1-rho))
    return al*z/x*(1+(rho*nu*al/4+(2-3*rho**2)/24*nu**2)*T)
add('sabr_beta1','F K T al rho nu',sabr,lambda:[U(90,110),U(60,85),U(.2,3),U(.1,.4),U(-.8,.3),U(.2,1)],
    lambda:(lambda F:rng.choice([[F,F*(1+S()*LU(-11,-3)),U(.2,3),U(.1,.4),U(-.8,.3),U(.2,1)],[F,U(60,85),U(.2,3),U(.1,.4),U(-.8,.3),LU(-10,-3)],[F,U(300,900),U(.2,3),LU(-3,-1),U(-.95,-.3),U(1,3)]]))(U(90,110)),
    {'F':(1e-3,1e6),'K':(1e-3,1e6),'T':(0,50),'al':(1e-6,5),'rho':(-1,1),'nu':(0,10)})
# enzyme kinetics: Morrison tight-binding residual activity
add('morrison','E I K',lambda E,I,K:1-((E+I+K)-sqrt((E+I+K)**2-4*E*I))/(2*E),lambda:[U(.5,2),U(.5,3),U(.1,2)],
    lambda:rng.choice([[U(.5,1),U(1.5,5),LU(-12,-3)],[LU(-10,-3),U(.5,3),U(.1,2)],[U(.5,2),LU(-10,-3),U(.1,2)],[U(.5,2),U(.5,3),LU(3,9)]]),
    {'E':(1e-15,1e6),'I':(0,1e9),'K':(1e-15,1e12)})
# econometrics: complementary log-log likelihood
add('cloglog_nll','y x b0 b1',lambda y,x,b0,b1:-(y*log(1-exp(-exp(b0+b1*x)))-(1-y)*exp(b0+b1*x)),
    lambda:[rng.choice([0.0,1.0]),N(),U(-1,1),U(-1,1)],lambda:[rng.choice([0.0,1.0]),U(.5,2),rng.choice([U(-60,-3),U(1,5)]),U(-.5,.5)])
# astrophysics: NFW enclosed mass
add('nfw_mass','rho rs r',lambda rho,rs,r:4*pi*rho*rs**3*(log(1+r/rs)-(r/rs)/(1+r/rs)),lambda:[U(.5,2),U(5,30),U(2,200)],
    lambda:[LU(-3,7),U(5,30),LU(-9,-1)],{'rs':(1e-6,1e6),'r':(0,1e9)})
# ---- harmless ones
add('arrhenius','A Ea T',lambda A,Ea,T:A*exp(-Ea/(Q(8314,1000)*T)),lambda:[LU(6,13),U(3e4,1e5),U(280,600)],
    lambda:[LU(-3,20),LU(1,5.5),LU(2,4)],{'A':(0,1e30),'Ea':(0,1e6),'T':(1,1e5)})
add('cobb_douglas','A K L a b',lambda A,K,L,a,b:A*K**a*L**b,lambda:[U(.5,2),U(1,9),U(1,9),U(.2,.8),U(.2,.8)],
    lambda:[LU(-6,6),LU(-9,9),LU(-9,9),U(.001,3),U(.001,3)],{'K':(1e-12,1e12),'L':(1e-12,1e12)})
add('gaussian_beam_radius','w0 lam z',lambda w0,lam,z:w0*sqrt(1+(z*lam/(pi*w0**2))**2),lambda:[U(.5,2),U(.4,1.6),U(-9,9)],
    lambda:[LU(-4,4),LU(-3,3),S()*LU(-9,12)])
add('nfw_density','rho rs r',lambda rho,rs,r:rho/((r/rs)*(1+r/rs)**2),lambda:[U(.5,2),U(5,30),U(1,200)],
    lambda:[LU(-6,9),LU(-3,3),LU(-9,9)],{'rs':(1e-6,1e6),'r':(1e-12,1e12)})
add('ricker_stock','n a b',lambda n,a,b:a*n*exp(-b*n),lambda:[U(.5,5),U(1,4),U(.1,1)],lambda:[LU(-6,3),LU(-3,3),LU(-9,-.7)])
add('manning_rectangular','b y s n',lambda b,y,s,n:b*y/n*(b*y/(b+2*y))**Q(2,3)*sqrt(s),lambda:[U(1,9),U(.3,3),U(.0005,.01),U(.01,.05)],
    lambda:[LU(-3,4),LU(-6,3),LU(-9,0),LU(-3,-.5)],{'b':(1e-6,1e6),'y':(1e-9,1e6),'s':(1e-12,10),'n':(1e-4,1)})
add('radar_range_power','Pt G lam sig R',lambda Pt,G,lam,sig,R:Pt*G**2*lam**2*sig/((4*pi)**3*R**4),lambda:[U(1e3,1e5),U(10,1e3),U(.01,.3),U(.1,10),U(1e3,1e5)],
    lambda:[LU(-3,9),LU(0,6),LU(-4,2),LU(-6,6),LU(0,9)])
add('vft_viscosity','A B T0 T',lambda A,B,T0,T:A*exp(B/(T-T0)),lambda:[LU(-5,-2),U(500,2000),U(100,200),U(280,500)],
    lambda:(lambda T0:[LU(-9,3),LU(0,3.5),T0,T0+U(10,3000)])(U(20,300)))
add('laplace_nll','m b x',lambda m,b,x:Abs(x-m)/b+log(2*b),lambda:[N(),U(.5,2),3+N()],lambda:[S()*LU(-6,6),LU(-6,6),S()*LU(-6,6)],{'b':(1e-9,1e9)})
add('tuning_curve','A m s x',lambda A,m,s,x:A*exp(-(x-m)**2/(2*s**2)),lambda:[U(5,50),N(),U(.5,2),N()],
    lambda:(lambda m,s:[LU(-6,6),m,s,m+s*S()*LU(-9,1.4)])(S()*LU(-3,2),LU(-2,3)))
