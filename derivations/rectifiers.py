"""Relatives of the ReLU: what is positive passes, or nearly; what is negative is bent."""

from derivations.notation import layer

LEAKY_RELU = layer(
    "leaky_relu",
    "Positive entries pass, the others are made smaller, so that no unit dies.",
    tensors="X[N, D]  slope >= 0  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] > 0, X[n, d], slope*X[n, d])",
    claims="dX[n, d] = dY[n, d]*where(X[n, d] > 0, 1, slope)",
    source="Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML workshop",
    kinks="the slope at 0 is that of the negative side",
)

PRELU = layer(
    "prelu",
    "A leaky ReLU that learns its slope, one for every column.",
    tensors="X[N, D]  a[D]  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] > 0, X[n, d], a[d]*X[n, d])",
    claims="""
        dX[n, d] = dY[n, d]*where(X[n, d] > 0, 1, a[d])
        da[d] = sum[n](dY[n, d]*where(X[n, d] > 0, 0, X[n, d]))
    """,
    source="He, Zhang, Ren and Sun (2015), Delving Deep into Rectifiers, ICCV, eq. 1 and section 2.1",
    kinks="the slope at 0 is that of the negative side",
)

ELU = layer(
    "elu",
    "Positive entries pass, the others approach -alpha.",
    tensors="X[N, D]  alpha > 0  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] > 0, X[n, d], alpha*(exp(X[n, d]) - 1))",
    claims="dX[n, d] = dY[n, d]*where(X[n, d] > 0, 1, Y[n, d] + alpha)",
    source="Clevert, Unterthiner and Hochreiter (2016), Fast and Accurate Deep Network Learning by ELUs, ICLR",
    kinks="the slope at 0 is that of the negative side, alpha",
)

SELU = layer(
    "selu",
    "An ELU whose two constants keep mean 0 and variance 1 from layer to layer.",
    tensors="X[N, D]  Y[N, D]",
    equations="""
        Y[n, d] = where(X[n, d] > 0, 1.0507009873554804934193349853*X[n, d],
                        1.0507009873554804934193349853*1.6732632423543772848170429917*(exp(X[n, d]) - 1))
    """,
    claims="""
        dX[n, d] = dY[n, d]*where(X[n, d] > 0, 1.0507009873554804934193349853,
                        Y[n, d] + 1.0507009873554804934193349853*1.6732632423543772848170429917)
    """,
    source="Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-Normalizing Neural Networks, NeurIPS",
    kinks="the slope at 0 is that of the negative side",
)

CELU = layer(
    "celu",
    "An ELU without a kink: its slope at 0 is 1 for every alpha.",
    tensors="X[N, D]  alpha > 0  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] > 0, X[n, d], alpha*(exp(X[n, d]/alpha) - 1))",
    claims="dX[n, d] = dY[n, d]*where(X[n, d] > 0, 1, exp(X[n, d]/alpha))",
    source="Barron (2017), Continuously Differentiable Exponential Linear Units, arXiv:1704.07483",
)

GELU = layer(
    "gelu",
    "Every entry times the probability that a standard normal number lies below it.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d]/2*(1 + erf(X[n, d]/sqrt(2)))",
    claims="""
        dX[n, d] = dY[n, d]*((1 + erf(X[n, d]/sqrt(2)))/2 + X[n, d]*exp(-X[n, d]**2/2)/sqrt(2*pi))    # Phi + x*phi
    """,
    source="Hendrycks and Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415",
)

GELU_TANH = layer(
    "gelu_tanh",
    "The GELU with tanh for the error function.",
    tensors="X[N, D]  U[N, D]  Y[N, D]",
    equations="""
        U[n, d] = tanh(sqrt(2/pi)*(X[n, d] + 0.044715*X[n, d]**3))
        Y[n, d] = X[n, d]/2*(1 + U[n, d])
    """,
    claims="""
        dX[n, d] = dY[n, d]/2*(1 + U[n, d] + X[n, d]*(1 - U[n, d]**2)*sqrt(2/pi)*(1 + 0.134145*X[n, d]**2))
    """,
    source="Hendrycks and Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415, section 2",
)

SILU = layer(
    "silu",
    "Every entry times its sigmoid; also called swish.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d]*sigmoid(X[n, d])",
    claims="""
        dX[n, d] = dY[n, d]*sigmoid(X[n, d])*(1 + X[n, d]*(1 - sigmoid(X[n, d])))
        dX[n, d] = dY[n, d]*(Y[n, d] + sigmoid(X[n, d])*(1 - Y[n, d]))
    """,
    source="Elfwing, Uchibe and Doya (2018), Sigmoid-Weighted Linear Units, Neural Networks 107; "
    "Ramachandran, Zoph and Le (2017), Searching for Activation Functions, arXiv:1710.05941",
)

MISH = layer(
    "mish",
    "Every entry times the tanh of its softplus.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d]*tanh(log(1 + exp(X[n, d])))",
    claims="""
        dX[n, d] = dY[n, d]*(tanh(log(1 + exp(X[n, d])))
                             + X[n, d]*sigmoid(X[n, d])*(1 - tanh(log(1 + exp(X[n, d])))**2))
    """,
    source="Misra (2020), Mish: A Self Regularized Non-Monotonic Activation Function, BMVC",
)
