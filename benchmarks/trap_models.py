"""54 models as people write them, each with ordinary points and points at which naive formulas lose digits.

Written for this project's issues by somebody who saw neither its passes nor its rules. ``M`` holds (name, arguments, formula of
SymPy symbols, sampler of ordinary points, sampler of trap points, domains). Each argument is a weight; the formula is the loss.
"""

# ruff: noqa: E501, E731, E741, F401, I001
# fmt: off
import math
import random

import sympy as sp
from sympy import exp,log,sqrt,sin,cos,tan,tanh,erf,erfc,acos,asin,atan,pi,Rational as Q, Abs
from trap_drawing import LU, N, S, U, rng
M=[]
def add(name,args,f,ordn,traps,dom=None): M.append((name,args.split(),f,ordn,traps,dom or {}))
Phi=lambda x: (1+erf(x/sqrt(2)))/2
add('logsumexp','a b c',lambda a,b,c: log(exp(a)+exp(b)+exp(c)),lambda:[U(-5,5)for _ in'abc'],lambda:[S()*LU(0,4)for _ in'abc'])
add('softmax_xent','a b c',lambda a,b,c:-log(exp(a)/(exp(a)+exp(b)+exp(c))),lambda:[U(-5,5)for _ in'abc'],lambda:[S()*LU(0,4)for _ in'abc'])
add('log_1_plus_x2','x',lambda x:log(1+x**2),lambda:[N()],lambda:[S()*LU(-12,12)])
add('quadratic_plus','a b c',lambda a,b,c:(-b+sqrt(b**2-4*a*c))/(2*a),lambda:[U(.1,2),U(3,9),U(.1,1)],lambda:[LU(-8,0),LU(0,6),LU(-8,0)])
add('quadratic_nodes','a b c',lambda a,b,c:(-b+sqrt(b*b-4*a*c))/(2*a),lambda:[U(.1,2),U(-9,9),-U(.1,1)],lambda:[LU(-8,0),S()*LU(0,6),-LU(-8,0)])
add('hypot','a b',lambda a,b:sqrt(a**2+b**2),lambda:[N(),N()],lambda:[S()*LU(-200,200),S()*LU(-200,200)])
add('norm_ratio','a b c',lambda a,b,c:a/sqrt(a**2+b**2+c**2),lambda:[N(),N(),N()],lambda:[S()*LU(-9,9),S()*LU(-9,9),S()*LU(-9,9)])
add('sinc','x',lambda x:sin(pi*x)/(pi*x),lambda:[U(-4,4)],lambda:[S()*LU(-15,-1)])
add('tanh_product','a b',lambda a,b:tanh(a)*tanh(b)*(1-tanh(a)**2),lambda:[N(),N()],lambda:[S()*LU(-8,2.5),S()*LU(-8,2.5)])
add('gauss_tail_log','m s x',lambda m,s,x:-log(erfc((x-m)/(s*sqrt(2)))/2),lambda:[N(),U(.5,2),N()],lambda:[U(-3,3),LU(-3,0),S()*LU(0,3)],{'s':(1e-6,100)})
add('mills_ratio','x',lambda x:exp(-x**2/2)/erfc(x/sqrt(2)),lambda:[N()],lambda:[S()*LU(0,2.2)])
add('logistic_loss','y z',lambda y,z:log(1+exp(-y*z)),lambda:[S()*1.0,3*N()],lambda:[S()*1.0,S()*LU(0,5)])
add('bce_by_hand','y z',lambda y,z:-(y*log(1/(1+exp(-z)))+(1-y)*log(1-1/(1+exp(-z)))),lambda:[U(0,1),3*N()],lambda:[rng.choice([0.0,1.0,U(0,1)]),S()*LU(0,3)],{'y':(0,1)})
add('student_t','m s nu x',lambda m,s,nu,x:(nu+1)/2*log(1+((x-m)/s)**2/nu)+log(s),lambda:[N(),U(.5,2),U(1,9),N()],lambda:[N(),LU(-3,3),LU(0,8),S()*LU(-6,6)],{'s':(1e-9,1e9),'nu':(.1,1e12)})
add('von_mises','k mu x',lambda k,mu,x:k*(1-cos(x-mu)),lambda:[U(.1,5),N(),N()],lambda:(lambda m:[LU(0,8),m,m+S()*LU(-9,-1)])(N()))
add('gompertz','a b c t',lambda a,b,c,t:a*exp(-b*exp(-c*t)),lambda:[U(.5,2),U(.5,3),U(.1,1),U(0,9)],lambda:[U(.5,2),LU(0,2.5),LU(-1,1),S()*LU(0,2.3)])
add('gompertz_survival','b c t',lambda b,c,t:exp(-(b/c)*(exp(c*t)-1)),lambda:[U(.1,1),U(.1,1),U(0,4)],lambda:[LU(-6,0),S()*LU(-12,-1),U(0,40)],{'b':(0,10)})
add('planck','x a',lambda x,a:a*x**3/(exp(x)-1),lambda:[U(.3,8),U(.5,2)],lambda:[LU(-9,2.9),U(.5,2)],{'x':(0,1e4)})
add('einstein_cv','x',lambda x:x**2*exp(x)/(exp(x)-1)**2,lambda:[U(.3,8)],lambda:[LU(-9,2.95)],{'x':(0,1e4)})
add('debye_integrand','x',lambda x:x**4*exp(x)/(exp(x)-1)**2,lambda:[U(.3,8)],lambda:[LU(-9,2.95)],{'x':(0,1e4)})
add('langevin','x',lambda x:1/tanh(x)-1/x,lambda:[U(.5,6)],lambda:[LU(-7,2.9)],{'x':(0,1e4)})
add('lennard_jones','e s r',lambda e,s,r:4*e*((s/r)**12-(s/r)**6),lambda:[U(.5,2),U(.8,1.2),U(.9,3)],lambda:[U(.5,2),U(.8,1.2),LU(-3,6)],{'r':(1e-9,1e9),'s':(1e-3,1e3)})
add('lj_at_zero_force','e s r',lambda e,s,r:4*e*((s/r)**12-(s/r)**6),lambda:[U(.5,2),U(.8,1.2),U(.9,3)],lambda:(lambda s:[1.0,s,s*2**(1/6)*(1+S()*LU(-12,-2))])(U(.8,1.2)))
add('kinetic_rel','m v',lambda m,v:m*(1/sqrt(1-v**2)-1),lambda:[U(.5,2),U(.05,.95)],lambda:[U(.5,2),rng.choice([LU(-9,-1),1-LU(-9,-1)])],{'v':(-1,1)})
add('kinetic_rel_c','m v',lambda m,v:m*299792458**2*(1/sqrt(1-v**2/299792458**2)-1),lambda:[U(.5,2),U(1e7,2.9e8)],lambda:[U(.5,2),LU(-3,7)])
add('kepler','E e M',lambda E,e,M:(E-e*sin(E)-M)**2,lambda:[U(0,6),U(0,.9),U(0,6)],lambda:(lambda E:[E,1-LU(-9,-1),0.0])(LU(-6,-1)))
add('kepler_e1','E',lambda E:E-sin(E),lambda:[U(1,6)],lambda:[LU(-7,-1)])
def bs(S_,K,r,T,s):
    d1=(log(S_/K)+(r+s**2/2)*T)/(s*sqrt(T))
    d2=d1-s*sqrt(T)
    return S_*Phi(d1)-K*exp(-r*T)*Phi(d2)
dbs={'S':(1e-3,1e6),'K':(1e-3,1e6),'T':(1e-6,50),'s':(1e-4,5)}
add('black_scholes','S K r T s',bs,lambda:[U(80,120),U(80,120),U(0,.1),U(.1,2),U(.1,.5)],lambda:rng.choice([[U(5,60),U(100,200),U(0,.1),LU(-2,0),U(.05,.4)],[U(200,900),U(80,120),U(0,.1),U(.1,2),U(.05,.3)],[100.0,100.0,0.0,LU(-5,-1),LU(-3,-1)]]),dbs)
add('heston_d','k rho xi u',lambda k,rho,xi,u: sqrt((k-rho*xi*u)**2+xi**2*(u+u**2))-(k-rho*xi*u),lambda:[U(.5,3),U(-.9,.9),U(.1,1),U(.1,3)],lambda:[U(.5,3),U(-.9,.9),LU(-8,-2),LU(-3,1)])
add('softplus_inverse','y',lambda y:log(exp(y)-1),lambda:[U(.2,6)],lambda:[LU(-12,3)],{'y':(1e-300,1e5)})
add('box_cox','x l',lambda x,l:(x**l-1)/l,lambda:[U(.3,4),U(.2,2)],lambda:[LU(-2,2),S()*LU(-14,-2)],{'x':(1e-6,1e6)})
add('kl_bernoulli','p q',lambda p,q:p*log(p/q)+(1-p)*log((1-p)/(1-q)),lambda:[U(.1,.9),U(.1,.9)],lambda:(lambda p:[p,p*(1+S()*LU(-9,-2))])(U(.1,.8)),{'p':(0,1),'q':(0,1)})
add('kl_gauss','m1 s1 m2 s2',lambda m1,s1,m2,s2:log(s2/s1)+(s1**2+(m1-m2)**2)/(2*s2**2)-Q(1,2),lambda:[N(),U(.5,2),N(),U(.5,2)],lambda:(lambda m,s:[m,s,m*(1+S()*LU(-9,-2)),s*(1+S()*LU(-9,-2))])(N(),U(.5,2)),{'s1':(1e-6,1e6),'s2':(1e-6,1e6)})
add('entropy','p',lambda p:-p*log(p)-(1-p)*log(1-p),lambda:[U(.1,.9)],lambda:[rng.choice([LU(-300,-3),1-LU(-15,-3),.5+S()*LU(-12,-3)])],{'p':(0,1)})
add('exp_divided_diff','a b',lambda a,b:(exp(a)-exp(b))/(a-b),lambda:[U(-3,3),U(-3,3)],lambda:(lambda a:[a,a+S()*LU(-12,-2)])(U(-3,3)))
add('ratio_of_diffs','a b c',lambda a,b,c:(a**3-b**3)/(c-b),lambda:[N(),N(),3+N()],lambda:(lambda b:[b*(1+S()*LU(-9,-2)),b,b*(1+S()*LU(-9,-2))])(U(1,3)))
add('log_diff_exp','a b',lambda a,b:log(exp(a)-exp(b)),lambda:[U(1,3),U(-3,.5)],lambda:(lambda b:[b+LU(-12,2),b])(S()*LU(0,3)))
add('focal_loss','z g',lambda z,g:-(1-1/(1+exp(-z)))**g*log(1/(1+exp(-z))),lambda:[2*N(),U(.5,3)],lambda:[S()*LU(0,2.3),U(.5,3)])
add('pseudo_huber','x d',lambda x,d:d**2*(sqrt(1+(x/d)**2)-1),lambda:[N(),U(.5,2)],lambda:[S()*LU(-12,9),LU(-3,3)])
add('haversine','a b c d',lambda a,b,c,d:2*asin(sqrt(sin((b-a)/2)**2+cos(a)*cos(b)*sin((d-c)/2)**2)),lambda:[U(-1,1),U(-1,1),U(-2,0),U(.2,1)],lambda:(lambda a,c:[a,a+S()*LU(-9,-2),c,c+S()*LU(-9,-2)])(U(-1,1),U(-1,1)))
add('acos_distance','a b l',lambda a,b,l:acos(sin(a)*sin(b)+cos(a)*cos(b)*cos(l)),lambda:[U(-1,1),U(-1,1),U(.2,2)],lambda:(lambda a:[a,a+S()*LU(-7,-2),LU(-7,-2)])(U(-1,1)))
add('log1mexp','x',lambda x:log(1-exp(-x)),lambda:[U(.1,3)],lambda:[LU(-15,2.9)],{'x':(0,1e5)})
add('logit','p',lambda p:log(p/(1-p)),lambda:[U(.1,.9)],lambda:[rng.choice([LU(-300,-3),1-LU(-15,-3),.5+S()*LU(-12,-3)])],{'p':(0,1)})
add('gelu','x',lambda x:x*(1+erf(x/sqrt(2)))/2,lambda:[N()],lambda:[S()*LU(-9,1.57)])
add('mish','x',lambda x:x*tanh(log(1+exp(x))),lambda:[2*N()],lambda:[S()*LU(-6,3)])
add('hill','x k n',lambda x,k,n:x**n/(k**n+x**n),lambda:[U(.3,3),U(.5,2),U(1,4)],lambda:[LU(-4,4),LU(-3,3),U(1,60)],{'x':(1e-9,1e9),'k':(1e-9,1e9),'n':(.5,100)})
add('annuity','r n',lambda r,n:(1-(1+r)**(-n))/r,lambda:[U(.01,.1),U(5,40)],lambda:[S()*LU(-14,-3),U(1,400)])
add('doppler_shift','b',lambda b:sqrt((1+b)/(1-b))-1,lambda:[U(-.9,.9)],lambda:[rng.choice([S()*LU(-12,-2),1-LU(-12,-2),-1+LU(-12,-2)])],{'b':(-1,1)})
add('bernoulli_fn','x',lambda x:x/(exp(x)-1),lambda:[U(-4,4)],lambda:[S()*LU(-12,2.9)])
add('variance','a b c',lambda a,b,c:(a**2+b**2+c**2)/3-((a+b+c)/3)**2,lambda:[N(),N(),N()],lambda:(lambda m:[m+N(),m+N(),m+N()])(LU(2,7)))
add('weibull_nll','k l x',lambda k,l,x:-log(k/l)-(k-1)*log(x/l)+(x/l)**k,lambda:[U(.5,3),U(.5,2),U(.3,3)],lambda:[LU(-2,2),LU(-3,3),LU(-6,2)],{'k':(1e-3,1e3),'l':(1e-9,1e9),'x':(1e-12,1e9)})
add('skew_normal_nll','x a',lambda x,a:x**2/2-log(erfc(-a*x/sqrt(2))),lambda:[N(),N()],lambda:[S()*LU(0,2),S()*LU(0,2)])
add('x_over_1_plus_x','x',lambda x:x/(1+x),lambda:[U(.1,3)],lambda:[LU(-9,9)],{'x':(0,1e12)})
add('wilson_interval','p n z',lambda p,n,z:(p+z**2/(2*n)-z*sqrt(p*(1-p)/n+z**2/(4*n**2)))/(1+z**2/n),lambda:[U(.1,.9),U(10,99),U(1,3)],lambda:[LU(-9,-2),U(10,1e4),U(1,3)],{'p':(0,1),'n':(1,1e9),'z':(0,10)})
