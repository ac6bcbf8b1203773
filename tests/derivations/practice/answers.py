"""Answers whose verdict is known: right ones in many forms, and near misses with a word that their diagnosis has."""

# ruff: noqa: E501 - one row, one problem

# What is differentiated, its right answers, and its wrong ones, each with a word that is to be in the diagnosis ("" for
# those that need none). The variable is x; `positive` is a domain.
CALCULUS = [
    (
        "x**3",
        ["3*x**2", "3*x^2", "x*x*3", "dy/dx = 3*x**2", "f'(x) = 3*x*x"],
        [("3*x", "exponent"), ("x**2", "3"), ("3*x**3", "exponent"), ("-3*x**2", "sign")],
    ),
    (
        "5*x**4 - 2*x + 7",
        ["20*x**3 - 2", "2*(10*x**3 - 1)", "-2 + 20*x³"],
        [("20*x**3", "-2"), ("20*x**3 - 2 + 7", ""), ("20*x**3 + 2", "sign"), ("5*x**4 - 2*x + 7", "itself")],
    ),
    (
        "sin(x)",
        ["cos(x)", "sin(x + pi/2)", "1 - 2*sin(x/2)**2"],
        [("-cos(x)", "sign"), ("sin(x)", "itself"), ("cos(1)", "")],
    ),
    ("cos(x)", ["-sin(x)", "sin(-x)"], [("sin(x)", "sign"), ("cos(x)", "itself")]),
    ("exp(x)", ["exp(x)", "e**x", "e^x", "1/exp(-x)", "exp(x/2)**2"], [("x*exp(x - 1)", ""), ("-exp(x)", "sign")]),
    ("exp(-x)", ["-exp(-x)", "-e**(-x)", "-1/exp(x)"], [("exp(-x)", "sign"), ("exp(x)", "")]),
    (
        "sin(x**2)",
        ["2*x*cos(x**2)", "cos(x^2)*2*x", "y' = x*cos(x**2) + x*cos(x**2)"],
        [
            ("cos(x**2)", "inner derivative"),
            ("2*x*sin(x**2)", "outer function"),
            ("cos(2*x)", ""),
            ("-2*x*cos(x**2)", "sign"),
            ("x*cos(x**2)", "2"),
            ("2*x**2*cos(x**2)", "exponent"),
        ],
    ),
    (
        "exp(x**2)",
        ["2*x*exp(x**2)", "2*x*e**(x**2)"],
        [("exp(x**2)", "inner derivative"), ("x**2*exp(x**2 - 1)", ""), ("exp(2*x)", "")],
    ),
    (
        "(x**2 + 1)**5",
        ["10*x*(x**2 + 1)**4", "5*(1 + x*x)**4*(2*x)"],
        [("5*(x**2 + 1)**4", "inner derivative"), ("10*x*(x**2 + 1)**5", "exponent"), ("10*(x**2 + 1)**4", "factor x")],
    ),
    (
        "sqrt(1 + x**2)",
        ["x/sqrt(1 + x**2)", "x*(1 + x^2)^(-1/2)", "2*x/(2*sqrt(x*x + 1))"],
        [("1/(2*sqrt(1 + x**2))", "inner derivative"), ("x*sqrt(1 + x**2)", ""), ("2*x/sqrt(1 + x**2)", "2")],
    ),
    (
        "1/(1 + exp(-x))",
        [
            "exp(-x)/(1 + exp(-x))**2",
            "sigmoid(x)*(1 - sigmoid(x))",
            "sigmoid(x)*sigmoid(-x)",
            "y*(1 - y)",
            "1/(2 + exp(x) + exp(-x))",
        ],
        [
            ("-exp(-x)/(1 + exp(-x))**2", "sign"),
            ("sigmoid(x)*(1 + sigmoid(x))", ""),
            ("1/(1 + exp(-x))**2", ""),
            ("y", "itself"),
        ],
    ),
    (
        "tanh(x)",
        ["1 - tanh(x)**2", "1 - y**2", "1/cosh(x)**2", "4*sigmoid(2*x)*(1 - sigmoid(2*x))", "4/(exp(x) + exp(-x))**2"],
        [("tanh(x)*(1 - tanh(x))", "sigmoid"), ("1 + tanh(x)**2", "sign"), ("1 - tanh(x)", "")],
    ),
    (
        "log(1 + exp(x))",
        ["sigmoid(x)", "exp(x)/(1 + exp(x))", "1/(1 + exp(-x))"],
        [("1/(1 + exp(x))", "inner derivative"), ("exp(x)/(1 - exp(x))", "")],
    ),
    (
        "x*exp(x)",
        ["exp(x) + x*exp(x)", "(1 + x)*exp(x)", "y + exp(x)"],
        [("exp(x)", ""), ("x*exp(x)", "itself"), ("(x - 1)*exp(x)", "sign")],
    ),
    (
        "x**2*sin(x)",
        ["2*x*sin(x) + x**2*cos(x)", "x*(2*sin(x) + x*cos(x))"],
        [
            ("2*x*cos(x)", "product"),
            ("2*x*sin(x)", "missing"),
            ("2*x*sin(x) - x**2*cos(x)", "sign"),
            ("x**2*cos(x)", "missing"),
        ],
    ),
    (
        "x/(1 + x**2)",
        ["(1 - x**2)/(1 + x**2)**2", "1/(1 + x**2) - 2*x**2/(1 + x**2)**2"],
        [("1/(2*x)", ""), ("(1 - x**2)/(1 + x**2)", ""), ("(x**2 - 1)/(1 + x**2)**2", "sign"), ("1/(1 + x**2)", "")],
    ),
    (
        "sin(x)/x",
        ["cos(x)/x - sin(x)/x**2", "(x*cos(x) - sin(x))/x**2"],
        [("cos(x)", ""), ("cos(x)/x + sin(x)/x**2", "sign"), ("(sin(x) - x*cos(x))/x**2", "sign")],
    ),
    (
        "sin(x)*cos(x)",
        ["cos(2*x)", "cos(x)**2 - sin(x)**2", "1 - 2*sin(x)**2", "2*cos(x)**2 - 1"],
        [("-sin(x)*cos(x)", "product"), ("cos(x)**2 + sin(x)**2", "sign"), ("2*cos(2*x)", "2")],
    ),
    (
        "exp(sin(x))",
        ["cos(x)*exp(sin(x))", "cos(x)*y"],
        [("exp(sin(x))", "inner derivative"), ("exp(cos(x))", ""), ("cos(x)*sin(x)", "")],
    ),
    (
        "sin(sin(x))",
        ["cos(sin(x))*cos(x)"],
        [
            ("cos(sin(x))", "inner derivative"),
            ("cos(cos(x))", "slope of the outer"),
            ("cos(x)*sin(sin(x))", "outer function"),
        ],
    ),
    (
        "cos(3*x + 1)",
        ["-3*sin(3*x + 1)", "-3*sin(1 + 3*x)"],
        [("-sin(3*x + 1)", "inner derivative"), ("3*sin(3*x + 1)", "sign"), ("-3*sin(3)", "")],
    ),
    (
        "sin(x)**2",
        ["2*sin(x)*cos(x)", "sin(2*x)"],
        [("2*sin(x)", "inner derivative"), ("cos(x)**2", ""), ("2*cos(x)", "")],
    ),
    (
        "tanh(2*x)**2",
        ["4*tanh(2*x)*(1 - tanh(2*x)**2)"],
        [
            ("2*tanh(2*x)*(1 - tanh(2*x)**2)", "inner derivative"),
            ("2*tanh(2*x)", "inner derivative"),
            ("4*tanh(2*x)", "missing"),
        ],
    ),
    (
        "exp(-x**2/2)",
        ["-x*exp(-x**2/2)", "-x*y"],
        [("exp(-x**2/2)", "inner derivative"), ("x*exp(-x**2/2)", "sign"), ("-2*x*exp(-x**2/2)", "2")],
    ),
    (
        "erf(x)",
        ["2*exp(-x**2)/sqrt(pi)", "2/(exp(x*x)*sqrt(π))"],
        [("exp(-x**2)/sqrt(pi)", "2"), ("2*exp(x**2)/sqrt(pi)", "")],
    ),
    (
        "sin(x)/cos(x)",
        ["1/cos(x)**2", "sec(x)**2", "1 + tan(x)**2", "tan(x)^2 + 1"],
        [("1 - tan(x)**2", ""), ("-1/cos(x)**2", "sign"), ("cos(x)/sin(x)", "")],
    ),
    (
        "abs(x)",
        ["sign(x)", "where(x > 0, 1, where(x < 0, -1, 0))", "[x > 0] - [x < 0]", "abs(x)/x", "x/sqrt(x**2)"],
        [("x", ""), ("where(x >= 0, 1, -1)", ""), ("x/x", ""), ("1", "")],
    ),
    (
        "maximum(0, x)",
        ["[x > 0]", "where(x > 0, 1, 0)"],
        [("1", ""), ("where(x >= 0, 1, 0)", ""), ("maximum(0, x)", "itself"), ("[x < 0]", ""), ("x/x", "")],
    ),
]
CALCULUS_POSITIVE = [
    (
        "log(x)",
        ["1/x", "x**-1", "x^(-1)", "exp(-ln(x))", "1/abs(x)"],
        [("ln(x)", "itself"), ("-1/x", "sign"), ("1/x**2", "exponent"), ("log(x)/x", "")],
    ),
    (
        "x**x",
        ["x**x*(log(x) + 1)", "exp(x*ln(x))*(1 + ln(x))"],
        [("x*x**(x - 1)", ""), ("x**x*log(x)", "missing"), ("x**x", "itself")],
    ),
    (
        "sqrt(x)",
        ["1/(2*sqrt(x))", "x**(-1/2)/2", "0.5*x^-0.5", "sqrt(x)/(2*x)"],
        [("1/sqrt(x)", "2"), ("sqrt(x)/2", "exponent"), ("-1/(2*sqrt(x))", "sign")],
    ),
    (
        "log(x**2 + x)",
        ["(2*x + 1)/(x**2 + x)", "1/x + 1/(x + 1)"],
        [
            ("1/(x**2 + x)", "inner derivative"),
            ("(2*x + 1)*log(x**2 + x)", "outer function"),
            ("2*x/(x**2 + x)", "missing"),
        ],
    ),
    (
        "x*log(x) - x",
        ["log(x)", "ln(x)", "-log(1/x)", "log(x**2)/2"],
        [("log(x) - 1", ""), ("1/x", ""), ("log(x) + 1", "")],
    ),
    (
        "log(x)/x",
        ["(1 - log(x))/x**2", "1/x**2 - log(x)/x**2"],
        [("1/x**2", "missing"), ("(log(x) - 1)/x**2", "sign"), ("1/x", "")],
    ),
]

# A function of several variables, the one that it is differentiated by, right and wrong answers.
MANY_VARIABLES = [
    (
        "x y f",
        "f = x**2*y + y**3",
        "x",
        ["2*x*y", "df/dx = 2*x*y", "x*y + y*x"],
        [("2*x", "factor y"), ("2*x*y + 3*y**2", ""), ("x**2 + 3*y**2", ""), ("-2*x*y", "sign")],
    ),
    (
        "x y f",
        "f = x**2*y + y**3",
        "y",
        ["x**2 + 3*y**2", "f' = 3*y²+x²"],
        [("x**2", "missing"), ("3*y**2", "missing"), ("x**2 - 3*y**2", "sign"), ("2*x*y", "")],
    ),
    (
        "x y f",
        "f = sin(x*y)",
        "x",
        ["y*cos(x*y)"],
        [("cos(x*y)", "inner derivative"), ("x*cos(x*y)", ""), ("y*sin(x*y)", "outer function")],
    ),
    (
        "x y f",
        "f = exp(x**2 + y**2)",
        "y",
        ["2*y*f", "2*y*exp(x**2 + y**2)", "2*y*exp(x**2)*exp(y**2)"],
        [("exp(x**2 + y**2)", "inner derivative"), ("2*x*f", ""), ("y*f", "2")],
    ),
    (
        "w b x t L",
        "L = (w*x + b - t)**2/2",
        "w",
        ["(w*x + b - t)*x", "x*(w*x + b) - x*t"],
        [
            ("w*x + b - t", "inner derivative"),
            ("(t - w*x - b)*x", "sign"),
            ("2*(w*x + b - t)*x", "2"),
            ("(w*x + b - t)*w", ""),
        ],
    ),
    (
        "w b x t L",
        "L = (w*x + b - t)**2/2",
        "b",
        ["w*x + b - t", "-(t - b - w*x)"],
        [("1", ""), ("(w*x + b - t)*x", "with respect to w"), ("t - w*x - b", "sign")],
    ),
    ("u v w f", "f = u*v/w", "w", ["-u*v/w**2", "-f/w"], [("u*v/w**2", "sign"), ("-u*v/w", "exponent"), ("u*v", "")]),
    (
        "x y r",
        "r = sqrt(x**2 + y**2)",
        "x",
        ["x/r", "x/sqrt(x**2 + y**2)", "x*(x^2 + y^2)^(-1/2)"],
        [("1/(2*r)", "inner derivative"), ("2*x/r", "2"), ("y/r", "")],
    ),
    (
        "a b z p",
        "z = a*b; p = sigmoid(z)",
        "a",
        ["b*p*(1 - p)", "b*sigmoid(a*b)*sigmoid(-a*b)"],
        [
            ("p*(1 - p)", "factor b"),
            ("b*p", "factor"),
            ("a*p*(1 - p)", "a stands where b belongs"),
            ("b*(1 - p**2)", "tanh"),
        ],
    ),
    (
        "x u v y",
        "u = x**2; v = sin(u); y = exp(v)",
        "x",
        ["y*cos(u)*2*x", "exp(sin(x**2))*cos(x**2)*2*x", "2*x*y*cos(u)"],
        [("y*cos(u)", "inner derivative"), ("y*2*x", "missing"), ("cos(u)*2*x", "missing"), ("y*sin(u)*2*x", "")],
    ),
]

# Several lines: the status, and the line that does not follow.
DERIVATIONS = [
    ("sin(x**2)", "u = x**2\ny' = cos(u)*2*x", "right", None),
    ("sin(x**2)", "y' = cos(x**2)*2*x\n= 2*x*cos(x**2)\n= x*cos(x**2) + x*cos(x**2)", "right", None),
    ("sin(x**2)", "y' = cos(x**2)*2*x\n= 2*cos(x**3)", "wrong", 2),
    ("sin(x**2)", "y' = cos(x**2)\n= 2*x*cos(x**2)", "wrong", 1),
    ("sin(x**2)", "u = x**2\nw = 2*x\nw*cos(u)", "right", None),
    ("sin(x**2)", "u = x**2\nw = 2*x\nw*sin(u)", "wrong", 3),
    ("sin(x**2)", "# the chain rule\ny' = cos(x**2)*2*x = 2*x*cos(x**2)", "right", None),
    ("x**2*exp(x)", "f = x**2\ng = exp(x)\ny' = 2*x*g + f*exp(x)\n= (2*x + x**2)*exp(x)", "right", None),
    ("x**2*exp(x)", "f = x**2\ng = exp(x)\ny' = 2*x*g + f*exp(x)\n= (2*x + 1)*exp(x)", "wrong", 4),
]

# A layer of the catalogue and one of its cotangents, right answers, and wrong ones with a word of their diagnosis.
LAYERS = [
    (
        "linear",
        "dX",
        ["dY @ W.T", "dX[n,d] = sum[c](dY[n,c]*W[d,c])", "(W @ dY.T).T", "sum[k](W[d,k]*dY[n,k])", "np.dot(dY, W.T)"],
        [
            ("-dY @ W.T", "sign"),
            ("dY @ W.T/N", "1/N"),
            ("dX[n,d] = dY[n,c]*W[d,c]", "sum over c"),
            ("X @ W @ W.T", ""),
            ("Y @ W.T", "cotangent"),
        ],
    ),
    (
        "linear",
        "dW",
        [
            "X.T @ dY",
            "dW[d,c] = sum[n](X[n,d]*dY[n,c])",
            "dW[i,j] = sum[k](dY[k,j]*X[k,i])",
            "(dY.T @ X).T",
            "N*mean[n](X[n,d]*dY[n,c])",
        ],
        [
            ("X.T @ dY/N", "1/N"),
            ("dY.T @ X", "transposed"),
            ("dW[d,c] = X[n,d]*dY[n,c]", "sum over n"),
            ("X.T @ Y", "cotangent"),
            ("-X.T @ dY", "sign"),
            ("2*X.T @ dY", "2"),
            ("dW[c,d] = sum[n](X[n,d]*dY[n,c])", "transposed"),
            ("(X.T @ dY).sum(axis=0)", "summed over d"),
        ],
    ),
    (
        "linear",
        "db",
        ["dY.sum(axis=0)", "sum(dY, axis=0)", "db[c] = sum[n](dY[n,c])", "dY.T.sum(axis=1)", "N*dY.mean(0)"],
        [
            ("dY", "sum over n"),
            ("dY.mean(axis=0)", "1/N"),
            ("dY.sum()", "summed over c"),
            ("dY.sum(axis=1)", "wrong axis"),
            ("-dY.sum(0)", "sign"),
        ],
    ),
    (
        "bilinear",
        "dW",
        ["dW[d,e,c] = sum[n](X1[n,d]*X2[n,e]*dY[n,c])"],
        [("dW[d,e,c] = sum[n](X1[n,d]*dY[n,c])", "factor"), ("dW[d,e,c] = X1[n,d]*X2[n,e]*dY[n,c]", "sum over n")],
    ),
    (
        "embedding",
        "dW",
        ["dW[v,d] = sum[n]([v = T[n]]*dY[n,d])", "dW[v,d] = sum[n](where(T[n] = v, dY[n,d], 0))"],
        [
            ("dW[v,d] = [v = T[n]]*dY[n,d]", "sum over n"),
            ("dW[v,d] = sum[n](dY[n,d])", ""),
            ("dW[v,d] = mean[n]([v = T[n]]*dY[n,d])", "1/N"),
        ],
    ),
    (
        "low_rank_linear",
        "dB",
        ["alpha/R*H.T @ dY", "dB[r,c] = alpha*sum[n](H[n,r]*dY[n,c])/R", "alpha/R*(X @ A).T @ dY"],
        [("H.T @ dY", "alpha/R is missing"), ("alpha*H.T @ dY", "1/R is missing")],
    ),
    (
        "sigmoid",
        "dX",
        [
            "dY*Y*(1 - Y)",
            "dY o Y o (1 - Y)",
            "dX[n,d] = dY[n,d]*sigmoid(X[n,d])*(1 - sigmoid(X[n,d]))",
            "dY*sigmoid(X)*sigmoid(-X)",
            "dY*(Y - Y**2)",
            "dY*exp(-X)/(1 + exp(-X))**2",
        ],
        [
            ("dY*(1 - Y**2)", "tanh"),
            ("Y*(1 - Y)", "dY is missing"),
            ("dY*Y", "factor"),
            ("dY*X*(1 - X)", "X stands where Y"),
            ("-dY*Y*(1 - Y)", "sign"),
            ("dY", "above"),
            ("dY*sigmoid(X)", "factor"),
        ],
    ),
    (
        "tanh",
        "dX",
        ["dY*(1 - Y**2)", "dY*(1 - Y)*(1 + Y)", "dX[n,d] = dY[n,d]*(1 - tanh(X[n,d])**2)", "dY - dY*Y*Y"],
        [
            ("dY*Y*(1 - Y)", "sigmoid"),
            ("1 - Y**2", "dY is missing"),
            ("dY*(1 + Y**2)", "sign"),
            ("dY*(1 - X**2)", "X stands where Y"),
            ("dY*(1 - Y)", "exponent"),
        ],
    ),
    (
        "relu",
        "dX",
        [
            "dY*(X > 0)",
            "where(X > 0, dY, 0)",
            "dX[n,d] = dY[n,d]*[X[n,d] > 0]",
            "dY*(Y > 0)",
            "np.where(X <= 0, 0, dY)",
        ],
        [
            ("dY*(X < 0)", ""),
            ("dY*(X >= 0)", ""),
            ("X > 0", "dY is missing"),
            ("dY*Y", ""),
            ("dY", "above"),
            ("dY*Y/X", ""),
        ],
    ),
    (
        "leaky_relu",
        "dX",
        ["where(X > 0, dY, slope*dY)", "dY*where(X > 0, 1, slope)"],
        [("where(X > 0, dY, 0)", ""), ("where(X > 0, slope*dY, dY)", ""), ("slope*dY", "")],
    ),
    (
        "softplus",
        "dX",
        ["dY*sigmoid(beta*X)", "dY/(1 + exp(-beta*X))"],
        [("dY*sigmoid(X)", ""), ("beta*dY*sigmoid(beta*X)", "beta"), ("dY*sigmoid(beta*X)/beta", "1/beta")],
    ),
    (
        "silu",
        "dX",
        ["dY*(sigmoid(X) + Y*(1 - sigmoid(X)))", "dY*sigmoid(X)*(1 + X*(1 - sigmoid(X)))"],
        [
            ("dY*sigmoid(X)", ""),
            ("dY*sigmoid(X)*(1 - sigmoid(X))", ""),
            ("dY*sigmoid(X)*(1 - X*(1 - sigmoid(X)))", "sign"),
        ],
    ),
    (
        "softmax",
        "dZ",
        [
            "P*(dP - (dP*P).sum(axis=1, keepdims=True))",
            "P*(dP - sum(dP*P, axis=1)[:, None])",
            "dZ[n,c] = P[n,c]*(dP[n,c] - sum[k](dP[n,k]*P[n,k]))",
            "dZ[n,c] = sum[k](dP[n,k]*P[n,k]*([k = c] - P[n,c]))",
            "P*dP - P*(P*dP).sum(1, keepdims=True)",
        ],
        [
            ("P*dP", "missing"),
            ("P*(1 - P)*dP", ""),
            ("P*(dP + (dP*P).sum(axis=1, keepdims=True))", "sign"),
            ("dP - (dP*P).sum(axis=1, keepdims=True)", "factor P"),
            ("P*(dP - (dP*P).mean(axis=1, keepdims=True))", "mean"),
            ("P*(dP - (dP*P).sum(axis=0, keepdims=True))", ""),
        ],
    ),
    (
        "log_softmax",
        "dZ",
        ["dY - exp(Y)*dY.sum(axis=1, keepdims=True)", "dZ[n,c] = dY[n,c] - exp(Y[n,c])*sum[k](dY[n,k])"],
        [
            ("dY", "above"),
            ("dY - Y*dY.sum(axis=1, keepdims=True)", ""),
            ("dY + exp(Y)*dY.sum(axis=1, keepdims=True)", "sign"),
            ("dY - exp(Y)*dY", "sum over"),
        ],
    ),
    (
        "softmax_cross_entropy",
        "dZ",
        ["dZ[n,c] = dL*(P[n,c] - [c = T[n]])/N", "dL/N*(P[n,c] - [T[n] = c])"],
        [
            ("dZ[n,c] = dL*(P[n,c] - [c = T[n]])", "1/N is missing"),
            ("dZ[n,c] = dL*([c = T[n]] - P[n,c])/N", "sign"),
            ("dZ[n,c] = dL*P[n,c]/N", "missing"),
            ("dZ[n,c] = (P[n,c] - [c = T[n]])/N", "dL is missing"),
            ("dZ[n,c] = -dL*[c = T[n]]/(N*P[n,c])", ""),
        ],
    ),
    (
        "cross_entropy",
        "dP",
        ["dP[n,c] = -dL*[c = T[n]]/(N*P[n,c])"],
        [
            ("dP[n,c] = dL*[c = T[n]]/(N*P[n,c])", "sign"),
            ("dP[n,c] = -dL*[c = T[n]]/P[n,c]", "1/N is missing"),
            ("dP[n,c] = -dL/(N*P[n,c])", ""),
        ],
    ),
    (
        "mean_squared_error",
        "dY",
        ["2*dL*(Y - T)/(N*C)", "dY[n,c] = 2*dL/(N*C)*(Y[n,c] - T[n,c])", "-2*dL*(T - Y)/N/C"],
        [
            ("dL*(Y - T)/(N*C)", "2 is missing"),
            ("2*dL*(T - Y)/(N*C)", "sign"),
            ("2*dL*(Y - T)/N", "1/C is missing"),
            ("2*dL*(Y - T)", "is missing"),
            ("2*(Y - T)/(N*C)", "dL is missing"),
            ("2*dL*Y/(N*C)", "missing"),
        ],
    ),
    (
        "absolute_error",
        "dY",
        ["dL*sign(Y - T)/(N*C)", "-dL*sign(T - Y)/(N*C)"],
        [
            ("dL*sign(T - Y)/(N*C)", "sign"),
            ("dL*sign(Y - T)/N", "1/C"),
            ("dL*(Y - T)/(N*C)", ""),
            ("dL*abs(Y - T)/(N*C)", ""),
        ],
    ),
    (
        "l2_penalty",
        "dW",
        ["lam*dL*W", "dW[d,c] = dL*lam*W[d,c]"],
        [
            ("lam*W", "dL is missing"),
            ("2*lam*dL*W", "2"),
            ("dL*W", "lam is missing"),
            ("lam*dL*W**2/2", ""),
            ("-lam*dL*W", "sign"),
        ],
    ),
    (
        "l1_penalty",
        "dW",
        ["lam*dL*sign(W)", "dL*lam*((W > 0) - (W < 0))"],
        [("lam*dL*W", ""), ("lam*dL", ""), ("dL*sign(W)", "lam is missing"), ("lam*dL*abs(W)", "")],
    ),
    (
        "layer_norm",
        "dgamma",
        [
            "(dY*Xhat).sum(axis=0)",
            "dgamma[d] = sum[n](dY[n,d]*Xhat[n,d])",
            "(dY*(X - mu[:, None])/sqrt(v[:, None] + eps)).sum(axis=0)",
        ],
        [
            ("dY*Xhat", "sum over n"),
            ("(dY*X).sum(axis=0)", "X stands where Xhat"),
            ("(dY*Xhat).mean(axis=0)", "1/N"),
            ("dY.sum(axis=0)", "factor"),
            ("(dY*Xhat).sum(axis=1)", ""),
        ],
    ),
    (
        "layer_norm",
        "dX",
        [
            "G = dY*gamma\n(G - G.mean(1, keepdims=True) - Xhat*(G*Xhat).mean(1, keepdims=True))/sqrt(v[:, None] + eps)",
            "dX[n,d] = dXhat[n,d]/sqrt(v[n] + eps) + 2*dv[n]*(X[n,d] - mu[n])/D + dmu[n]/D",
        ],
        [
            ("dX[n,d] = dY[n,d]*gamma[d]/sqrt(v[n] + eps)", ""),
            ("dX[n,d] = dXhat[n,d]/sqrt(v[n] + eps) + 2*dv[n]*(X[n,d] - mu[n])/D", "through mu"),
            ("dX[n,d] = dXhat[n,d]/sqrt(v[n] + eps) + dmu[n]/D", "through v"),
            ("(dY - dY.mean(1, keepdims=True) - Xhat*(dY*Xhat).mean(1, keepdims=True))/sqrt(v[:, None] + eps)", ""),
            ("G = dY*gamma\n(G - Xhat*(G*Xhat).mean(1, keepdims=True))/sqrt(v[:, None] + eps)", "missing"),
            ("G = dY*gamma\nG - G.mean(1, keepdims=True) - Xhat*(G*Xhat).mean(1, keepdims=True)", "factor"),
        ],
    ),
    ("batch_norm", "dgamma", ["(dY*Xhat).sum(0)"], [("(dY*Xhat).mean(0)", "1/N"), ("dY*Xhat", "sum over n")]),
    (
        "batch_norm",
        "dX",
        ["G = dY*gamma\n(G - G.mean(0) - Xhat*(G*Xhat).mean(0))/sqrt(v + eps)"],
        [
            ("dY*gamma/sqrt(v + eps)", ""),
            ("G = dY*gamma\n(G - G.sum(0) - Xhat*(G*Xhat).mean(0))/sqrt(v + eps)", "sum over"),
        ],
    ),
    (
        "rms_norm",
        "dgamma",
        ["(dY*Xhat).sum(axis=0)"],
        [("(dY*X).sum(axis=0)", "X stands where Xhat"), ("-(dY*Xhat).sum(axis=0)", "sign")],
    ),
    (
        "dropout",
        "dX",
        ["dY*M/keep", "dX[n,d] = M[n,d]*dY[n,d]/keep"],
        [("dY*M", "1/keep is missing"), ("dY/keep", "factor M"), ("dY*M*keep", ""), ("M/keep", "dY is missing")],
    ),
    (
        "residual_add",
        "dX",
        ["dY", "dX[n,d] = dY[n,d]"],
        [("2*dY", "2"), ("-dY", "sign"), ("X + F", ""), ("dY + F", "")],
    ),
    (
        "flatten",
        "dX",
        ["dX[n,h,w,c] = dY[n, (h*W + w)*C + c]"],
        [("dX[n,h,w,c] = -dY[n, (h*W + w)*C + c]", "sign"), ("dX[n,h,w,c] = dY[n, (h*W + w)*C]", "")],
    ),
    ("transpose", "dX", ["dX[n,h,w] = dY[n,w,h]"], [("dX[n,h,w] = -dY[n,w,h]", "sign")]),
    (
        "global_average_pool",
        "dX",
        ["dX[n,h,w,c] = dY[n,c]/(H*W)"],
        [("dX[n,h,w,c] = dY[n,c]", "is missing"), ("dX[n,h,w,c] = dY[n,c]/H", "1/W is missing")],
    ),
    (
        "rnn_tanh",
        "dWh",
        [
            "dWh[k,m] = sum[t,n](dh_total[t,n,m]*(1 - h[t,n,m]**2)*h[t-1,n,k])",
            "dWh[i,j] = sum[n,t](h[t-1,n,i]*(1 - h[t,n,j])*(1 + h[t,n,j])*dh_total[t,n,j])",
        ],
        [
            ("dWh[k,m] = sum[t,n](dh_total[t,n,m]*(1 - h[t,n,m]**2)*h[t,n,k])", "off by one in t"),
            ("dWh[k,m] = sum[t,n](dh[t,n,m]*(1 - h[t,n,m]**2)*h[t-1,n,k])", "dh stands where dh_total"),
            ("dWh[k,m] = sum[t,n](dh_total[t,n,m]*h[t-1,n,k])", "factor"),
            ("dWh[k,m] = sum[t,n](dh_total[t,n,k]*(1 - h[t,n,k]**2)*h[t-1,n,m])", "transposed"),
            ("dWh[k,m] = sum[t,n](dh_total[t,n,m]*h[t,n,m]*(1 - h[t,n,m])*h[t-1,n,k])", "sigmoid"),
            ("dWh[k,m] = sum[n](dh_total[T-1,n,m]*(1 - h[T-1,n,m]**2)*h[T-2,n,k])", ""),
        ],
    ),
    (
        "rnn_tanh",
        "dh_total",
        ["dh_total[t,n,m] = dh[t,n,m] + sum[k](dh_total[t+1,n,k]*(1 - h[t+1,n,k]**2)*Wh[m,k])"],
        [
            ("dh_total[t,n,m] = dh[t,n,m]", ""),
            ("dh_total[t,n,m] = dh[t,n,m] + sum[k](dh_total[t+1,n,k]*(1 - h[t,n,k]**2)*Wh[m,k])", "off by one"),
            ("dh_total[t,n,m] = dh[t,n,m] + sum[k](dh_total[t+1,n,k]*(1 - h[t+1,n,k]**2)*Wh[k,m])", "transposed"),
            ("dh_total[t,n,m] = sum[k](dh_total[t+1,n,k]*(1 - h[t+1,n,k]**2)*Wh[m,k])", "missing"),
            ("dh_total[t,n,m] = dh[t,n,m] + sum[k](dh_total[t-1,n,k]*(1 - h[t-1,n,k]**2)*Wh[m,k])", "wrong way"),
        ],
    ),
    (
        "linear_recurrence",
        "da",
        ["da[t,n,m] = dh_total[t,n,m]*h[t-1,n,m]"],
        [
            ("da[t,n,m] = dh_total[t,n,m]*h[t,n,m]", "off by one"),
            ("da[t,n,m] = dh_total[t,n,m]", ""),
            ("da[t,n,m] = dh[t,n,m]*h[t-1,n,m]", "dh stands where dh_total"),
            ("da[t,n,m] = dh_total[t,n,m]*h[t+1,n,m]", ""),
        ],
    ),
    (
        "lstm",
        "db",
        ["db[k] = sum[t,n](da[t,n,k])"],
        [
            ("db[k] = sum[n](da[0,n,k])", "sum over t"),
            ("db[k] = -sum[t,n](da[t,n,k])", "sign"),
            ("db[k] = sum[t,n](a[t,n,k])", "cotangent"),
        ],
    ),
    (
        "scaled_dot_product_attention",
        "dV",
        ["dV[n,u,e] = sum[t](dO[n,t,e]*P[n,t,u])"],
        [
            ("dV[n,u,e] = sum[t](O[n,t,e]*P[n,t,u])", "cotangent"),
            ("dV[n,u,e] = dO[n,t,e]*P[n,t,u]", "sum over t"),
            ("dV[n,u,e] = sum[t](dO[n,t,e]*S[n,t,u])", "S stands where P"),
        ],
    ),
    (
        "scaled_dot_product_attention",
        "dQ",
        ["dQ[n,t,d] = sum[u](dS[n,t,u]*K[n,u,d])/sqrt(D)"],
        [
            ("dQ[n,t,d] = sum[u](dS[n,t,u]*K[n,u,d])", ""),
            ("dQ[n,t,d] = sum[u](dS[n,t,u]*K[n,u,d])/D", ""),
            ("dQ[n,t,d] = sum[u](dP[n,t,u]*K[n,u,d])/sqrt(D)", "dP stands where dS"),
        ],
    ),
    (
        "conv1d",
        "dK",
        ["dK[r,c,f] = sum[n,p](X[n, stride*p + dilation*r - pad, c]*dY[n,p,f])"],
        [
            ("dK[r,c,f] = sum[n,p](X[n, stride*p + dilation*(R-1-r) - pad, c]*dY[n,p,f])", "flipped"),
            ("dK[r,c,f] = sum[n](X[n, dilation*r - pad, c]*dY[n,0,f])", "sum over p"),
            ("dK[r,c,f] = sum[n,p](X[n, stride*p + dilation*r, c]*dY[n,p,f])", ""),
            ("dK[r,c,f] = sum[n,p](X[n, stride*p + dilation*r - pad, c]*dY[n,p,f])/N", "1/N"),
        ],
    ),
    (
        "conv1d",
        "dX",
        ["dX[n,h,c] = sum[r,f,p](dY[n,p,f]*K[r,c,f]*[h = stride*p + dilation*r - pad])"],
        [
            ("dX[n,h,c] = sum[r,f,p](dY[n,p,f]*K[R-1-r,c,f]*[h = stride*p + dilation*r - pad])", "flipped"),
            ("dX[n,h,c] = -sum[r,f,p](dY[n,p,f]*K[r,c,f]*[h = stride*p + dilation*r - pad])", "sign"),
        ],
    ),
    (
        "conv2d",
        "db",
        ["dY.sum(axis=(0, 1, 2))", "db[f] = sum[n,p,q](dY[n,p,q,f])"],
        [
            ("dY.sum(axis=0)", "sum over p and q"),
            ("dY.mean(axis=(0, 1, 2))", ""),
            ("db[f] = sum[n](dY[n,0,0,f])", "sum over p and q"),
        ],
    ),
    (
        "conv2d",
        "dK",
        ["dK[r,s,c,f] = sum[n,p,q](X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, c]*dY[n,p,q,f])"],
        [
            (
                "dK[r,s,c,f] = sum[n,p,q](X[n, stride*p + dilation*(R-1-r) - pad, stride*q + dilation*(S-1-s) - pad, c]*dY[n,p,q,f])",
                "",
            ),
            (
                "dK[r,s,c,f] = sum[n,p,q](X[n, stride*p + dilation*(R-1-r) - pad, stride*q + dilation*s - pad, c]*dY[n,p,q,f])",
                "flipped",
            ),
        ],
    ),
    (
        "max_pool2d",
        "dZ",
        ["dZ[n,p,q,r,s,c] = dY[n,p,q,c]*[(r, s) = argmax[i, j](Z[n,p,q,i,j,c])]"],
        [("dZ[n,p,q,r,s,c] = dY[n,p,q,c]", ""), ("dZ[n,p,q,r,s,c] = dY[n,p,q,c]*[Z[n,p,q,r,s,c] = Y[n,p,q,c]]", "")],
    ),
    ("avg_pool2d", "dX", [], [("dX[n,h,w,c] = dY[n,0,0,c]/(R*S)", "")]),
]

# Nielsen (2015), ch. 2: one layer of a network whose activation has no name, for a batch of one.
NIELSEN = """
    w[J, K]  b[J]  x[K]  y[J]  z[J]  a[J]  C
    z[j] = sum[k](w[j, k]*x[k]) + b[j]
    a[j] = sigma(z[j])
    C = sum[j]((a[j] - y[j])**2)/2
"""
NIELSEN_ANSWERS = [
    (
        "da",
        ["dC*(a - y)", "da[j] = dC*(a[j] - y[j])"],
        [("dC*(y - a)", "sign"), ("a - y", "dC is missing"), ("2*dC*(a - y)", "2"), ("dC*a", "missing")],
    ),
    (
        "dz",
        ["da*sigma_prime(z)", "dz[j] = dC*(a[j] - y[j])*sigma_prime(z[j])", "dC*(a - y) o sigma_prime(z)"],
        [
            ("da*sigma(z)", "sigma stands where its derivative"),
            ("da", ""),
            ("sigma_prime(z)", "missing"),
            ("da*a*(1 - a)", ""),
            ("da*sigma_prime(a)", "a stands where z"),
            ("-da*sigma_prime(z)", "sign"),
        ],
    ),
    ("db", ["dz", "db[j] = dz[j]", "da*sigma_prime(z)"], [("da", ""), ("dz.sum()", "summed over j"), ("2*dz", "2")]),
    (
        "dw",
        ["outer(dz, x)", "dw[j,k] = dz[j]*x[k]", "dz[:, None]*x[None, :]", "dz[:, None] @ x[None, :]"],
        [
            ("outer(x, dz)", "transposed"),
            ("dw[j,k] = dz[j]", "factor"),
            ("outer(da, x)", "da stands where dz"),
            ("dz @ w", ""),
            ("outer(z, x)", "cotangent"),
            ("-outer(dz, x)", "sign"),
        ],
    ),
    (
        "dx",
        ["w.T @ dz", "dx[k] = sum[j](w[j,k]*dz[j])", "dz @ w"],
        [
            ("dx[k] = w[j,k]*dz[j]", "sum over j"),
            ("w.T @ da", "da stands where dz"),
            ("w.T @ dz/J", "1/J"),
            ("-w.T @ dz", "sign"),
        ],
    ),
]

# What cannot be read: the problem is sin(x**2) or linear's dW; the column that is pointed at.
UNREADABLE_FORMULAS = [
    ("1/2x", 4),
    ("2*x*cos(x**2", 8),
    ("x(x + 1)", 1),
    ("2*t", 3),
    ("", 1),
    ("x +", 3),
    ("cos x", 5),
    ("x.real", 1),
    ("x.__class__", 1),
    ("__import__('os')", 12),
    ("сos(x)", 1),
    ("x = = 2", 1),
    ("lambda: x", 1),
    ("{x}", 1),
    ("x if x else 1", 1),
    ("[x for x in x]", 1),
    ("cot(x, x)", 1),
    ("x\n2*y*t", 5),
    ("exp", 1),
    ("1/0", 3),
    ("Σ_x x", 1),
    ("x**99", 4),
    ("2*x; 3", 4),
    ("dx", 1),
    ("x and x", 1),
    ("9" * 40, 1),
    ("x == x", 1),
]
UNREADABLE_EQUATIONS = [
    ("X @ dY", 1),
    ("X.T @ dY[n,c]", 7),
    ("dW", 1),
    ("X.T + dY", 1),
    ("X.T @ dY @", 10),
    ("X.shape", 1),
    ("sum[n](X[n,d]*dY[n])", 15),
    ("sum[d](X[n,d])", 5),
    ("dY = X.T", 1),
    ("X[n,d,c]", 1),
    ("Q.T @ dY", 1),
    ("X.T.dot(dY, 1)", 1),
    ("X.sum(axis=2)", 12),
    ("dW[d, d] = 1", 7),
    ("dW[0, 0] = 1", 4),
    ("N = 3", 1),
]
