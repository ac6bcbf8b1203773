"""What training makes small: every loss is one number, a mean over the batch."""

from derivations.notation import layer

SQUARED_ERROR = layer(
    "squared_error",
    "Half the squared distance from the target, averaged over the batch: Nielsen's quadratic cost.",
    tensors="Y[N, C]  T[N, C]  L",
    equations="L = sum[n, c]((Y[n, c] - T[n, c])**2)/(2*N)",
    claims="""
        dY[n, c] = dL*(Y[n, c] - T[n, c])/N
        dT[n, c] = dL*(T[n, c] - Y[n, c])/N
    """,
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 1, eq. 6",
)

CROSS_ENTROPY = layer(
    "cross_entropy",
    "Minus the logarithm of the probability that the true class was given, averaged over the batch.",
    tensors="P[N, C] > 0  T[N] in 0..C-1  L",
    equations="L = -mean[n](log(P[n, T[n]]))",
    claims="dP[n, c] = -dL*[c = T[n]]/(N*P[n, c])",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 80 (log-likelihood cost)",
)

SIGMOID_CROSS_ENTROPY = layer(
    "sigmoid_cross_entropy",
    "Every output is a yes or no of its own: cross-entropy of sigmoids, added over outputs, averaged over the batch.",
    tensors="Z[N, C]  T[N, C] in 0..1  A[N, C]  L",
    equations="""
        A[n, c] = sigmoid(Z[n, c])
        L = -sum[n, c](T[n, c]*log(A[n, c]) + (1 - T[n, c])*log(1 - A[n, c]))/N
    """,
    claims="dZ[n, c] = dL*(A[n, c] - T[n, c])/N    # delta = a - y",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 63",
)

SOFTMAX_CROSS_ENTROPY = layer(
    "softmax_cross_entropy",
    "Softmax, then minus the logarithm of the true class's probability, averaged over the batch.",
    tensors="Z[N, C]  T[N] in 0..C-1  P[N, C]  L",
    equations="""
        P[n, c] = exp(Z[n, c])/sum[k](exp(Z[n, k]))
        L = -mean[n](log(P[n, T[n]]))
    """,
    claims="dZ[n, c] = dL*(P[n, c] - [c = T[n]])/N    # delta = a - y",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 78 and 80",
)

NLL = layer(
    "nll",
    "Minus the logarithm of the probability of the true class, given logarithms, averaged over the batch.",
    tensors="Y[N, C]  T[N] in 0..C-1  L",
    equations="L = -mean[n](Y[n, T[n]])",
    claims="dY[n, c] = -dL*[c = T[n]]/N",
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.3",
)

SMOOTHED_SOFTMAX_CROSS_ENTROPY = layer(
    "smoothed_softmax_cross_entropy",
    "Softmax and cross-entropy with a target that leaves the share eps to all classes alike.",
    tensors="Z[N, C]  T[N] in 0..C-1  0 <= eps <= 1  P[N, C]  L",
    equations="""
        P[n, c] = exp(Z[n, c])/sum[k](exp(Z[n, k]))
        L = -sum[n, c](((1 - eps)*[c = T[n]] + eps/C)*log(P[n, c]))/N
    """,
    claims="dZ[n, c] = dL*(P[n, c] - (1 - eps)*[c = T[n]] - eps/C)/N",
    source="Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception Architecture, CVPR, section 7",
)

WEIGHTED_CROSS_ENTROPY = layer(
    "weighted_cross_entropy",
    "Softmax and cross-entropy in which every class has a weight of its own; the mean is weighted, too.",
    tensors="Z[N, C]  T[N] in 0..C-1  w[C] > 0  P[N, C]  S[N]  L",
    equations="""
        P[n, c] = exp(Z[n, c])/sum[k](exp(Z[n, k]))
        S[n] = -log(P[n, T[n]])
        L = sum[n](w[T[n]]*S[n])/sum[n](w[T[n]])
    """,
    claims="""
        dZ[n, c] = dL*w[T[n]]*(P[n, c] - [c = T[n]])/sum[m](w[T[m]])
        dw[c] = dL*sum[n]([c = T[n]]*(S[n] - L))/sum[m](w[T[m]])
    """,
    source="King and Zeng (2001), Logistic Regression in Rare Events Data, Political Analysis 9(2)",
)

BINARY_CROSS_ENTROPY = layer(
    "binary_cross_entropy",
    "Every output is the probability of a yes: minus the logarithm of what was given to the truth, averaged.",
    tensors="P[N, C] > 0  T[N, C] in 0..1  L",
    equations="L = -mean[n, c](T[n, c]*log(P[n, c]) + (1 - T[n, c])*log(1 - P[n, c]))",
    claims="dP[n, c] = dL*(P[n, c] - T[n, c])/(N*C*P[n, c]*(1 - P[n, c]))",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 57, averaged over all entries",
)

KL_DIVERGENCE = layer(
    "kl_divergence",
    "How much more surprise Q brings than P itself, when P is the truth; "
    "both are probabilities, and the mean is taken over the batch.",
    tensors="P[N, C] > 0  Q[N, C] > 0  L",
    equations="L = sum[n, c](P[n, c]*(log(P[n, c]) - log(Q[n, c])))/N",
    claims="""
        dP[n, c] = dL*(log(P[n, c]) - log(Q[n, c]) + 1)/N
        dQ[n, c] = -dL*P[n, c]/(N*Q[n, c])
    """,
    source="Kullback and Leibler (1951), On Information and Sufficiency, Ann. Math. Statist. 22(1)",
)

FOCAL = layer(
    "focal",
    "Binary cross-entropy of sigmoids in which what is right already counts less, the more so the larger gamma; "
    "no class has a weight.",
    tensors="Z[N, C]  T[N, C] in 0..1  gamma >= 0  P[N, C]  L",
    equations="""
        P[n, c] = where(T[n, c] == 1, sigmoid(Z[n, c]), 1 - sigmoid(Z[n, c]))
        L = -sum[n, c]((1 - P[n, c])**gamma*log(P[n, c]))/N
    """,
    claims="""
        dZ[n, c] = dL/N*where(T[n, c] == 1, 1, -1)*(1 - P[n, c])**gamma*(gamma*P[n, c]*log(P[n, c]) + P[n, c] - 1)
    """,
    source="Lin, Goyal, Girshick, He and Dollar (2017), Focal Loss for Dense Object Detection, ICCV, eq. 4 and app. B",
)
